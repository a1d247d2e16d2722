package rt

import "math"

// This file holds what moves vectors in and out of lockstep, where they lie
// element after element, lanes float32 each, and the softmax over them.

// softmaxLockstep is softmax over the first n elements of each of several
// vectors in lockstep; it leaves what lies behind them.
func softmaxLockstep(dst, src []float32, n, lanes int) {
	dst, src = dst[:n*lanes], src[:n*lanes]
	for lane := range lanes {
		m := float32(math.Inf(-1))
		for i := lane; i < len(src); i += lanes {
			if src[i] > m {
				m = src[i]
			}
		}
		sum := float32(0)
		for i := lane; i < len(src); i += lanes {
			dst[i] = float32(expNegative(float64(src[i] - m)))
			sum += dst[i]
		}
		for i := lane; i < len(src); i += lanes {
			dst[i] /= sum
		}
	}
}

// interleave writes a vector to one of the lanes of vectors in lockstep, which
// dst begins with.
func interleave(dst []float32, lanes int, src []float32) {
	for i, v := range src {
		dst[i*lanes] = v
	}
}

// deinterleave reads a vector from one of the lanes of vectors in lockstep,
// which src begins with.
func deinterleave(dst, src []float32, lanes int) {
	for i := range dst {
		dst[i] = src[i*lanes]
	}
}

// spread writes one vector to all lanes.
func spread(dst []float32, lanes int, src []float32) {
	for i, v := range src {
		for lane := range lanes {
			dst[i*lanes+lane] = v
		}
	}
}
