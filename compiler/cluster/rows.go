package cluster

import (
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Options bound a search, by work and not by time, so that its outcome is the same
// on every machine.
type Options struct {
	Objective Objective
	// Budget is the work to do, in weights looked at; 0 stands for 800 million.
	Budget int
	// Seed begins the random numbers of the search.
	Seed uint64
}

const defaultBudget = 800_000_000

func (o Options) budget() int {
	if o.Budget == 0 {
		return defaultBudget
	}
	return o.Budget
}

// Prices, in the unit of Options.Budget, of what cannot be counted in words.
const (
	pairCost   = 16 // drawing a pair and fetching its rows
	windowCost = 8  // a step of a window
	halfCost   = 4  // a half of an overlapping chunk, whatever its steps
	holderCost = 4  // moving a weight from one half to another
)

// Rows finds an order of the rows of a matrix: row order[i] goes to place i.
// Groups begin at every 8th or, for chunks of 32, 16th place. For overlapping
// chunks it climbs by those side by side, which never take fewer steps. It never
// takes more steps than the order as it is.
func Rows(m *sparse.Matrix, o Options) []int {
	s := search{m: m, order: places(byCount(m)), rng: rand.New(rand.NewPCG(o.Seed, 0x5eed))}
	before := identity(m.Rows)
	s.run(o.Objective, o.budget())
	order := s.rows()
	if Steps(m, order, o.Objective) > Steps(m, before, o.Objective) {
		return before
	}
	return order
}

// byCount sorts rows by their number of weights, most first, so that rows of a
// group finish together.
func byCount(m *sparse.Matrix) []int {
	n := make([]int, m.Rows)
	for r := range n {
		for _, w := range m.Row(r) {
			if w != 0 {
				n[r]++
			}
		}
	}
	order := identity(m.Rows)
	slices.SortStableFunc(order, func(a, b int) int { return n[b] - n[a] })
	return order
}

// search climbs from the order that it has.
type search struct {
	m     *sparse.Matrix
	order []int32 // row at each place
	rng   *rand.Rand
	spent int
}

// rows is the order found.
func (s *search) rows() []int {
	order := make([]int, len(s.order))
	for place, r := range s.order {
		order[place] = int(r)
	}
	return order
}

// headStart is the share of the budget, one in so many, that a search for
// windows climbs by chunks alone, whose deltas are cheap.
const headStart = 10

func (s *search) run(o Objective, budget int) {
	tile := o.tile()
	if len(s.order) <= tile.rows {
		return
	}
	c := newCounts(s.m, tile, s.order, &s.spent)
	if o != Windows {
		s.climb(c, budget)
		return
	}
	s.climb(c, budget/headStart)
	s.climbScreened(c, newWindows(s.m, s.order, &s.spent), budget)
}

// climb swaps pairs as long as no steps are added.
func (s *search) climb(c *counts, budget int) {
	for s.spent < budget {
		if i, j, ok := s.pair(c.tile.rows); ok && c.delta(i, j) <= 0 {
			s.swap(i, j)
			c.swapped(i, j)
		}
	}
}

// climbScreened does the same by the exact number of windows, which takes
// long to count. The steps of aligned chunks are a bound of it, and what lowers
// them is likely to lower it: pairs are tried only if chunks grow by no more
// than a limit, which moves so that screening takes as long as counting.
func (s *search) climbScreened(c *counts, w *windows, budget int) {
	var limit balance
	for s.spent < budget {
		start := s.spent
		i, j, ok := s.pair(lanes)
		try := ok && c.delta(i, j) <= limit.value
		limit.screened(s.spent - start)
		if !try {
			continue
		}
		start = s.spent
		if w.delta(i, j) <= 0 {
			s.swap(i, j)
			c.swapped(i, j)
			w.swapped(i, j)
		}
		limit.counted(s.spent - start)
	}
}

// balance is a limit that falls when more work goes into what passes it than
// into applying it, and rises when less does.
type balance struct{ value, credit int }

func (b *balance) screened(work int) { b.move(work) }
func (b *balance) counted(work int)  { b.move(-work) }

func (b *balance) move(work int) {
	const period = 1 << 16
	b.credit += work
	switch {
	case b.credit > period:
		b.value, b.credit = b.value+1, 0
	case b.credit < -period:
		b.value, b.credit = b.value-1, 0
	}
}

// near is how far apart the places of half of the pairs are at most: rows that
// lie close have about as many weights.
const near = 64

// pair draws two places of different groups; false if it has drawn others.
func (s *search) pair(rows int) (i, j int, ok bool) {
	s.spent++ // a bad draw costs little, but not nothing
	n := len(s.order)
	bits := s.rng.Uint64()
	i = int(bits >> 1 & (1<<31 - 1) * uint64(n) >> 31)
	far := bits >> 32
	if bits&1 == 0 {
		j = int(far * uint64(n) >> 32)
	} else {
		j = i + int(far*(2*near+1)>>32) - near
	}
	return i, j, j >= 0 && j < n && i/rows != j/rows
}

func (s *search) swap(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] }
