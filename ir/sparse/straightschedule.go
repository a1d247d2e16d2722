package sparse

import (
	"cmp"
	"slices"
)

// turn is a step of one of a tile's groups.
type turn struct {
	group int // in the tile
	step  windowStep
	round int // number among the group's steps at the same base
}

type turns []turn

// straightTurns are the steps of the tile of rows from to to in the order in
// which straight-line code runs them: by their base, and at the same base one of
// each group before the second of any.
func straightTurns(m *Matrix, from, to int) turns {
	var all turns
	for g := range (to - from) / lanes {
		var group rowGroup
		group.load(m, from+g*lanes)
		for step := range group.steps(NarrowWindow) {
			all = append(all, turn{group: g, step: step})
		}
	}
	all.share()
	return all
}

// share gives windows that can begin at one place the same base. A window may
// begin anywhere from 7 columns before the last that it takes up to the first:
// going by the first column, all others that reach back that far join it, which
// makes the fewest places. It sorts the steps.
func (t turns) share() {
	slices.SortStableFunc(t, func(a, b turn) int { return cmp.Compare(a.step.first(), b.step.first()) })
	for i := 0; i < len(t); {
		first, last := t[i].step.first(), t[i].step.last()
		n := 1
		for j := i + 1; j < len(t) && t[j].step.first() < first+lanes; j++ {
			if c := t[j].step.last(); c < first+lanes {
				last = max(last, c)
				joins := t[j]
				copy(t[i+n+1:j+1], t[i+n:j])
				t[i+n] = joins
				n++
			}
		}
		together := t[i : i+n]
		base := windowBase(first, last, NarrowWindow)
		var rounds [StraightGroups]int
		for k := range together {
			s := &together[k]
			s.step.base, s.round = base, rounds[s.group]
			rounds[s.group]++
		}
		slices.SortStableFunc(together, func(a, b turn) int {
			return cmp.Or(cmp.Compare(a.round, b.round), cmp.Compare(a.group, b.group))
		})
		i += n
	}
}

// first is the leftmost column that a step takes.
func (s windowStep) first() int {
	first := 1 << 16
	for _, c := range s.columns {
		if c >= 0 {
			first = min(first, c)
		}
	}
	return first
}

// last is the rightmost column that a step takes.
func (s windowStep) last() int { return slices.Max(s.columns[:]) }
