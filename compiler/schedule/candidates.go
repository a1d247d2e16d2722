package schedule

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// candidates counts the work of every strategy for a matrix and says which
// cannot be taken.
func candidates(blocks []*sparse.Matrix, exact bool) []Candidate {
	exponent := wordFault(blocks, sparse.Exponent)
	var all []Candidate
	for _, s := range Strategies() {
		c := Candidate{Strategy: s}
		switch {
		case s.Kernel != Dense && blocks[0].Cols > maxColumns:
			c.Excluded = fmt.Sprintf("%d columns, 16-bit indices reach %d", blocks[0].Cols, maxColumns)
		case s.Kernel == Dense || s.Kernel == Block:
		case s.Exact():
			c.Excluded = exponent
		case exact:
			c.Excluded = "moves weights by up to 2^-21, and exact weights are wanted"
		default:
			c.Excluded = wordFault(blocks, sparse.Mantissa)
		}
		if c.Excluded == "" || s.Kernel == Window {
			c.Work = work(s, blocks)
		}
		all = append(all, c)
	}
	return all
}

// wordFault says why the weights do not fit into window words of a form; empty
// when they do. Only the least and the largest weight decide.
func wordFault(blocks []*sparse.Matrix, form sparse.IndexForm) string {
	least, largest := math.Inf(1), 0.0
	for _, m := range blocks {
		for _, w := range m.Data {
			if w != 0 {
				a := math.Abs(float64(w))
				least, largest = min(least, a), max(largest, a)
			}
		}
	}
	if largest == 0 {
		return ""
	}
	if least < 0x1p-126 {
		return fmt.Sprintf("weight %g is not a normal float32", least)
	}
	extremes := &sparse.Matrix{Rows: 1, Cols: 2, Data: []float32{float32(least), float32(largest)}}
	if _, err := sparse.PackWindow(extremes, form); err != nil {
		return err.Error()
	}
	return ""
}
