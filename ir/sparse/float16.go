package sparse

import "math"

// halfBits is the half-precision number nearest to x, ties to even, for |x| below
// 65520.
func halfBits(x float64) uint16 {
	sign := uint16(math.Float64bits(x) >> 48 & (1 << 15))
	if x == 0 {
		return sign
	}
	x = math.Abs(x)
	_, e := math.Frexp(x)
	// A number in [2^(e-1), 2^e) has 10 bits behind the first; below 2^-14 all
	// share the least exponent.
	e = max(e, -13)
	significand := math.RoundToEven(math.Ldexp(x, 11-e))
	// A denormal significand has no leading bit, so none is added to the
	// exponent; one that rounded up carries into it.
	return sign | uint16(int(significand)+(e+13)<<10)
}

// halfValue is the number that the bits of a finite half-precision number stand
// for.
func halfValue(b uint16) float32 {
	// Its exponent and fraction, read as those of a float32, are 2^-112 times it.
	v := math.Float32frombits(uint32(b&0x7fff)<<13) * 0x1p112
	if b>>15 != 0 {
		return -v
	}
	return v
}
