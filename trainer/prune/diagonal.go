package prune

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// certain is a score that no threshold and no budget leaves out.
var certain = float32(math.Inf(1))

// withDiagonal is a copy of scores in which the diagonal of each span is kept for
// certain: in a pattern, the units that hold it.
func withDiagonal(scores *sparse.Matrix, spans []sparse.Span) *sparse.Matrix {
	m := &sparse.Matrix{Rows: scores.Rows, Cols: scores.Cols, Data: slices.Clone(scores.Data)}
	for _, s := range spans {
		for i := range min(s.Len(), m.Cols) {
			m.Data[(s.From+i)*m.Cols+i] = certain
		}
	}
	return m
}

// holdsDiagonal is an error if a density leaves no room for the units of the
// diagonal.
func (p *part) holdsDiagonal(q *Param) error {
	if !p.diagonal || !p.schedule.WantsDensity() || checkDensity(p.density) != nil {
		return nil
	}
	units, err := p.units(&sparse.Matrix{Rows: q.Rows, Cols: q.Cols, Data: make([]float32, q.Rows*q.Cols)})
	if err != nil {
		return err
	}
	wanted := units.Above(func(int) float64 { return 1 })
	if missing := wanted.AndNot(units.Best(p.density)).Count(); missing > 0 {
		return fmt.Errorf("density %v has no room for the diagonal, which takes %v in pattern %v", p.density, float64(wanted.Count())/float64(units.Weights()), p.pattern)
	}
	return nil
}
