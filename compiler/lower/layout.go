package lower

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// rows is how a value lies that is not one element after the other: n rows of width
// elements, which begin step elements apart. There are gaps between them, or they
// overlap.
type rows struct{ n, width, step int }

// extent is the number of elements from the first row to the end of the last.
func (r rows) extent() int { return (r.n-1)*r.step + r.width }

// at is the place of an element.
func (r rows) at(element int) int {
	if r.n == 0 {
		return element
	}
	return element/r.width*r.step + element%r.width
}

// value is where a value lies, one element after the other at a multiple of
// kernel.Lanes: where it does not yet, it is copied.
func (l *lowerer) value(name string) kernel.Ref {
	r, ok := l.rows[name]
	if !ok {
		return l.values[name]
	}
	elements := make([]int, l.types[name].Len())
	for i := range elements {
		elements[i] = r.at(i)
	}
	flat := ref(l.buffer(name+".flat", len(elements)))
	l.before(name, kernel.Pick{Dst: flat, Src: l.values[name], Moves: kernel.Moves(elements)})
	delete(l.rows, name)
	l.values[name] = flat
	return flat
}

// before appends a layer of one instruction that moves a value, before that of the
// node being lowered, which may be left out in some frames.
func (l *lowerer) before(value string, in kernel.Instr) {
	taken := l.layerNames()
	for _, n := range l.m.Nodes {
		taken[n.Name] = true
	}
	l.p.Layers = append(l.p.Layers, kernel.Layer{Name: l.unique(taken, value+".moved"),
		Doc: "moves the elements of " + value, Instrs: []kernel.Instr{in}})
}

// vectors is where as many vectors of one value lie, and how far apart, for
// products: at any place of a buffer.
func (l *lowerer) vectors(name string, n int) (kernel.Ref, int) {
	width := l.types[name].Len() / n
	r, ok := l.rows[name]
	if !ok || r.n != n {
		r = rows{n, width, width}
		l.value(name)
	}
	at := l.values[name]
	if at.Space == kernel.Con {
		buf := ref(l.buffer(name+".copy", r.extent()))
		l.before(name, kernel.Copy{Dst: buf, Src: at, Size: r.extent()})
		l.values[name], at = buf, buf
	}
	// Kernels read behind the last vector.
	b := &l.p.Buffers[at.ID]
	if n := at.Off + r.extent() - width + kernel.Pad(width); n > kernel.Pad(b.Len) {
		b.Len = n
	}
	return at, r.step
}

// sameRows is how all values lie, if they lie alike in rows with gaps.
func (l *lowerer) sameRows(names []string) (rows, bool) {
	first, ok := l.rows[names[0]]
	for _, name := range names {
		r, other := l.rows[name]
		ok = ok && other && r == first
	}
	return first, ok
}

// readAsVectors is the number of vectors that all readers of a value multiply; 0
// where they differ, or do something else with it.
func (l *lowerer) readAsVectors(name string) int {
	if slices.Contains(l.m.Outputs, name) {
		return 0
	}
	n := 0
	for _, node := range l.m.Nodes {
		for i, in := range node.Inputs {
			if in != name {
				continue
			}
			reads := vectorsRead(node.Op, i)
			if reads == 0 || n > 0 && reads != n {
				return 0
			}
			n = reads
		}
	}
	return n
}

// vectorsRead is the number of vectors that an op multiplies of an input, 0 for
// none.
func vectorsRead(op ir.Op, input int) int {
	switch op := op.(type) {
	case ir.Linear:
		return max(1, op.Rows)
	case ir.RNN, ir.GRU, ir.LSTM:
		if input == 0 {
			return 1
		}
	}
	return 0
}
