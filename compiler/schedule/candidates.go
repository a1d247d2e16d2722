package schedule

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// candidates counts the work of every strategy up to a level that stores weights
// in a precision for a matrix and says which cannot be taken, or are not worth
// counting unless they are asked for.
func candidates(blocks []*sparse.Matrix, exact bool, level kernel.Level, weights sparse.Precision, forced string) []Candidate {
	extremes, fault := extremeWeights(blocks)
	var all []Candidate
	for _, s := range Strategies() {
		if s.Level() > level || s.Weights != weights {
			continue
		}
		c := Candidate{Strategy: s}
		switch {
		case s.Kernel != Dense && blocks[0].Cols > maxColumns:
			c.Excluded = fmt.Sprintf("%d columns, 16-bit indices reach %d", blocks[0].Cols, maxColumns)
		case weights != sparse.Float32 && exact:
			c.Excluded = fmt.Sprintf("%s weights are not exact, and exact weights are wanted", weights)
		case weights != sparse.Float32:
			c.Excluded = reducedFault(weights, blocks)
		case s.Kernel == Block && s.Wide && blocks[0].Cols < sparse.WideBlockCols:
			c.Excluded = fmt.Sprintf("%d columns, blocks have %d", blocks[0].Cols, sparse.WideBlockCols)
		case s.Kernel == Chunk && s.Index == sparse.Fixed:
			c.Work, c.Excluded = fixedChunkWork(blocks)
		case s.Kernel != Window && s.Kernel != Copies:
		case exact && !s.Exact():
			c.Excluded = "moves weights by up to " + rounding + ", and exact weights are wanted"
		case fault != "":
			c.Excluded = fault
		default:
			if err := s.holds(extremes); err != nil {
				c.Excluded = err.Error()
			} else if s.Kernel == Copies && forced != s.String() {
				c.Excluded = needless(blocks)
			}
		}
		if c.Work == (Work{}) && (c.Excluded == "" || s.Kernel == Window) {
			c.Work = work(s, blocks)
		}
		all = append(all, c)
	}
	return all
}

// fullWindows is the share of lanes in use from which on copies of the vector would
// hardly save a step, at a price in time to compile.
const fullWindows = 0.7

// needless is why copies are not worth a try; empty where they are.
func needless(blocks []*sparse.Matrix) string {
	nnz, steps := 0, 0
	for _, m := range blocks {
		n, _ := sparse.WindowSteps(m, sparse.NarrowWindow, sparse.Fixed)
		nnz, steps = nnz+m.NNZ(), steps+n
	}
	if steps == 0 {
		return "no weights"
	}
	if share := float64(nnz) / float64(windowLanes*steps); share >= fullWindows {
		return fmt.Sprintf("windows of one copy are full to %.0f %%", 100*share)
	}
	return ""
}

// extremeWeights is a matrix of the least and the largest weight, which alone
// decide whether all fit into window words; a fault is why they fit into none.
func extremeWeights(blocks []*sparse.Matrix) (extremes *sparse.Matrix, fault string) {
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
		return sparse.NewMatrix(1, 1), ""
	}
	if least < 0x1p-126 {
		return nil, fmt.Sprintf("weight %g is not a normal float32", least)
	}
	return &sparse.Matrix{Rows: 1, Cols: 2, Data: []float32{float32(least), float32(largest)}}, ""
}
