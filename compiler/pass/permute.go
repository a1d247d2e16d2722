package pass

import (
	"slices"

	"github.com/sparsec/sparsec/compiler/cluster"
	"github.com/sparsec/sparsec/ir"
)

// PermuteOptions bound the search for a better order of units.
type PermuteOptions struct {
	Disable bool
	// Objective is what is to take few steps: windows, or the overlapping chunks
	// that a package for AVX-512 alone computes in where matrices are not small.
	Objective cluster.Objective
	// Budget is the work that the search may do for each axis, as in
	// [cluster.Options]; 0 stands for 400 million. Models of more than eight axes
	// share eight budgets among all.
	Budget int
	// Seed begins the random numbers of the search.
	Seed uint64
}

const (
	defaultBudget = 400e6
	budgets       = 8 // that all axes share
)

// keepFrom is the share of steps that a new order has to save to be taken.
const keepFrom = 0.01

// permuteStates reorders the units of recurrent and inner Linear nodes so that
// the groups of 8 rows that a window kernel computes together find their
// weights in the same windows, or those of 16 rows in the same chunks. Rows of
// every gate and columns of every reader are reordered together, which changes
// nothing but the order of sums. Left alone are units that an input or output
// sees, matrices of a pattern with rows or columns in groups, and dense ones.
//
// The search, [cluster.Units], counts the steps of all matrices that have the
// units as rows or columns.
func permuteStates(o PermuteOptions) func(*ir.Model, *Report) (*ir.Model, error) {
	return func(m *ir.Model, r *Report) (*ir.Model, error) {
		return permute(m, o, r, func(int, []int) {}), nil
	}
}

// Permute reorders the units of a sound model as the pass permute-states does,
// and those of a twin, a model of the same graph with other weights, in the same
// way. In the result the groups of rows are those of the compiled package, unless
// the pass finds an order of still fewer steps.
func Permute(m, twin *ir.Model, o PermuteOptions) (*ir.Model, *ir.Model) {
	m = permute(m, o, &Report{}, func(x int, order []int) {
		twin = analyse(twin).reorder(x, order, &Report{})
	})
	return m, twin
}

// permute reorders the units of one axis after the other and tells each order
// that it takes.
func permute(m *ir.Model, o PermuteOptions, r *Report, taken func(axis int, order []int)) *ir.Model {
	if o.Disable {
		return m
	}
	a := analyse(m)
	free := a.reorderable()
	for _, x := range free {
		p := newPermutation(a, x)
		if reason := p.skip(); reason != "" {
			r.note("units of %q stay: %s", a.nodes[x].name, reason)
			continue
		}
		found := p.search(o, len(free))
		if float64(found.After) > float64(found.Before)*(1-keepFrom) {
			r.note("units of %q stay: no order saves %g %% of %d %s", a.nodes[x].name, 100*keepFrom, found.Before, p.steps(o))
			continue
		}
		r.note("%d units of %q reordered: %d %s, %d before", p.size, a.nodes[x].name, found.After, p.steps(o), found.Before)
		m = a.reorder(x, found.Units, r)
		taken(x, found.Units)
		a = analyse(m) // the order of one axis moves the columns of others
	}
	return m
}

// reorderable lists the axes whose units can be put in another order.
func (a *axes) reorderable() []int {
	return slices.DeleteFunc(a.roots(), func(x int) bool { return a.nodes[x].pinned || a.nodes[x].size < 2 })
}
