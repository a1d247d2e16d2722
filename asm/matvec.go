package asm

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// EmitMatVecs appends the matrix–vector kernels that the program's matrices
// need, each once, and one function for each matrix that is straight-line code.
func EmitMatVecs(f *File, p *kernel.Program) {
	done := map[string]bool{}
	for i := range p.Matrices {
		for _, part := range parts(p, i) {
			if !done[part.name] {
				done[part.name] = true
				part.emit(f)
			}
		}
	}
}

// MatVecCalls is how the assembly computes a matrix of the program, whose
// weights lie as the layout says: one call for each range of the matrix, or
// two where a range has a shorter panel at its end.
func MatVecCalls(p *kernel.Program, l kernel.Layout, matrix int) []kernel.Call {
	var calls []kernel.Call
	m := p.Matrices[matrix].Packed
	for _, part := range parts(p, matrix) {
		row, rows := 8*part.groups.From, 8*(part.groups.To-part.groups.From)
		call := kernel.Call{Func: part.name, Args: kernel.Vectors(row, rows, part.reads)}
		for i, s := range m.Sections()[:len(part.offsets)] {
			elem := kernel.SectionElem(s)
			call.Args = append(call.Args, kernel.Arg{
				Kind: kernel.WeightsArg,
				Off:  l.Matrices[matrix][i] + part.offsets[i]*elem.Size(),
				Elem: elem,
			})
		}
		for _, v := range part.ints {
			call.Args = append(call.Args, kernel.Arg{Kind: kernel.IntArg, Value: v})
		}
		calls = append(calls, call)
	}
	return calls
}

// part is a range of row groups of a matrix that one call covers.
type part struct {
	name    string
	groups  kernel.Range
	reads   int   // elements of src
	offsets []int // where the sections begin, in elements; as many as the kernel takes
	ints    []int // arguments behind the sections
	emit    func(*File)
}

// parts lists the calls of a matrix.
func parts(p *kernel.Program, matrix int) []part {
	var list []part
	m := &p.Matrices[matrix]
	for i, r := range m.Ranges {
		switch packed := m.Packed.(type) {
		case *sparse.Dense:
			list = append(list, denseParts(packed, r)...)
		case *sparse.Block:
			list = append(list, blockPart(packed, r))
		case *sparse.Window:
			if m.Strategy == kernel.Unrolled {
				list = append(list, unrolledPart(packed, r, fmt.Sprintf("M%dR%d", matrix, i)))
			} else {
				list = append(list, windowPart(packed, r))
			}
		default:
			panic(fmt.Sprintf("asm: no kernel for matrix %q of type %T", m.Name, m.Packed))
		}
	}
	return list
}

// denseParts are the full panels of the range and the shorter one behind them.
func denseParts(d *sparse.Dense, r kernel.Range) []part {
	full := kernel.Range{From: r.From, To: r.From + (r.To-r.From)/sparse.DensePanel*sparse.DensePanel}
	var list []part
	for _, cut := range []kernel.Range{full, {From: full.To, To: r.To}} {
		if cut.From == cut.To {
			continue
		}
		width := min(sparse.DensePanel, cut.To-cut.From)
		name := fmt.Sprintf("matvecF32Dense%dAVX2", 8*width)
		list = append(list, part{
			name: name, groups: cut, reads: d.Cols(),
			offsets: []int{8 * cut.From * d.Cols()},
			ints:    []int{d.Cols(), (cut.To - cut.From) / width},
			emit:    func(f *File) { emitDense(f, name, width) },
		})
	}
	return list
}

func blockPart(b *sparse.Block, r kernel.Range) part {
	from, to := b.BlockRows(r.From, r.To)
	name := fmt.Sprintf("matvecF32Block%dAVX2", b.Height())
	return part{
		name: name, groups: r, reads: b.Cols(),
		offsets: []int{b.Start(from) * b.Height(), b.Start(from), from},
		ints:    []int{to - from},
		emit:    func(f *File) { emitBlock(f, name, b.Height()) },
	}
}

func windowPart(w *sparse.Window, r kernel.Range) part {
	p := part{
		name: "matvecF32WindowAVX2", groups: r, reads: w.Cols() + kernel.WindowReach,
		offsets: []int{8 * w.Start(r.From), w.Start(r.From), r.From},
		ints:    []int{r.To - r.From},
	}
	if w.Form() == sparse.Exponent {
		p.name = "matvecF32WindowExactAVX2"
		p.ints = append(p.ints, int(math.Float32bits(w.Scale())))
	}
	p.emit = func(f *File) { emitWindow(f, p.name, w.Form()) }
	return p
}

func unrolledPart(w *sparse.Window, r kernel.Range, suffix string) part {
	name := fmt.Sprintf("matvecF32Unrolled%sAVX2", suffix)
	return part{
		name: name, groups: r, reads: w.Cols() + kernel.WindowReach,
		offsets: []int{8 * w.Start(r.From)},
		emit:    func(f *File) { emitUnrolled(f, name, w, r) },
	}
}
