package pass

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// PermuteOptions bound the search for a better order of units.
type PermuteOptions struct {
	Disable bool
	// Budget is the number of weights that the search may look at for each
	// axis, about 100 million a second; 0 stands for 80 million. Models of more
	// than eight axes share eight budgets among all.
	Budget int
	// Seed begins the random numbers of the search.
	Seed uint64
}

const (
	defaultBudget = 80e6
	budgets       = 8 // that all axes share
)

// keepFrom is the share of steps that a new order has to save to be taken.
const keepFrom = 0.01

// permuteStates reorders the units of recurrent and inner Linear nodes so that
// the groups of 8 rows that a window kernel computes together find their
// weights in the same windows. Rows of every gate and columns of every reader
// are reordered together, which changes nothing but the order of sums. Left
// alone are units that an input or output sees, matrices of a pattern with rows
// or columns in groups, and dense ones.
//
// The search sorts rows by their number of weights, then climbs: it swaps two
// units and keeps the swap if the exact number of window steps of all matrices
// that have the units as rows or columns is not larger.
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
		before := p.total
		p.search(o, len(free))
		if float64(p.total) > float64(before)*(1-keepFrom) {
			r.note("units of %q stay: no order saves %g %% of %d window steps", a.nodes[x].name, 100*keepFrom, before)
			continue
		}
		r.note("%d units of %q reordered: %d window steps, %d before", a.nodes[x].size, a.nodes[x].name, p.total, before)
		m = a.reorder(x, p.order, r)
		taken(x, p.order)
		a = analyse(m) // the order of one axis moves the columns of others
	}
	return m
}

// reorderable lists the axes whose units can be put in another order.
func (a *axes) reorderable() []int {
	return slices.DeleteFunc(a.roots(), func(x int) bool { return a.nodes[x].pinned || a.nodes[x].size < 2 })
}

// search replaces the order by the best it finds within the budget of one of so
// many axes.
func (p *permutation) search(o PermuteOptions, axes int) {
	budget := o.Budget
	if budget == 0 {
		budget = defaultBudget
	}
	if axes > budgets {
		budget = budget / axes * budgets
	}
	p.sort()
	p.climb(budget, rand.New(rand.NewPCG(o.Seed, 0x5eed)))
}

// sort tries the orders by number of weights: rows, columns, both; most first.
func (p *permutation) sort() {
	rows, cols := p.counts()
	both := make([]int, p.size)
	for u := range both {
		both[u] = rows[u] + cols[u]
	}
	best, order := p.total, slices.Clone(p.order)
	for _, key := range [][]int{rows, both, cols} {
		sorted := identity(p.size)
		slices.SortStableFunc(sorted, func(a, b int) int { return key[b] - key[a] })
		p.set(sorted)
		if p.total < best {
			best, order = p.total, sorted
		}
	}
	p.set(order)
}

// climb swaps random pairs of units of different groups. Its cost is counted in
// weights looked at, so that the same model takes the same time and ends with
// the same order on every machine.
func (p *permutation) climb(budget int, rng *rand.Rand) {
	groups := (p.size + lanes - 1) / lanes
	if groups < 2 {
		return
	}
	p.spent = 0
	for p.spent < budget {
		i, j := rng.IntN(p.size), rng.IntN(p.size)
		p.spent++ // a pair of one group costs little, but not nothing
		if i/lanes != j/lanes {
			p.trySwap(i, j)
		}
	}
}

// skip says why the units should be left alone.
func (p *permutation) skip() string {
	if len(p.matrices) == 0 {
		return "no matrix that has them is sparse"
	}
	for _, m := range p.matrices {
		if m.pattern != "" {
			return fmt.Sprintf("%q has the pattern %s", m.name, m.pattern)
		}
	}
	return ""
}
