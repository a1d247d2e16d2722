package pass

import (
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// groupedPattern is the pattern of a sparse tensor whose weights stand in cells
// of rows and columns; false for an element-wise, dense or empty one.
func groupedPattern(param *ir.Param, gates int) (sparse.Pattern, bool) {
	rows, cols := param.Shape[0], param.Shape[1]
	mask := sparse.MaskOf(&sparse.Matrix{Rows: rows, Cols: cols, Data: param.Data})
	var spans []sparse.Span
	for g := range gates {
		spans = append(spans, sparse.Span{From: g * rows / gates, To: (g + 1) * rows / gates})
	}
	if n := mask.Count(); n == 0 || n == rows*cols {
		return sparse.Pattern{}, false
	}
	p := sparse.Recognise(mask, spans...)[0]
	return p, p.Kind != sparse.KindElement
}

// cellSize is the number of neighbouring units of an axis that patterns bind
// together: fewer than so many cannot go without moving the cells of others. It
// is 1 for an axis that no matrix with such a pattern has.
func (a *axes) cellSize(x int) int {
	size := 1
	for _, param := range a.m.Params {
		if len(param.Shape) != 2 || param.Data == nil {
			continue
		}
		for _, u := range a.uses[param.Name] {
			rows, cols := a.touches(u.rows, x), a.touches(u.cols, x)
			if !rows && !cols {
				continue
			}
			p, ok := groupedPattern(param, u.gates)
			if ok && rows {
				size = lcm(size, p.R)
			}
			if ok && cols {
				size = lcm(size, p.C)
			}
		}
	}
	return size
}

func lcm(a, b int) int {
	g := a
	for r := b; r != 0; {
		g, r = r, g%r
	}
	return a / g * b
}
