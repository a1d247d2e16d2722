package nn

// The rational x·P(x²)/Q(x²) that approximates tanh(x) for |x| ≤ 9.02 with a
// relative error below 2.1e-8 before rounding, of least maximum error among the
// forms of degree 4/4 in x² (fitted by iteratively re-weighted least squares on
// Chebyshev nodes). Beyond 9.02 tanh rounds to ±1 in float32. All coefficients
// are positive, so that no term cancels another.
const (
	tanhLimit = 9.02

	tanhP0 = 1
	tanhP1 = 0.1337973796
	tanhP2 = 0.003494057622
	tanhP3 = 2.058383309e-5
	tanhP4 = 1.33195088e-8

	tanhQ1 = 0.4671305325
	tanhQ2 = 0.02587116278
	tanhQ3 = 0.000328312935
	tanhQ4 = 7.762208891e-7
)

// tanh32 is tanh(x), within 6 units in the last place, and within [−1, 1].
func tanh32(x float32) float32 {
	x = clamp(x, tanhLimit)
	u := x * x
	p := (((tanhP4*u+tanhP3)*u+tanhP2)*u+tanhP1)*u + tanhP0
	q := (((tanhQ4*u+tanhQ3)*u+tanhQ2)*u+tanhQ1)*u + 1
	return clamp(x*p/q, 1)
}

// sigmoid32 is 1/(1+exp(−x)) with an absolute error below 2e-7. (Its relative
// error grows as the value nears zero: a gate that multiplies needs no more.)
func sigmoid32(x float32) float32 { return 0.5 + 0.5*tanh32(0.5*x) }

// clamp cuts x to [−limit, limit] and keeps a NaN. It has no branch: which side an
// activation is on cannot be predicted.
func clamp(x, limit float32) float32 { return min(max(x, -limit), limit) }

// tanhPortable replaces every x by tanh(x).
func tanhPortable(x []float32) {
	for i, v := range x {
		x[i] = tanh32(v)
	}
}

// sigmoidPortable replaces every x by 1/(1+exp(−x)).
func sigmoidPortable(x []float32) {
	for i, v := range x {
		x[i] = sigmoid32(v)
	}
}
