package sparse

import (
	"math/rand/v2"
	"slices"
)

const (
	// copyTrials bounds the trials for a matrix: 10 to 20 µs each.
	copyTrials = 1 << 18
	// copyTrialsAStep bounds those for a step: 3, 8 and 25 save 2, 4 and 5 to 6 % of
	// the steps of a group of 8 by 512.
	copyTrialsAStep = 8
)

// improve looks for fewer steps by ruin and recreation (Schrimpf et al., Record
// Breaking Optimization Results Using the Ruin and Recreate Principle, 2000): some
// steps, rather those that serve few lanes, are taken back, their weights put into
// lanes of others that idle, and the rest covered anew. What is no worse is kept.
func (h *copyChoice) improve(trials int) {
	rng := rand.New(rand.NewPCG(uint64(trials), uint64(len(h.taken))))
	var before []copyStep
	for range trials {
		if len(h.taken) < 2 {
			return
		}
		before = append(before[:0], h.taken...)
		const least, most = 2, 6
		for range min(least+rng.IntN(most-least+1), len(h.taken)-1) {
			h.giveBack(h.poor(rng))
		}
		h.refill()
		h.cover()
		if copyCost(h.taken) > copyCost(before) {
			h.taken = append(h.taken[:0], before...)
		}
	}
}

// copyCost is that of steps in quarters of one: a load that crosses a cache line is
// two.
func copyCost(steps []copyStep) int {
	cost := 4 * len(steps)
	for _, s := range steps {
		if crosses(s.window) {
			cost++
		}
	}
	return cost
}

// poor is the step of three drawn that serves fewest lanes.
func (h *copyChoice) poor(rng *rand.Rand) int {
	poor, least := 0, lanes+1
	for range 3 {
		i := rng.IntN(len(h.taken))
		n := 0
		for _, p := range h.taken[i].positions {
			if p >= 0 {
				n++
			}
		}
		if n < least {
			poor, least = i, n
		}
	}
	return poor
}

// giveBack takes a step out, whose weights are then left to take.
func (h *copyChoice) giveBack(i int) {
	step := h.taken[i]
	h.taken = slices.Delete(h.taken, i, i+1)
	for lane, position := range step.positions {
		if position < 0 {
			continue
		}
		h.free = append(h.free, freeWeight{lane, h.copies.columns[position]})
	}
}

// freeWeight is a weight that no step takes.
type freeWeight struct {
	lane   int
	column int32
}

// refill puts free weights into lanes that idle; the others are left.
func (h *copyChoice) refill() {
	left := h.free[:0]
	for _, w := range h.free {
		if !h.place(w) {
			h.leave(w)
			left = append(left, w)
		}
	}
	// Queue windows when all scores have risen.
	for _, w := range left {
		for _, p := range h.copies.positions[w.column] {
			for at := firstWindow(p); at <= p; at++ {
				if h.risen[at] {
					h.risen[at] = false
					h.queue(at)
				}
			}
		}
	}
	h.free = h.free[:0]
}

// place gives a weight to a step with an idle lane whose window reaches it.
func (h *copyChoice) place(w freeWeight) bool {
	for i := range h.taken {
		s := &h.taken[i]
		if s.positions[w.lane] >= 0 {
			continue
		}
		for _, p := range h.copies.positions[w.column] {
			if s.window <= p && p < s.window+lanes {
				s.positions[w.lane] = p
				return true
			}
		}
	}
	return false
}

// leave marks a weight in all windows.
func (h *copyChoice) leave(w freeWeight) {
	h.left++
	for _, p := range h.copies.positions[w.column] {
		h.lanes[p] |= 1 << w.lane
		for at := firstWindow(p); at <= p; at++ {
			h.counts[at] += 1 << (8 * w.lane)
			if h.counts[at]>>(8*w.lane)&0xff == 1 {
				h.scores[at]++
				h.risen[at] = true
			}
		}
	}
}
