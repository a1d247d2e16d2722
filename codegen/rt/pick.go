package rt

// This file moves elements of vectors, which lie element after element, lanes
// float32 each: one, or as many as streams in lockstep.

// pick fills dst with runs of count elements: those of src from element from on,
// step apart, and from run to run jump further.
func pick(dst, src []float32, from, count, step, jump int) {
	times := len(dst) / count
	if count >= 8 && (step == 1 || step == -1) {
		for len(dst) >= count {
			if step == 1 {
				copy(dst[:count], src[from:])
			} else {
				backwards(dst[:count], src[from-count+1:][:count])
			}
			from += jump
			dst = dst[count:]
		}
		return
	}
	if count < times { // the longer loop inside
		for i := range count {
			at := from + i*step
			for k := i; k < len(dst); k += count {
				dst[k] = src[at]
				at += jump
			}
		}
		return
	}
	for len(dst) >= count {
		at := from
		for i := range dst[:count] {
			dst[i] = src[at]
			at += step
		}
		from += jump
		dst = dst[count:]
	}
}

// backwards copies a vector from its end.
func backwards(dst, src []float32) {
	for len(dst) >= 4 && len(src) >= 4 {
		end := src[len(src)-4:]
		dst[0], dst[1], dst[2], dst[3] = end[3], end[2], end[1], end[0]
		dst, src = dst[4:], src[:len(src)-4]
	}
	for i := range dst {
		dst[i] = src[len(src)-1-i]
	}
}

// pickLockstep is pick of vectors in lockstep.
func pickLockstep(dst, src []float32, lanes, from, count, step, jump int) {
	for at := from; len(dst) > 0; at += jump {
		for i := range count {
			copy(dst[:lanes], src[(at+i*step)*lanes:])
			dst = dst[lanes:]
		}
	}
}

// gather fills dst with elements of src by their numbers, −1 for a zero.
func gather(dst, src []float32, elements []int32, lanes int) {
	if lanes == 1 {
		for i, from := range elements {
			v := float32(0)
			if from >= 0 {
				v = src[from]
			}
			dst[i] = v
		}
		return
	}
	for i, from := range elements {
		to := dst[i*lanes : (i+1)*lanes]
		if from < 0 {
			clear(to)
		} else {
			copy(to, src[int(from)*lanes:])
		}
	}
}
