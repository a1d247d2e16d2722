package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// function is the function of one element.
func function(f ir.Function) func(float64) float64 {
	alpha, beta := float64(f.Alpha), float64(f.Beta)
	switch f.Func {
	case ir.Tanh:
		return math.Tanh
	case ir.Sigmoid:
		return sigmoid
	case ir.ReLU:
		return relu
	case ir.ClippedReLU:
		return func(x float64) float64 { return min(relu(x), float64(f.Clip)) }
	case ir.Identity:
		return func(x float64) float64 { return x }
	case ir.HardSigmoid:
		return func(x float64) float64 { return min(max(alpha*x+beta, 0), 1) }
	case ir.LeakyReLU:
		return func(x float64) float64 { return split(x >= 0, x, alpha*x) }
	case ir.ThresholdedReLU:
		return func(x float64) float64 { return split(x <= alpha, 0, x) }
	case ir.ScaledTanh:
		return func(x float64) float64 { return alpha * math.Tanh(beta*x) }
	case ir.Affine:
		return func(x float64) float64 { return alpha*x + beta }
	case ir.ELU:
		return func(x float64) float64 { return split(x >= 0, x, alpha*math.Expm1(x)) }
	case ir.Softsign:
		return func(x float64) float64 { return x / (1 + math.Abs(x)) }
	case ir.Softplus:
		return func(x float64) float64 { return relu(x) + math.Log1p(math.Exp(-math.Abs(x))) }
	case ir.Clamp:
		return func(x float64) float64 { return min(max(x, alpha), beta) }
	case ir.Power:
		return func(x float64) float64 { return math.Pow(x, alpha) }
	case ir.Reciprocal:
		return func(x float64) float64 { return 1 / x }
	}
	return standard(f.Func)
}

// standard is a function that package math has.
func standard(f ir.Func) func(float64) float64 {
	switch f {
	case ir.Exp:
		return math.Exp
	case ir.Log:
		return math.Log
	case ir.Sqrt:
		return math.Sqrt
	case ir.Abs:
		return math.Abs
	case ir.Erf:
		return math.Erf
	}
	panic(fmt.Sprintf("eval: no function %v", f))
}

func binary(f ir.BinaryFunc) func(a, b float64) float64 {
	switch f {
	case ir.Add:
		return add
	case ir.Sub:
		return func(a, b float64) float64 { return a - b }
	case ir.Mul:
		return mul
	case ir.Div:
		return func(a, b float64) float64 { return a / b }
	case ir.Max:
		return func(a, b float64) float64 { return max(a, b) }
	case ir.Min:
		return func(a, b float64) float64 { return min(a, b) }
	case ir.Pow:
		return math.Pow
	}
	panic(fmt.Sprintf("eval: no function %v", f))
}

func add(a, b float64) float64  { return a + b }
func mul(a, b float64) float64  { return a * b }
func relu(x float64) float64    { return max(x, 0) }
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func split(first bool, a, b float64) float64 {
	if first {
		return a
	}
	return b
}

// softmax is exp(x − max x) over its sum.
func softmax(x []float64) []float64 {
	top, sum := slices.Max(x), 0.0
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(v - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}

// reduce makes one number of several.
func reduce(f ir.ReduceFunc, x []float64) float64 {
	switch f {
	case ir.Sum:
		return sum(x)
	case ir.Mean:
		return sum(x) / float64(len(x))
	case ir.Largest:
		return slices.Max(x)
	case ir.Smallest:
		return slices.Min(x)
	}
	panic(fmt.Sprintf("eval: no function %v", f))
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// normalize is (x − mean) / √(variance + epsilon).
func normalize(x []float64, epsilon float64) []float64 {
	mean := reduce(ir.Mean, x)
	away := apply1(x, func(v float64) float64 { return v - mean })
	variance := reduce(ir.Mean, apply2(away, away, mul))
	return apply1(away, func(v float64) float64 { return v / math.Sqrt(variance+epsilon) })
}

func apply1(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func apply2(a, b []float64, f func(a, b float64) float64) []float64 {
	y := make([]float64, len(a))
	for i := range y {
		y[i] = f(a[i], b[i])
	}
	return y
}
