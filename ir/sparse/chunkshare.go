package sparse

import "slices"

// tileShare is how the groups of a tile take their steps so that chunks of src in
// registers serve several.
type tileShare struct {
	order []int          // of the groups: pairs are neighbours in it
	fours [][4]basedStep // a step of each, of one chunk
	pairs [2]pairShare   // of what is left; the second of a group alone has steps of its own
}

// pairShare is the same for two groups.
type pairShare struct {
	quads [][4]basedStep // two steps of each, of one chunk
	twos  [][2]basedStep // a step of each
	own   [2][]basedStep
}

// foursCache is the number of bytes of words that a tile with fours may have: an
// element of src that all four groups take at once waits for the next tile, and more
// bytes push it out of a first level of 32 KiB before.
const foursCache = 24_000

// shareTile shares chunks among up to four groups, whose steps are in ascending order
// of their last chunks: among four if the tile is small, then in the pairs that leave
// the fewest steps.
func shareTile(groups [][]chunkStep) tileShare {
	if len(groups) < chunkTile {
		return pairUp(groups, []int{0, 1, 2}[:len(groups)])
	}
	fours, rest, steps := [][4]basedStep(nil), groups, 0
	for _, g := range groups {
		steps += len(g)
	}
	if 4*ChunkRows*steps <= foursCache {
		fours, rest = shareFours(groups)
	}
	var best tileShare
	for _, order := range [][]int{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 1, 2}} {
		t := pairUp(rest, order)
		if best.order == nil || t.steps() < best.steps() {
			best = t
		}
	}
	best.fours = fours
	return best
}

// pairUp shares chunks in the pairs of an order.
func pairUp(groups [][]chunkStep, order []int) tileShare {
	t := tileShare{order: order}
	for p := range t.pairs {
		switch members := order[min(2*p, len(order)):]; len(members) {
		case 0:
		case 1:
			t.pairs[p].own[0] = ownSteps(groups[members[0]])
		default:
			t.pairs[p] = sharePair(groups[members[0]], groups[members[1]])
		}
	}
	return t
}

// steps are those of the pairs, the idle ones of the shorter list included.
func (t tileShare) steps() int {
	n := 0
	for _, p := range t.pairs {
		n += 4*len(p.quads) + 2*len(p.twos) + 2*max(len(p.own[0]), len(p.own[1]))
	}
	return n
}

// shareFours takes a step of each group wherever one chunk will do for all, and
// returns what is left.
func shareFours(groups [][]chunkStep) (fours [][4]basedStep, rest [][]chunkStep) {
	groups, rest = slices.Clone(groups), make([][]chunkStep, len(groups))
	for {
		base := firstChunk(groups...)
		if base == noColumn {
			return fours, rest
		}
		if !slices.ContainsFunc(groups, func(steps []chunkStep) bool { return within(steps, base) == 0 }) {
			var four [4]basedStep
			for i, steps := range groups {
				four[i], groups[i] = basedStep{steps[0], base}, steps[1:]
			}
			fours = append(fours, four)
			continue
		}
		for i, steps := range groups {
			if len(steps) > 0 && steps[0].high == base {
				rest[i], groups[i] = append(rest[i], steps[0]), steps[1:]
			}
		}
	}
}

// sharePair pairs the steps of two groups: the step whose last chunk comes first is
// taken there, with the most others that the chunk will do for and a unit holds.
func sharePair(a, b []chunkStep) pairShare {
	var s pairShare
	for {
		base := firstChunk(a, b)
		na, nb := within(a, base), within(b, base)
		switch {
		case na == 2 && nb == 2:
			s.quads = append(s.quads, [4]basedStep{{a[0], base}, {a[1], base}, {b[0], base}, {b[1], base}})
			a, b = a[2:], b[2:]
		case na > 0 && nb > 0:
			s.twos = append(s.twos, [2]basedStep{{a[0], base}, {b[0], base}})
			a, b = a[1:], b[1:]
		case na > 0:
			s.own[0] = append(s.own[0], basedStep{a[0], base})
			a = a[1:]
		case nb > 0:
			s.own[1] = append(s.own[1], basedStep{b[0], base})
			b = b[1:]
		default:
			return s
		}
	}
}

// firstChunk is the last chunk of the step that has to be taken first, noColumn where
// there is none.
func firstChunk(groups ...[]chunkStep) int {
	base := noColumn
	for _, steps := range groups {
		if len(steps) > 0 {
			base = min(base, steps[0].high)
		}
	}
	return base
}

// within counts the next steps of a group, two at most, that a chunk will do for.
func within(steps []chunkStep, base int) int {
	n := 0
	for n < min(2, len(steps)) && steps[n].low <= base {
		n++
	}
	return n
}

// ownSteps are steps that share no chunk with another group.
func ownSteps(steps []chunkStep) []basedStep {
	var own []basedStep
	for _, s := range steps {
		own = append(own, basedStep{s, s.high})
	}
	return own
}
