package rt

import "math"

// This file holds the element-wise kernels in portable Go. The AVX2 kernels of
// the same names with the suffix AVX2 run the same algorithm with the same
// polynomial.
//
// Lengths. The vector kernels work on whole groups of eight floats: a buffer is
// padded with zeros behind its last element. The kernels here work on exactly
// len(dst) elements, so a caller that wants the padding treated alike passes
// the padded slices. Except where it is said, dst may be the same slice as a
// source, but must not overlap it otherwise.
//
// Algorithm of exp, sigmoid and tanh: y = n·ln 2 + r with n the nearest integer
// and |r| ≤ ln(2)/2; eʳ−1 = r + r²·p(r), p of degree 4 (minimax for the relative
// error of eʳ−1, coefficients rounded to float32; error 1.4e-8); then with s = 2ⁿ
//
//	eʸ−1 = s·(eʳ−1) + (s−1)
//	eʸ   = s·(eʳ−1) + s
//	tanh x = sign(x)·t/(t+2), t = e^(2|x|)−1
//	σ(x) = 1/(1+e) for x ≥ 0 and e/(1+e) for x < 0, e = e^(−|x|)
//
// so that nothing cancels: tanh keeps its relative accuracy for the smallest
// arguments and σ for very negative ones. The argument reduction is the one of
// Cody and Waite (Software Manual for the Elementary Functions, 1980).
//
// The Go code evaluates in float64 and rounds once, which is as fast as float32
// and needs no FMA. Over all 2³² arguments its error is at most 0.56 ulp for
// sigmoid and 0.71 ulp for tanh, and it stays within 2 ulp of the assembly. The
// conversions float64(a*b) forbid the compiler to fuse, so that every machine
// gives the same bits.

// Coefficients of p in eʳ−1 = r + r²·p(r) for |r| ≤ ln(2)/2: a minimax
// polynomial, as float32 values.
const (
	expC2 = 0.4999999701976776    // 0x3effffff
	expC3 = 0.16666539013385773   // 0x3e2aaa55
	expC4 = 0.04166774824261665   // 0x3d2aabcd
	expC5 = 0.008367087692022324  // 0x3c09161c
	expC6 = 0.0013837860897183418 // 0x3ab56028
)

const (
	// log2E is 1/ln 2 rounded to float32, as in the vector kernels, so that
	// both forms find the same n.
	log2E = 1.4426950216293335

	// expFlush is the least argument that exp and sigmoid look at: there n is
	// −127, for which the vector kernels' 2ⁿ is zero.
	expFlush = -88

	// tanhOne is an argument beyond which tanh rounds to 1.
	tanhOne = 10
)

// roundShift is 1.5·2⁵²: added to a float64 below 2⁵¹ it leaves the nearest
// integer in the low bits of the sum.
const roundShift = 3 << 51

// expReduced returns s = 2ⁿ and q = eʳ−1 with y = n·ln 2 + r, |r| ≤ ln(2)/2, so
// that eʸ = s·q + s. For n ≤ −127 s is 0. It needs y > −1000 or NaN, for which q
// is NaN.
func expReduced(y float64) (s, q float64) {
	shifted := float64(y*log2E) + roundShift
	n := shifted - roundShift
	r := y - float64(n*math.Ln2)
	p := float64(expC6*r) + expC5
	p = float64(p*r) + expC4
	p = float64(p*r) + expC3
	p = float64(p*r) + expC2
	q = r + float64(float64(r*r)*p)
	if n > -127 {
		s = math.Float64frombits((math.Float64bits(shifted) + 1023) << 52)
	}
	return s, q
}

// expNegative returns eʸ for y ≤ 0; 0 for y below −126.5·ln 2 ≈ −87.68.
func expNegative(y float64) float64 {
	if y < expFlush {
		return 0
	}
	s, q := expReduced(y)
	return float64(s*q) + s
}

