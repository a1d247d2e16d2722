package rt

import "math"

// This file holds what makes one number of several, or of several others of the
// same sum or variance. Vectors lie element after element, lanes float32 each: one,
// or as many as streams in lockstep. A group is size elements of a lane. Sums are
// those of float64.

// sumOf computes the sum of each group.
func sumOf(dst, src []float32, size, lanes int) {
	eachGroup(dst, src, 1, size, lanes, func(dst, src []float32) {
		dst[0] = float32(total(src, size, lanes))
	})
}

// meanOf computes the mean of each group.
func meanOf(dst, src []float32, size, lanes int) {
	eachGroup(dst, src, 1, size, lanes, func(dst, src []float32) {
		dst[0] = float32(total(src, size, lanes) / float64(size))
	})
}

// largestOf computes the largest element of each group, NaN where one is NaN.
func largestOf(dst, src []float32, size, lanes int) {
	eachGroup(dst, src, 1, size, lanes, func(dst, src []float32) {
		top := src[0]
		for i := 1; i < size; i++ {
			top = max(top, src[i*lanes])
		}
		dst[0] = top
	})
}

// smallestOf computes the smallest element of each group, NaN where one is NaN.
func smallestOf(dst, src []float32, size, lanes int) {
	eachGroup(dst, src, 1, size, lanes, func(dst, src []float32) {
		least := src[0]
		for i := 1; i < size; i++ {
			least = min(least, src[i*lanes])
		}
		dst[0] = least
	})
}

// normalize computes (src − mean) / √(variance + epsilon) of each group, the
// variance that of the population. dst may be src.
func normalize(dst, src []float32, size, lanes int, epsilon float32) {
	eachGroup(dst, src, size, size, lanes, func(dst, src []float32) {
		mean := total(src, size, lanes) / float64(size)
		squares := 0.0
		for i := range size {
			away := float64(src[i*lanes]) - mean
			squares += float64(away * away)
		}
		scale := 1 / math.Sqrt(squares/float64(size)+float64(epsilon))
		for i := range size {
			dst[i*lanes] = float32((float64(src[i*lanes]) - mean) * scale)
		}
	})
}

// softmaxGroups is softmax over each group. dst is apart from src.
func softmaxGroups(dst, src []float32, size, lanes int) {
	for at := 0; at < len(dst); at += size * lanes {
		softmaxLockstep(dst[at:], src[at:], size, lanes)
	}
}

// eachGroup calls f with the first elements of every group of src, size elements of
// a lane, and of that of dst, which has to of them.
func eachGroup(dst, src []float32, to, size, lanes int, f func(dst, src []float32)) {
	for g := range len(src) / (size * lanes) {
		for lane := range lanes {
			f(dst[g*to*lanes+lane:], src[g*size*lanes+lane:])
		}
	}
}

// total is the sum of a group.
func total(src []float32, size, lanes int) float64 {
	sum := 0.0
	for i := range size {
		sum += float64(src[i*lanes])
	}
	return sum
}
