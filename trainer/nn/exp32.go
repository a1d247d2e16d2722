package nn

import "math"

// exp32 is exp(x) for x ≤ 0, within 3 units in the last place where the result
// is a normal number; below −87 it is zero. NaN stays NaN.
//
// x = k·ln 2 + r with |r| ≤ ln 2/2 (Cody and Waite: ln 2 in two parts, so that
// k·ln2Hi is exact), exp(r) by its series to the seventh term, whose remainder
// is 2.2e-9 of it, and 2^k by its exponent bits.
func exp32(x float32) float32 {
	const (
		log2e = 1.44269504
		ln2Hi = 0.693359375 // 10 bits
		ln2Lo = -2.12194440e-4
		shift = 3 << 22 // adding it rounds to a whole number in the low bits
	)
	if x < -87 {
		return 0
	}
	z := x*log2e + shift
	k := z - shift
	r := (x - k*ln2Hi) - k*ln2Lo
	p := (((((1.0/5040*r+1.0/720)*r+1.0/120)*r+1.0/24)*r+1.0/6)*r+0.5)*r + 1
	p = p*r + 1
	return p * math.Float32frombits(uint32(int32(k)+127)<<23)
}
