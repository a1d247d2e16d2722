package sparse

// chunkSharing is how two groups of 16 rows take their steps so that chunks of src
// in registers serve several. Steps of the first group come first.
type chunkSharing struct {
	quads [][4]basedStep // two steps of each group, all of one chunk
	twos  [][2]basedStep // a step of each
	own   [2][]basedStep
}

// shareChunks pairs the steps of two groups, each in ascending order of their last
// chunks. The step whose last chunk comes first is taken there, with others that the
// chunk will do for: the most that a unit holds.
func shareChunks(a, b []chunkStep) chunkSharing {
	var s chunkSharing
	for len(a) > 0 || len(b) > 0 {
		base := firstChunk(a, b)
		na, nb := within(a, base), within(b, base)
		switch {
		case na >= 2 && nb >= 2:
			s.quads = append(s.quads, [4]basedStep{{a[0], base}, {a[1], base}, {b[0], base}, {b[1], base}})
			a, b = a[2:], b[2:]
		case na >= 1 && nb >= 1:
			s.twos = append(s.twos, [2]basedStep{{a[0], base}, {b[0], base}})
			a, b = a[1:], b[1:]
		case na >= 1:
			s.own[0] = append(s.own[0], basedStep{a[0], base})
			a = a[1:]
		default:
			s.own[1] = append(s.own[1], basedStep{b[0], base})
			b = b[1:]
		}
	}
	return s
}

// firstChunk is the last chunk of the step that has to be taken first.
func firstChunk(a, b []chunkStep) int {
	switch {
	case len(a) == 0:
		return b[0].high
	case len(b) == 0:
		return a[0].high
	}
	return min(a[0].high, b[0].high)
}

// within counts the steps from the front, two at most, that a chunk will do for.
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
