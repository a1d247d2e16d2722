package sparse

import (
	"cmp"
	"math/bits"
	"slices"
)

// copyChoice decides, for each weight of a group of 8 rows, in which of the copies
// of its column a window is to find it. Fewest windows are a set cover, so this is
// greedy: next comes a window that serves most lanes, the one whose weights other
// windows serve least, of some at hand. (With the first at hand it takes 5 % more
// steps.) Among windows that serve as many lanes, those that do not cross a cache
// line come first, which halves the number of the others for 1 % more steps.
// [copyChoice.improve] goes on from there.
type copyChoice struct {
	copies *columnCopies
	lanes  []uint8                     // [position] lanes that have a weight there that is not taken
	counts []uint64                    // [first position of a window] such weights in it, a byte for each lane
	scores []uint8                     // [the same] lanes that it would serve
	risen  []bool                      // [the same] its score has, and it is to be queued
	queues [2*lanes + 1]candidateQueue // by rank
	left   int                         // weights that are not taken
	taken  []copyStep
	free   []freeWeight // of steps that were taken back
}

// copyStep is a window and, for each lane, the position of the weight that it
// takes, or -1.
type copyStep struct {
	window    int32
	positions [lanes]int32
}

// candidateQueue are windows of a rank, those that were looked at before apart. Some
// have lost it since, and stand in the queue of a lower one.
type candidateQueue struct{ fresh, seen []int32 }

func (q *candidateQueue) clear() { q.fresh, q.seen = q.fresh[:0], q.seen[:0] }

// pop takes a window out; those seen come again when no other is left.
func (q *candidateQueue) pop() (window int32, ok bool) {
	if len(q.fresh) == 0 {
		q.fresh, q.seen = q.seen, q.fresh
	}
	last := len(q.fresh) - 1
	if last < 0 {
		return 0, false
	}
	window, q.fresh = q.fresh[last], q.fresh[:last]
	return window, true
}

// copyCandidates is the number of windows of the highest rank that are looked at.
const copyCandidates = 16

func newCopyChoice(c *columnCopies) *copyChoice {
	n := len(c.columns) + lanes
	return &copyChoice{copies: c, lanes: make([]uint8, n), counts: make([]uint64, n), scores: make([]uint8, n), risen: make([]bool, n)}
}

// choose takes all weights of a group and tries as often as given to do so in fewer
// steps. They are ordered by their windows.
func (h *copyChoice) choose(g *rowGroup, trials int) []windowStep {
	h.load(g)
	h.cover()
	h.improve(min(trials, copyTrialsAStep*len(h.taken)))
	slices.SortFunc(h.taken, func(a, b copyStep) int { return cmp.Compare(a.window, b.window) })
	steps := make([]windowStep, len(h.taken))
	for i, s := range h.taken {
		steps[i] = s.windowStep()
	}
	return steps
}

// windowStep is the step over all places, its window moved off the edge of a cache
// line where it can.
func (s copyStep) windowStep() windowStep {
	var step windowStep
	first, last := int(s.window)+lanes, 0
	for lane, p := range s.positions {
		step.columns[lane] = int(p)
		if p >= 0 {
			first, last = min(first, int(p)), max(last, int(p))
		}
	}
	step.base = windowBase(first, last, NarrowWindow)
	return step
}

// cover takes all weights that are left.
func (h *copyChoice) cover() {
	for rank := 2 * lanes; h.left > 0; {
		if !h.step(rank) {
			rank--
		}
	}
}

// load marks all weights of a group and queues all windows.
func (h *copyChoice) load(g *rowGroup) {
	h.left, h.taken = 0, h.taken[:0]
	for lane, columns := range g.columns {
		h.left += len(columns)
		for _, column := range columns {
			for _, p := range h.copies.positions[column] {
				h.lanes[p] |= 1 << lane
				for w := firstWindow(p); w <= p; w++ {
					h.counts[w] += 1 << (8 * lane)
				}
			}
		}
	}
	for rank := range h.queues {
		h.queues[rank].clear()
	}
	for w, n := range h.counts {
		h.scores[w] = occupied(n)
		h.queue(int32(w))
	}
}

