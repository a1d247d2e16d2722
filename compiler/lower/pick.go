package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// pick is a slice of the buffer of its input where that will do, or moves elements.
// Several vectors of a product may overlap and begin anywhere: of windows no more
// than their union is moved. One vector is moved to where cache lines begin.
func (l *lowerer) pick(n ir.Node, op ir.Pick) error {
	input := n.Inputs[0]
	src, from := l.values[input], l.rows[input]
	elements := op.Spans.Elements()
	for i, e := range elements {
		if e >= 0 {
			elements[i] = from.at(e)
		}
	}
	l.layer.Doc = fmt.Sprintf("%s, %d elements", op.Kind(), len(elements))
	_, part := l.parts[n.Name]
	switch vectors := l.readAsVectors(n.Name); {
	case part:
	case contiguous(elements) && (src.Off+elements[0])%kernel.Lanes == 0:
		l.values[n.Name] = behind(src, elements[0])
		return nil
	case vectors > 1:
		l.windows(n, src, elements, vectors)
		return nil
	}
	l.emit(kernel.Pick{Dst: l.result(n), Src: src, Moves: kernel.Moves(elements)})
	return nil
}

// windows makes the vectors of products that a Pick of elements of src is.
func (l *lowerer) windows(n ir.Node, src kernel.Ref, elements []int, vectors int) {
	width := len(elements) / vectors
	if step, ok := progression(elements, width); ok && src.Space == kernel.Buf {
		l.values[n.Name], l.rows[n.Name] = behind(src, elements[0]), rows{vectors, width, step}
		return
	}
	r := rows{vectors, width, overlap(elements, width)}
	union := make([]int, r.extent())
	for i, e := range elements {
		union[r.at(i)] = e
	}
	at := ref(l.buffer(n.Name, len(union)))
	l.emit(kernel.Pick{Dst: at, Src: src, Moves: kernel.Moves(union)})
	l.values[n.Name], l.rows[n.Name] = at, r
}

// behind is a place further on.
func behind(r kernel.Ref, elements int) kernel.Ref {
	r.Off += elements
	return r
}

// contiguous reports whether elements lie one after the other.
func contiguous(elements []int) bool {
	for i, e := range elements {
		if e != elements[0]+i {
			return false
		}
	}
	return elements[0] >= 0
}

// progression is how far apart runs of width elements begin, if each lies one
// element after the other and all are equally far apart.
func progression(elements []int, width int) (step int, ok bool) {
	step = width
	if len(elements) > width {
		step = elements[width] - elements[0]
	}
	for i := 0; i < len(elements); i += width {
		if !contiguous(elements[i:i+width]) || elements[i] != elements[0]+i/width*step {
			return 0, false
		}
	}
	return step, step > 0
}

// overlap is the least number of elements that lies between the first of a run of
// width and that of the next, where what is behind that is the same in both.
func overlap(elements []int, width int) int {
	for step := 1; step < width; step++ {
		same := true
		for i := width; same && i < len(elements); i++ {
			if j := i%width + step; j < width {
				same = elements[i] == elements[i/width*width-width+j]
			}
		}
		if same {
			return step
		}
	}
	return width
}
