package rt

import "math"

// This file holds element-wise functions that imported models have besides those
// of math.go. Those that the standard library has are computed in float64 and
// rounded once. Products are rounded by a conversion, which forbids the compiler
// to fuse them, so that every machine and the AVX2 kernels of the same names give
// the same bits.

// thresholdedReLU computes dst[i] = src[i] where that is above the threshold, else
// 0. NaN stays NaN.
func thresholdedReLU(dst, src []float32, threshold float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v <= threshold {
			v = 0
		}
		dst[i] = v
	}
}

// scaledTanh computes dst[i] = scale·tanh(slope·src[i]).
func scaledTanh(dst, src []float32, scale, slope float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = scale * tanh1(float32(slope*v))
	}
}

// affine computes dst[i] = slope·src[i] + offset, rounding the product and the sum.
func affine(dst, src []float32, slope, offset float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(slope*v) + offset
	}
}

// elu computes dst[i] = src[i] where that is not negative, else
// scale·(exp(src[i]) − 1).
func elu(dst, src []float32, scale float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v < 0 {
			v = float32(float64(scale) * math.Expm1(float64(v)))
		}
		dst[i] = v
	}
}

// softsign computes dst[i] = src[i] / (1 + |src[i]|).
func softsign(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		a := float64(v)
		dst[i] = float32(a / (1 + math.Abs(a)))
	}
}

// softplus computes dst[i] = log(1 + exp(src[i])).
func softplus(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		a := float64(v)
		dst[i] = float32(max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))))
	}
}

// clamp computes dst[i] = min(max(src[i], low), high), low ≤ high. NaN stays NaN.
func clamp(dst, src []float32, low, high float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v < low {
			v = low
		}
		if v > high {
			v = high
		}
		dst[i] = v
	}
}

// exp computes dst[i] = exp(src[i]).
func exp(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(math.Exp(float64(v)))
	}
}

// log computes dst[i] = log(src[i]).
func log(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(math.Log(float64(v)))
	}
}

// sqrt computes dst[i] = √src[i].
func sqrt(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

// abs computes dst[i] = |src[i]|.
func abs(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
	}
}

// reciprocal computes dst[i] = 1 / src[i].
func reciprocal(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = 1 / v
	}
}

// power computes dst[i] = src[i] to the power.
func power(dst, src []float32, exponent float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(math.Pow(float64(v), float64(exponent)))
	}
}

// erf computes the error function of src.
func erf(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(math.Erf(float64(v)))
	}
}

// div computes dst[i] = a[i] / b[i].
func div(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// largest computes dst[i] = max(a[i], b[i]), NaN where either is NaN.
func largest(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range b {
		if a[i] > v || a[i] != a[i] {
			v = a[i]
		}
		dst[i] = v
	}
}

// smallest computes dst[i] = min(a[i], b[i]), NaN where either is NaN.
func smallest(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range b {
		if a[i] < v || a[i] != a[i] {
			v = a[i]
		}
		dst[i] = v
	}
}

// pow computes dst[i] = a[i] to the power b[i].
func pow(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = float32(math.Pow(float64(a[i]), float64(b[i])))
	}
}

// zero clears the padding behind a vector for which a kernel of whole vectors has
// no finite value.
func zero(dst []float32) { clear(dst) }