// magnitude returns |x| as a float64, and the sign bit of x in its place. Going
// through the bits gives the conversion a fresh register: amd64's CVTSS2SD
// keeps the upper half of its target, and the target's last use would chain
// each element to the one before.
func magnitude(x float32) (a float64, sign uint32) {
	bits := math.Float32bits(x)
	return float64(math.Float32frombits(bits &^ (1 << 31))), bits & (1 << 31)
}

// sigmoid1 returns σ(x) = 1/(1+e⁻ˣ), and 0 for x below −126.5·ln 2 ≈ −87.68,
// where σ is below 2⁻¹²⁶·0.71. σ(NaN) is NaN.
func sigmoid1(x float32) float32 {
	a, sign := magnitude(x)
	e := expNegative(-a)
	numerator := math.Float64bits(1) // as bits, for a conditional move: signs are hard to predict
	if sign != 0 {
		numerator = math.Float64bits(e)
	}
	return float32(math.Float64frombits(numerator) / (1 + e))
}

// tanh1 returns the hyperbolic tangent. tanh1(±0) is ±0, tanh1(±Inf) ±1 and
// tanh1(NaN) NaN.
func tanh1(x float32) float32 {
	a, sign := magnitude(x)
	if a > tanhOne {
		a = tanhOne
	}
	s, q := expReduced(2 * a)
	t := float64(s*q) + (s - 1)
	return math.Float32frombits(math.Float32bits(float32(t/(t+2))) | sign)
}

// sigmoid computes dst[i] = 1/(1+exp(-src[i])).
func sigmoid(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = sigmoid1(v)
	}
}

// tanh computes dst[i] = tanh(src[i]).
func tanh(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = tanh1(v)
	}
}

// relu computes dst[i] = max(src[i], 0). NaN stays NaN.
func relu(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

// clippedReLU computes dst[i] = min(max(src[i], 0), clip), clip ≥ 0. NaN stays
// NaN.
func clippedReLU(dst, src []float32, clip float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v < 0 {
			v = 0
		}
		if v > clip {
			v = clip
		}
		dst[i] = v
	}
}

// leakyReLU computes dst[i] = src[i] where it is not negative, else
// slope·src[i]. NaN stays NaN.
func leakyReLU(dst, src []float32, slope float32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v < 0 {
			v *= slope
		}
		dst[i] = v
	}
}

// hardSigmoid computes dst[i] = min(max(slope·src[i] + offset, 0), 1). (ONNX has
// slope 0.2 and offset 0.5, PyTorch 1/6 and 0.5.) NaN stays NaN.
//
// The product and the sum are rounded one after the other.
func hardSigmoid(dst, src []float32, slope, offset float32) {
	src = src[:len(dst)]
	for i, v := range src {
		v = float32(slope*v) + offset
		if v < 0 {
			v = 0
		}
		if v > 1 {
			v = 1
		}
		dst[i] = v
	}
}

// add computes dst[i] = a[i] + b[i].
func add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// sub computes dst[i] = a[i] - b[i].
func sub(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// mul computes dst[i] = a[i]·b[i].
func mul(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// softmax computes dst[i] = exp(src[i]-m) / Σₖ exp(src[k]-m) over the first n
// elements, m their maximum, and sets dst[n:] to zero up to the next multiple
// of eight. dst and src must be that long. Terms below e^-87.68 of the
// largest are 0. The result is all NaN when a source is NaN or +Inf, or when
// all are -Inf.
func softmax(dst, src []float32, n int) {
	if n <= 0 {
		return
	}
	padded := (n + 7) &^ 7
	dst, src = dst[:padded], src[:n]
	m := float32(math.Inf(-1))
	for _, v := range src {
		if v > m {
			m = v
		}
	}
	// As many partial sums as the vector kernel has lanes keep the order of
	// the additions the same.
	var sums [8]float32
	for i, v := range src {
		e := float32(expNegative(float64(v - m)))
		dst[i] = e
		sums[i&7] += e
	}
	total := ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
	for i := range src {
		dst[i] /= total
	}
	clear(dst[n:])
}
