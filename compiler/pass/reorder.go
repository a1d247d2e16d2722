package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// order gives, for a dimension of gates blocks over segs, the old index of
// every new one when axis x gets the units idx.
func (a *axes) order(segs []segment, gates, x int, idx []int) []int {
	var order []int
	at := 0
	for range gates {
		for _, s := range segs {
			if a.root(s.axis) == x {
				for _, k := range idx {
					order = append(order, at+k)
				}
			} else {
				for k := range s.size {
					order = append(order, at+k)
				}
			}
			at += s.size
		}
	}
	return order
}

// reorder returns the model with axis x made of its units idx, in that order.
func (a *axes) reorder(x int, idx []int, r *Report) *ir.Model {
	out := a.m.Clone()
	for i, p := range out.Params {
		if us := a.uses[p.Name]; len(us) > 0 {
			out.Params[i] = a.reorderParam(p, us[0], x, idx)
		}
	}
	for i := range out.States {
		s := &out.States[i]
		if a.root(a.state[s.Name]) == x {
			s.Size = len(idx)
			r.reorder(s.Name, idx)
		}
	}
	for i, n := range out.Nodes {
		if op, ok := n.Op.(ir.Pick); ok && a.picks[n.Name] != nil && a.touches(a.value[n.Inputs[0]], x) {
			op.Spans = a.spans(n, x, len(idx))
			out.Nodes[i].Op = op
		}
	}
	return out
}

// spans are those of a Pick of whole segments when axis x gets so many units.
func (a *axes) spans(n ir.Node, x, units int) ir.Spans {
	segs := a.value[n.Inputs[0]]
	from := make([]int, len(segs)+1)
	for i, s := range segs {
		size := s.size
		if a.root(s.axis) == x {
			size = units
		}
		from[i+1] = from[i] + size
	}
	var elements []int
	for _, r := range a.picks[n.Name] {
		if r.segment < 0 {
			elements = append(elements, slices.Repeat([]int{-1}, r.zeros)...)
			continue
		}
		for k := from[r.segment]; k < from[r.segment+1]; k++ {
			elements = append(elements, k)
		}
	}
	return ir.SpansOf(elements)
}

func (a *axes) reorderParam(p *ir.Param, u use, x int, idx []int) *ir.Param {
	inRows, inCols := a.touches(u.rows, x), a.touches(u.cols, x)
	if !inRows && !inCols {
		return p
	}
	width := 1
	if len(p.Shape) == 2 {
		width = p.Shape[1]
	}
	rows, cols := identity(p.Shape[0]), identity(width)
	if inRows {
		rows = a.order(u.rows, u.gates, x, idx)
	}
	if inCols {
		cols = a.order(u.cols, 1, x, idx)
	}
	q := &ir.Param{Name: p.Name, Shape: []int{len(rows)}, Data: make([]float32, 0, len(rows)*len(cols))}
	if len(p.Shape) == 2 {
		q.Shape = append(q.Shape, len(cols))
	}
	for _, row := range rows {
		for _, c := range cols {
			q.Data = append(q.Data, p.Data[row*width+c])
		}
	}
	return q
}
