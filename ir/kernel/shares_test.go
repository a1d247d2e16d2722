package kernel

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// chain is a program of products y_i = b + W_i·x, y of rows, x of cols elements;
// the instructions are given by the matrices' numbers.
func chain(matrices []sparse.Packed, instrs ...Instr) *Program {
	rows, cols := matrices[0].Rows(), matrices[0].Cols()
	p := &Program{Name: "chain"}
	for i, m := range matrices {
		rows, cols = max(rows, m.Rows()), max(cols, m.Cols())
		p.Matrices = append(p.Matrices, Matrix{Name: fmt.Sprint("w", i), Rows: m.Rows(), Cols: m.Cols(), NNZ: m.NNZ(),
			Form: Form{Packed: m, Ranges: RangesFor(m.(divisible), 0)}})
	}
	p.Buffers = []Buffer{{"x", max(rows, cols)}, {"y", max(rows, cols)}, {"z", max(rows, cols)}}
	p.Inputs = []Port{{Name: "x", Buf: 0, Size: max(rows, cols)}}
	p.States = []State{{Name: "y", Buf: 1, Size: rows, Init: -1}, {Name: "z", Buf: 2, Size: rows, Init: -1}}
	p.Outputs = []Port{{Name: "y", Buf: 1, Size: rows}}
	p.Consts = []Const{{Name: "b", Rows: 1, Cols: rows, Data: make([]float32, Pad(rows))}}
	p.Layers = []Layer{{Name: "l", Instrs: instrs}}
	return p
}

// TestShare wants every form cut in nearly equal shares, at all numbers of
// workers, and the program sound.
func TestShare(t *testing.T) {
	for _, packed := range sample(t) {
		for workers := 2; workers <= 5; workers++ {
			p := chain([]sparse.Packed{packed}, MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{ID: 0}})
			if n := p.Share(workers, math.Inf(-1)); n != 1 {
				t.Fatalf("%T: %d phases", packed, n)
			}
			if err := p.Verify(); err != nil {
				t.Errorf("%T for %d workers: %v", packed, workers, err)
			}
			d := packed.(divisible)
			most, groups := 0, packed.Rows()/8
			for i := range groups {
				most = max(most, d.Bytes(i, i+1))
			}
			for _, s := range p.Layers[0].Phases[0].Shares {
				if got, limit := d.Bytes(s.From, s.To), d.Bytes(0, groups)/workers+d.Granule()*most; got > limit {
					t.Errorf("%T: share %v of %d workers has %d bytes, want at most %d", packed, s, workers, got, limit)
				}
			}
		}
	}
}

func product(dst, init, src Ref, matrix int) MatVec {
	return MatVec{Dst: dst, Init: init, Src: src, Matrix: matrix}
}

// TestPhases wants products in one phase just where no share waits for another.
func TestPhases(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	square := func(n int) sparse.Packed {
		m := sparse.NewMatrix(n, n)
		for i := range m.Data {
			m.Data[i] = rng.Float32()
		}
		return sparse.PackDense(m)
	}
	x, y, z, b := Ref{ID: 0}, Ref{ID: 1}, Ref{ID: 2}, Ref{Space: Con}
	same, other := []sparse.Packed{square(128), square(128)}, []sparse.Packed{square(128), square(64)}
	for name, row := range map[string]struct {
		matrices []sparse.Packed
		instrs   []Instr
		want     []int // products of each phase
	}{
		"apart":          {same, []Instr{product(y, b, x, 0), product(z, b, x, 1)}, []int{2}},
		"sum":            {same, []Instr{product(y, b, x, 0), product(y, y, z, 1)}, []int{2}},
		"source":         {same, []Instr{product(y, b, x, 0), product(z, b, y, 1)}, []int{1, 1}},
		"overwritten":    {same, []Instr{product(y, b, z, 0), product(z, b, x, 1)}, []int{1, 1}},
		"rows":           {other, []Instr{product(y, b, x, 0), product(z, b, x, 1)}, []int{1, 1}},
		"in between":     {same, []Instr{product(y, b, x, 0), Activate{Dst: y, Src: y, Size: 128}, product(z, b, x, 1)}, []int{1, 1}},
		"the same twice": {same, []Instr{product(y, b, x, 0), product(z, b, y, 0), product(z, z, y, 1)}, []int{1, 2}},
	} {
		p := chain(row.matrices, row.instrs...)
		p.Share(2, math.Inf(-1))
		var got []int
		for _, phase := range p.Layers[0].Phases {
			got = append(got, phase.To-phase.From)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: phases of %v products, want %v", name, got, row.want)
		}
		if err := p.Verify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := chain(row.matrices, row.instrs...).Share(2, MinGain); n != 0 {
			t.Errorf("%s: %d phases of matrices of 64 kB, want none", name, n)
		}
	}
	large := chain([]sparse.Packed{square(1024)}, product(y, b, x, 0))
	if n := large.Share(2, MinGain); n != 1 {
		t.Errorf("%d phases of a matrix of 4 MB, want 1", n)
	}
	if s := large.String(); !strings.Contains(s, "shared 1, groups 0–64 64–128") {
		t.Errorf("program:\n%s", s)
	}
}

