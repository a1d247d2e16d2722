package optim

import (
	"math"

	"github.com/sparsec/sparsec/trainer/nn"
)

// ClipGlobalNorm scales all gradients by limit/norm when their common Euclidean
// norm is above limit (Pascanu et al. 2013) and returns the norm that they had.
// A norm that is not finite leaves the gradients as they are: the caller sees it
// and skips the step or stops. limit must be positive.
func ClipGlobalNorm[T nn.Float](params []*nn.Param[T], limit float64) float64 {
	norm := GlobalNorm(params)
	if !(norm > limit) || math.IsInf(norm, 0) {
		return norm
	}
	scale := T(limit / norm)
	for _, p := range params {
		for i := range p.Grad {
			p.Grad[i] *= scale
		}
	}
	return norm
}

// GlobalNorm is the Euclidean norm of all gradients together. It is summed in
// float64 and in order, which no float32 gradient overflows.
func GlobalNorm[T nn.Float](params []*nn.Param[T]) float64 {
	var sum float64
	for _, p := range params {
		sum += sumSquares(p.Grad)
	}
	return math.Sqrt(sum)
}

// sumSquares runs four sums side by side: one alone waits for each addition.
func sumSquares[T nn.Float](x []T) float64 {
	var s [4]float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a, b, c, d := float64(x[i]), float64(x[i+1]), float64(x[i+2]), float64(x[i+3])
		s[0] += a * a
		s[1] += b * b
		s[2] += c * c
		s[3] += d * d
	}
	for ; i < len(x); i++ {
		s[0] += float64(x[i]) * float64(x[i])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}
