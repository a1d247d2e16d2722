package rt

import "math"

// This file holds what makes one number of several, or of several others of the
// same sum or variance. Vectors lie element after element, lanes float32 each: one,
// or as many as streams in lockstep. A group is size elements of a lane. Sums are
// those of float64.

// sumOf computes the sum of each group.
func sumOf(dst, src []float32, size, lanes int) {
	for i := range dst {
		dst[i] = float32(total(src[i/lanes*size*lanes+i%lanes:], size, lanes))
	}
}

// meanOf computes the mean of each group.
func meanOf(dst, src []float32, size, lanes int) {
	for i := range dst {
		dst[i] = float32(total(src[i/lanes*size*lanes+i%lanes:], size, lanes) / float64(size))
	}
}

// largestOf computes the largest element of each group, NaN where one is NaN.
func largestOf(dst, src []float32, size, lanes int) {
	for i := range dst {
		group := src[i/lanes*size*lanes+i%lanes:]
		top := group[0]
		for k := lanes; k < size*lanes; k += lanes {
			top = max(top, group[k])
		}
		dst[i] = top
	}
}

// smallestOf computes the smallest element of each group, NaN where one is NaN.
func smallestOf(dst, src []float32, size, lanes int) {
	for i := range dst {
		group := src[i/lanes*size*lanes+i%lanes:]
		least := group[0]
		for k := lanes; k < size*lanes; k += lanes {
			least = min(least, group[k])
		}
		dst[i] = least
	}
}

// normalize computes (src − mean) / √(variance + epsilon) of each group, the
// variance that of the population. dst may be src.
func normalize(dst, src []float32, size, lanes int, epsilon float32) {
	for from := 0; from < len(dst); from += size * lanes {
		for lane := range lanes {
			at, to := src[from+lane:], dst[from+lane:]
			mean := total(at, size, lanes) / float64(size)
			squares := 0.0
			for k := 0; k < size*lanes; k += lanes {
				away := float64(at[k]) - mean
				squares += float64(away * away)
			}
			scale := 1 / math.Sqrt(squares/float64(size)+float64(epsilon))
			for k := 0; k < size*lanes; k += lanes {
				to[k] = float32((float64(at[k]) - mean) * scale)
			}
		}
	}
}

// softmaxGroups is softmax over each group. dst is apart from src.
func softmaxGroups(dst, src []float32, size, lanes int) {
	for at := 0; at < len(dst); at += size * lanes {
		softmaxLockstep(dst[at:], src[at:], size, lanes)
	}
}

// total is the sum of the group that src begins with.
func total(src []float32, size, lanes int) float64 {
	sum := 0.0
	for k := 0; k < size*lanes; k += lanes {
		sum += float64(src[k])
	}
	return sum
}
