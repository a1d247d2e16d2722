package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Matrix is a matrix that has the units of a layer as rows, as columns, or both.
type Matrix struct {
	*sparse.Matrix
	Gates int   // equal blocks of rows; groups of rows begin anew at each
	Rows  bool  // the units are the rows of every block
	Cols  []int // first columns of the units, one for each time that they are read
}

// Order is what a search for units has found: unit Units[i] goes to place i.
type Order struct {
	Units         []int
	Before, After int // steps of all matrices
}

// Units finds an order of so many units for all matrices that have them, by
// [Windows] or [Overlapping32]: a swap of two units exchanges rows of every gate
// and columns of every reader. It never takes more steps than the order as it is.
func Units(size int, matrices []Matrix, o Options) Order {
	u := unitSearch{
		search:   search{order: places(identity(size)), rng: rand.New(rand.NewPCG(o.Seed, 0x5eed))},
		matrices: matrices, objective: o.Objective,
	}
	before := u.build()
	u.sort()
	if budget, rows := o.budget(), o.Objective.tile().rows; size > rows {
		u.spent = 0
		for u.spent < budget {
			if i, j, ok := u.pair(rows); ok {
				u.try(i, j)
			}
		}
	}
	return Order{Units: u.rows(), Before: before, After: u.total()}
}

// unitSearch climbs by the exact number of steps of all matrices.
type unitSearch struct {
	search
	matrices  []Matrix
	objective Objective
	grids     []schedule
}

// schedule counts the steps of a matrix whose units change places.
type schedule interface {
	// total is the number of steps as last kept.
	total() int
	// swap exchanges the units at two places; twice is not at all.
	swap(i, j int)
	// grown is by how many steps the swap of two places, the only one since steps
	// were last kept, adds to them.
	grown(i, j int) int
	// keep keeps the steps behind that swap.
	keep(i, j int)
}

// newSchedule puts unit order[i] at place i. It panics for objectives that only
// rows have.
func (o Objective) newSchedule(m Matrix, order []int32, spent *int) schedule {
	switch o {
	case Windows:
		return newGrid(m, order, spent)
	case Overlapping32:
		return newChunkGrid(m, order, spent)
	}
	panic(fmt.Sprintf("cluster: units by %v: want windows or overlapping chunks of 32", o))
}

// build makes the schedules for the order and returns the number of steps.
func (u *unitSearch) build() int {
	u.grids = u.grids[:0]
	for _, m := range u.matrices {
		u.grids = append(u.grids, u.objective.newSchedule(m, u.order, &u.spent))
	}
	return u.total()
}

func (u *unitSearch) total() int {
	n := 0
	for _, g := range u.grids {
		n += g.total()
	}
	return n
}

// sort takes the best of the order as it is and those by number of weights: in
// rows, in columns, in both; most first.
func (u *unitSearch) sort() {
	rows, cols := u.counts()
	both := make([]int, len(rows))
	for i := range both {
		both[i] = rows[i] + cols[i]
	}
	best, least := slices.Clone(u.order), u.total()
	for _, key := range [][]int{rows, both, cols} {
		order := identity(len(key))
		slices.SortStableFunc(order, func(a, b int) int { return key[b] - key[a] })
		u.order = places(order)
		if n := u.build(); n < least {
			best, least = slices.Clone(u.order), n
		}
	}
	u.order = best
	u.build()
}

// counts are the weights in the rows and in the columns of every unit.
func (u *unitSearch) counts() (rows, cols []int) {
	size := len(u.order)
	rows, cols = make([]int, size), make([]int, size)
	for _, m := range u.matrices {
		for r := range m.Matrix.Rows {
			for c, w := range m.Row(r) {
				if w == 0 {
					continue
				}
				if m.Rows {
					rows[r%size]++
				}
				for _, at := range m.Cols {
					if at <= c && c < at+size {
						cols[c-at]++
					}
				}
			}
		}
	}
	return rows, cols
}

// try swaps two units unless that adds steps.
func (u *unitSearch) try(i, j int) {
	grown := 0
	for _, g := range u.grids {
		g.swap(i, j)
		grown += g.grown(i, j)
	}
	for _, g := range u.grids {
		if grown > 0 {
			g.swap(i, j)
		} else {
			g.keep(i, j)
		}
	}
	if grown <= 0 {
		u.swap(i, j)
	}
}

func places(order []int) []int32 {
	p := make([]int32, len(order))
	for i, u := range order {
		p[i] = int32(u)
	}
	return p
}
