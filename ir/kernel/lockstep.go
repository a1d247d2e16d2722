package kernel

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// MaxBatch is the largest Batch of a program.
const MaxBatch = sparse.MaxStreamLanes

// Streams is the number of streams that a step of the program moves, as its
// buffers have room for them: 1, or Batch.
func (p *Program) Streams() int { return max(1, p.Batch) }

// Biased reports whether the sums of a product begin with a constant: in a
// program of several streams that is one element a row for all of them.
func (m MatVec) Biased() bool { return m.Init.Space == Con }

// LockstepArgs are the arguments that all kernels of a packed matrix's part
// share which multiply the vectors of several streams in lockstep. Rows and
// columns are those of the part; begun says that a part before left its sums in
// dst.
func LockstepArgs(in MatVec, streams, row, rows, column, cols int, begun bool) []Arg {
	dst := Arg{Kind: DstArg, Off: row * streams, Len: rows * streams}
	init := dst
	if !begun {
		init.Kind = InitArg
		if in.Biased() {
			init.Off, init.Len = row, rows
		}
	}
	return []Arg{dst, init, {Kind: SrcArg, Off: column * streams, Len: (cols - column) * streams}}
}

// StreamSections are the sections of a tile as arguments, for sections at the
// places given.
func StreamSections(s *sparse.Stream, t sparse.StreamTile, at []int) []Arg {
	from, count := []int{t.Weights, t.Weights, t.IDs, t.Runs}, []int{t.Count, t.Count, t.IDCount, t.Words}
	var args []Arg
	for i, section := range s.Sections() {
		elem := SectionElem(section)
		args = append(args, Arg{Kind: WeightsArg, Off: at[i] + from[i]*elem.Size(), Len: count[i], Elem: elem})
	}
	return args
}

// PortableLockstepCalls is how the portable kernels compute a product of a
// program of several streams, whose weights lie as the layout says.
func PortableLockstepCalls(p *Program, l Layout, in MatVec) []Call {
	m := &p.Matrices[in.Matrix]
	at := l.Matrices[in.Matrix]
	initStride := func(begun bool) int {
		if in.Biased() && !begun {
			return 1
		}
		return p.Batch
	}
	var calls []Call
	switch packed := m.Packed.(type) {
	case *sparse.Stream:
		for _, t := range packed.Tiles(0, packed.Rows()/8) {
			begun := t.Column > 0
			args := append(LockstepArgs(in, p.Batch, t.Row, t.Rows, t.Column, m.Cols, begun), StreamSections(packed, t, at)...)
			args = append(args, Arg{Kind: IntArg, Value: p.Batch}, Arg{Kind: IntArg, Value: initStride(begun)})
			calls = append(calls, Call{Func: "lockstepStream", Args: args})
		}
	case sparse.DenseLockstep:
		args := append(LockstepArgs(in, p.Batch, 0, packed.Rows(), 0, m.Cols, false),
			Arg{Kind: WeightsArg, Off: at[0], Len: packed.Rows() * m.Cols},
			Arg{Kind: IntArg, Value: m.Cols}, Arg{Kind: IntArg, Value: p.Batch}, Arg{Kind: IntArg, Value: initStride(false)})
		calls = append(calls, Call{Func: "lockstepDense", Args: args})
	default:
		panic(fmt.Sprintf("kernel.PortableLockstepCalls: no portable kernel for %T", packed))
	}
	return calls
}

// LockstepLayout places what a program of several streams reads besides the
// weights of the program of one stream that it was made from, behind those of
// that: constants and dense matrices are shared.
func LockstepLayout(one *Program, l Layout, p *Program) Layout {
	b := Layout{Consts: l.Consts, Matrices: make([][]int, len(p.Matrices)), Size: l.Size}
	for i, m := range p.Matrices {
		if d, ok := m.Packed.(sparse.DenseLockstep); ok && sparse.Packed(d.Dense) == one.Matrices[i].Packed {
			b.Matrices[i] = l.Matrices[i]
			continue
		}
		for _, s := range m.Packed.Sections() {
			b.Matrices[i] = append(b.Matrices[i], b.place(len(s.Data)))
		}
	}
	b.end()
	return b
}

// OwnMatrices are the matrices of a program of several streams that lie behind
// the weights of one stream.
func (l Layout) OwnMatrices(one Layout) []int {
	var own []int
	for i, at := range l.Matrices {
		if at[0] >= one.Size {
			own = append(own, i)
		}
	}
	return own
}

// LockstepImage is the content of weights.bin for both programs, from that for
// one stream.
func LockstepImage(image []byte, one, l Layout, p *Program) []byte {
	image = append(image, make([]byte, l.Size-len(image))...)
	for _, i := range l.OwnMatrices(one) {
		for j, s := range p.Matrices[i].Packed.Sections() {
			copy(image[l.Matrices[i][j]:], s.Data)
		}
	}
	return image
}
