package pass

import (
	"fmt"

	"github.com/sparsec/sparsec/compiler/cluster"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// permutation is what the order of an axis' units decides about.
type permutation struct {
	size     int
	matrices []cluster.Matrix // that have the units and are sparse
	fixed    string           // why another order would break one; empty for no reason
}

// newPermutation lists the matrices of an axis in the order of the parameters.
func newPermutation(a *axes, x int) *permutation {
	p := &permutation{size: a.nodes[x].size}
	for _, param := range a.m.Params {
		uses := a.uses[param.Name]
		if len(uses) == 0 || uses[0].rows == nil || uses[0].cols == nil {
			continue
		}
		u := uses[0]
		if !a.touches(u.rows, x) && !a.touches(u.cols, x) {
			continue
		}
		m := a.matrix(x, param, u)
		if 2*m.NNZ() > param.Len() {
			continue // a dense matrix costs the same in every order
		}
		p.matrices = append(p.matrices, m)
		if pattern, ok := groupedPattern(param, u.gates); ok && p.fixed == "" {
			p.fixed = fmt.Sprintf("%q has the pattern %s", param.Name, pattern)
		}
	}
	return p
}

// matrix is a parameter as a reader of the units of an axis.
func (a *axes) matrix(x int, param *ir.Param, u use) cluster.Matrix {
	m := cluster.Matrix{
		Matrix: &sparse.Matrix{Rows: param.Shape[0], Cols: param.Shape[1], Data: param.Data},
		Gates:  u.gates,
		// Rows of a product are one segment: the node that owns them made the axis.
		Rows: a.touches(u.rows, x),
	}
	at := 0
	for _, s := range u.cols {
		if a.root(s.axis) == x {
			m.Cols = append(m.Cols, at)
		}
		at += s.size
	}
	return m
}

// skip says why the units should be left alone.
func (p *permutation) skip() string {
	if len(p.matrices) == 0 {
		return "no matrix that has them is sparse"
	}
	return p.fixed
}

// search finds an order within the budget of one of so many axes.
func (p *permutation) search(o PermuteOptions, axes int) cluster.Order {
	budget := o.Budget
	if budget == 0 {
		budget = defaultBudget
	}
	if axes > budgets {
		budget = budget / axes * budgets
	}
	return cluster.Units(p.size, p.matrices, cluster.Options{Objective: p.objective(o), Budget: max(budget, 1), Seed: o.Seed})
}

// chunksFrom is the number of weights from which an order by chunks is taken.
// Straight-line code of fewer runs faster in windows of 8 rows, in the order that
// suits those: 256×64 and 128×128 at 90 % by a tenth. 512×128 at 90 %, of 6,554
// weights, is faster in chunks, at 95 % as fast.
const chunksFrom = 4096

// objective is what is counted for the units.
func (p *permutation) objective(o PermuteOptions) cluster.Objective {
	weights := 0
	for _, m := range p.matrices {
		weights += m.NNZ()
	}
	if o.Objective == cluster.Overlapping32 && weights < chunksFrom {
		return cluster.Windows
	}
	return o.Objective
}

// steps is what is counted, in notes.
func (p *permutation) steps(o PermuteOptions) string {
	if p.objective(o) == cluster.Overlapping32 {
		return "chunk steps"
	}
	return "window steps"
}