// firstWindow is the first position of the first window that holds a position.
func firstWindow(p int32) int32 { return max(0, p-lanes+1) }

// occupied is the number of bytes that are not zero.
func occupied(n uint64) uint8 {
	const lows, tops = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	return uint8(bits.OnesCount64((n&lows + lows | n) & tops))
}

// rank orders windows: twice the lanes that one would serve, less one if a load of
// it crosses a cache line.
func (h *copyChoice) rank(w int32) int {
	rank := 2 * int(h.scores[w])
	if rank > 0 && crosses(w) {
		rank--
	}
	return rank
}

// crosses reports whether a load of a window crosses a cache line.
func crosses(window int32) bool {
	const line = 16
	return window%line > line-lanes
}

// queue puts a window where it belongs now, if it serves any lane.
func (h *copyChoice) queue(w int32) {
	if h.scores[w] > 0 {
		q := &h.queues[h.rank(w)]
		q.fresh = append(q.fresh, w)
	}
}

// step takes a window of the rank; false if there is none.
func (h *copyChoice) step(rank int) bool {
	var candidates [copyCandidates]int32
	n := 0
	for n < len(candidates) {
		w, ok := h.queues[rank].pop()
		if !ok {
			break
		}
		if h.rank(w) == rank {
			candidates[n] = w
			n++
		}
	}
	if n == 0 {
		return false
	}
	best, least := h.look(candidates[0]), 0
	for i, w := range candidates[1:n] {
		if picks := h.look(w); picks.others < best.others {
			best, least = picks, i+1
		}
	}
	for i, w := range candidates[:n] {
		if i != least {
			h.queues[rank].seen = append(h.queues[rank].seen, w)
		}
	}
	h.taken = append(h.taken, copyStep{candidates[least], best.positions})
	for lane, p := range best.positions {
		if p >= 0 {
			h.take(lane, p)
		}
	}
	if w := candidates[least]; h.rank(w) == rank {
		h.queue(w)
	}
	return true
}

// windowPicks are the weights that a window would take, a position for each lane or
// -1, and how well other windows would serve them.
type windowPicks struct {
	positions [lanes]int32
	others    int
}

// look picks, for each lane, the weight in a window that others serve least.
func (h *copyChoice) look(window int32) windowPicks {
	picks := windowPicks{positions: [lanes]int32{-1, -1, -1, -1, -1, -1, -1, -1}}
	var least [lanes]int
	for p := window; p < window+lanes && int(p) < len(h.copies.columns); p++ {
		if h.lanes[p] == 0 {
			continue
		}
		others := h.others(h.copies.columns[p])
		for m := h.lanes[p]; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros8(m)
			if picks.positions[lane] < 0 || others < least[lane] {
				picks.positions[lane], least[lane] = p, others
			}
		}
	}
	for _, others := range least {
		picks.others += others
	}
	return picks
}

// others is how many lanes the best windows of all copies of a column serve.
func (h *copyChoice) others(column int32) int {
	sum := 0
	for _, p := range h.copies.positions[column] {
		sum += int(slices.Max(h.scores[firstWindow(p) : p+1]))
	}
	return sum
}

// take takes the weight of a lane at a position out of all windows.
func (h *copyChoice) take(lane int, position int32) {
	h.left--
	for _, p := range h.copies.positions[h.copies.columns[position]] {
		h.lanes[p] &^= 1 << lane
		for w := firstWindow(p); w <= p; w++ {
			h.counts[w] -= 1 << (8 * lane)
			if h.counts[w]>>(8*lane)&0xff == 0 {
				h.scores[w]--
				h.queue(w)
			}
		}
	}
}