// TestVerifyPhases spoils what Share made.
func TestVerifyPhases(t *testing.T) {
	for want, spoil := range map[string]func(l *Layer, m *Matrix){
		"instructions 1 to 2 are shared behind 0 of 1": func(l *Layer, m *Matrix) { l.Phases[0].From, l.Phases[0].To = 1, 2 },
		"does not continue at group 0":                 func(l *Layer, m *Matrix) { l.Phases[0].Shares = l.Phases[0].Shares[1:] },
		"shares end at group":                          func(l *Layer, m *Matrix) { l.Phases[0].Shares = l.Phases[0].Shares[:1] },
		"lies in no share":                             func(l *Layer, m *Matrix) { m.Ranges = []Range{{0, m.Packed.Rows() / 8}} },
		"want products that do not read": func(l *Layer, m *Matrix) {
			l.Instrs[0] = Activate{Dst: Ref{ID: 1}, Src: Ref{ID: 2}, Size: 8}
			l.Instrs = append(l.Instrs, MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{ID: 0}})
		},
	} {
		p := chain(sample(t)[:1], MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{ID: 0}})
		p.Share(2, math.Inf(-1))
		spoil(&p.Layers[0], &p.Matrices[0])
		if err := p.Verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestPortableShare wants the sections of the shares to be those of the whole, one
// after the other, and vectors as far as the rows go.
func TestPortableShare(t *testing.T) {
	for _, packed := range sample(t) {
		p := chain([]sparse.Packed{packed}, MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{ID: 0}})
		p.Share(3, math.Inf(-1))
		l := p.Layout()
		whole := PortableCalls(p, l, 0)
		end := map[[2]int]int{}
		for _, s := range p.Layers[0].Phases[0].Shares {
			calls, ok := PortableShare(p, l, 0, s)
			_, chunk := packed.(*sparse.Chunk)
			_, straight := packed.(*sparse.Straight)
			if ok == (chunk || straight) {
				t.Fatalf("%T: shared %v", packed, ok)
			}
			if !ok {
				break
			}
			for k, i := range arguments(calls) {
				a, w := calls[k].Args[i], whole[k].Args[i]
				tiles := calls[k].Func == "matvecWindowCopies" && i == len(calls[k].Args)-1
				switch {
				case tiles && a == w:
					continue
				case a.Kind == DstArg && (a.Off != 8*s.From || a.Len != 8*(s.To-s.From)), a.Kind == SrcArg && a != w, a.Kind == IntArg && a != w:
					t.Errorf("%T, groups %v: argument %d is %+v", packed, s, i, a)
				case a.Kind == WeightsArg && a.Off != w.Off+end[[2]int{k, i}]*a.Elem.Size():
					t.Errorf("%T, groups %v: section of argument %d begins at %d", packed, s, i, a.Off)
				}
				if a.Kind == WeightsArg {
					end[[2]int{k, i}] += a.Len
				}
			}
		}
		for at, n := range end {
			if w := whole[at[0]].Args[at[1]]; n > w.Len {
				t.Errorf("%T: %d elements of argument %d of call %d, the whole has %d", packed, n, at[1], at[0], w.Len)
			}
		}
	}
}

// arguments are all arguments of all calls.
func arguments(calls []Call) iter.Seq2[int, int] {
	return func(yield func(call, argument int) bool) {
		for k, c := range calls {
			for i := range c.Args {
				if !yield(k, i) {
					return
				}
			}
		}
	}
}
