package sparse

import "math"

// fma is a·b + c rounded once, as the vector units compute it: the interpreters
// of the packed forms then give the bits that the assembly gives.
//
// The product of two float32 is exact in float64; their sum with c is rounded
// to odd, which makes the second rounding harmless (Boldo and Melquiond,
// "Emulation of FMA and correctly rounded sums: proved algorithms using
// rounding to odd", 2008).
func fma(a, b, c float32) float32 {
	p, d := float64(a)*float64(b), float64(c)
	sum := p + d
	if math.IsInf(sum, 0) || math.IsNaN(sum) {
		return float32(sum)
	}
	back := sum - p
	if rest := (p - (sum - back)) + (d - back); rest != 0 {
		if bits := math.Float64bits(sum); bits&1 == 0 {
			if (rest > 0) == (sum > 0) {
				bits++
			} else {
				bits--
			}
			sum = math.Float64frombits(bits)
		}
	}
	return float32(sum)
}
