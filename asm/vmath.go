package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// This file emits exp, sigmoid and tanh on vectors held in registers. The
// algorithm and its polynomial are those of codegen/rt/math.go, which says where
// they come from; here every step is a float32 one with FMA.
//
// Errors are given at each function relative to the result, in units of 2⁻²⁴:
// one rounding is at most one unit, and a unit is between ½ and 1 ulp.

// Coefficients of p in eʳ−1 = r + r²·p(r), |r| ≤ ln(2)/2, from the highest
// degree down, as float32 bits.
var expm1Poly = [5]uint32{0x3ab56028, 0x3c09161c, 0x3d2aabcd, 0x3e2aaa55, 0x3effffff}

const (
	// ln 2 in two float32 parts. n·ln2Hi is exact inside of an FMA, and so is
	// its difference to y (Cody and Waite).
	ln2Hi = 0.693147182464599609375
	ln2Lo = -1.904654212e-09

	log2E = 1.44269502162933349609375 // 1/ln 2 rounded to float32

	// roundShift is 1.5·2²³ + 127: a number of magnitude below 2²² added to it
	// leaves its nearest integer plus 127 in the low bits of the sum, where a
	// shift by 23 makes it the exponent of 2ⁿ.
	roundShift = 3<<22 + 127

	// expFlush is where exp stops to look: n is −127 there and 2ⁿ becomes +0.
	expFlush = -88

	// tanhOne lies beyond 9.02, from where on tanh rounds to 1.
	tanhOne = 10

	signBit = 1 << 31
	absMask = signBit - 1
)

// lane is the set of registers that one vector passes through: x holds the
// argument and then the result, the others are scratch.
type lane struct {
	x, a, b, s, q reg.VecPhysical
}

// lanes cuts n lanes of an AVX2 file from its pool, starting with register first.
func lanes(first, n int) []lane { return lanesOf(ymm[first:], n) }

// lanesOf cuts n lanes from the start of a pool.
func lanesOf(pool []reg.VecPhysical, n int) []lane {
	ls := make([]lane, n)
	for i := range ls {
		r := pool[5*i:]
		ls[i] = lane{x: r[0], a: r[1], b: r[2], s: r[3], q: r[4]}
	}
	return ls
}

// each emits one step for all lanes, so that independent chains alternate and
// hide each other's latency.
func each(ls []lane, emit func(l lane)) {
	for _, l := range ls {
		emit(l)
	}
}

// expm1Core emits the argument reduction and the polynomial:
//
//	in:  a = y
//	out: s = 2ⁿ, a = r, b = r², q = p(r)
//
// with y·scale = n·ln 2 + r·scale; scale is 1 or 2 and goes into the constants
// as an exact power of two, as do the coefficients of p: q is then such that
// (e^(scale·r)−1)/scale = r + r²·q. Without low the reduction leaves out ln2Lo,
// which moves r by up to 1.9e-9·|n|/scale.
func (fn *Func) expm1Core(ls []lane, scale float64, low bool) {
	shift := fn.splatF(roundShift)
	each(ls, func(l lane) { fn.VMOVUPS(shift, l.s) })
	each(ls, func(l lane) { fn.VFMADD231PS(fn.splatF(float32(log2E*scale)), l.a, l.s) })
	each(ls, func(l lane) { fn.VSUBPS(shift, l.s, l.b) })
	each(ls, func(l lane) { fn.VPSLLD(operand.U8(23), l.s, l.s) })
	each(ls, func(l lane) { fn.VFNMADD231PS(fn.splatF(float32(ln2Hi/scale)), l.b, l.a) })
	if low {
		each(ls, func(l lane) { fn.VFNMADD231PS(fn.splatF(float32(ln2Lo/scale)), l.b, l.a) })
	}
	coefficient := func(i int) operand.Op { return fn.splatF(expm1Coefficient(i, scale)) }
	each(ls, func(l lane) { fn.VMOVUPS(coefficient(0), l.q) })
	each(ls, func(l lane) { fn.VMULPS(l.a, l.a, l.b) })
	for i := 1; i < len(expm1Poly); i++ {
		each(ls, func(l lane) { fn.VFMADD213PS(coefficient(i), l.a, l.q) })
	}
}

// expParts emits q = e^a for a ≤ 0 or NaN; +0 below −126.5·ln 2 ≈ −87.68.
//
// Error, in units of 2⁻²⁴: r below 0.35 is rounded by ¼, which e^r takes over;
// q = e^r−1 below 0.42 is rounded by ¼ and carries the polynomial's 1.4e-8·q and
// the roundings of r² and p, weighted by r²·p ≤ 0.07, together below 0.2, all
// over 1+q ≥ 0.7; the last FMA rounds once: below 1.9.
func (fn *Func) expParts(ls []lane) {
	// The second source of a VEX minimum or maximum is the result when a
	// source is NaN: a has to be that one.
	each(ls, func(l lane) { fn.VMOVUPS(fn.splatF(expFlush), l.b) })
	each(ls, func(l lane) { fn.VMAXPS(l.a, l.b, l.a) })
	fn.expm1Core(ls, 1, true)
	each(ls, func(l lane) { fn.VFMADD213PS(l.a, l.b, l.q) })
	each(ls, func(l lane) { fn.VFMADD213PS(l.s, l.s, l.q) })
}

// sigmoidRatio emits x = numerator and b = denominator of σ(x), with a, s and q
// lost: e/(1+e) for negative x and 1/(1+e) for others, e = e^−|x|.
func (fn *Func) sigmoidRatio(ls []lane) {
	one := fn.splatF(1)
	each(ls, func(l lane) { fn.VORPS(fn.splat(signBit), l.x, l.a) })
	fn.expParts(ls)
	each(ls, func(l lane) { fn.VMOVUPS(one, l.a) })
	each(ls, func(l lane) { fn.VADDPS(l.a, l.q, l.b) })
	each(ls, func(l lane) { fn.whereNegative(l.x, l.q, l.a, l.x) })
}

// whereNegative emits dst = a in the lanes in which the sign of x is set, b in others.
func (fn *Func) whereNegative(x, a, b, dst reg.VecPhysical) {
	if fn.File.Level < AVX512 {
		fn.VBLENDVPS(x, a, b, dst)
		return
	}
	fn.VPMOVD2M(x, reg.K1)
	fn.VBLENDMPS(a, b, reg.K1, dst)
}

// tanhRatio emits x = numerator and b = denominator of tanh(x), with a, s and q
// lost: ±h/(1+h), h = (e^(2|x|)−1)/2 and the sign of x.
func (fn *Func) tanhRatio(ls []lane) {
	each(ls, func(l lane) { fn.VMOVUPS(fn.splatF(tanhOne), l.b) })
	each(ls, func(l lane) { fn.VANDPS(fn.splat(absMask), l.x, l.a) })
	each(ls, func(l lane) { fn.VMINPS(l.a, l.b, l.a) })
	fn.expm1Core(ls, 2, false)
	each(ls, func(l lane) { fn.VFMADD213PS(l.a, l.b, l.q) }) // (eʳ−1)/2
	each(ls, func(l lane) { fn.VMOVUPS(fn.splatF(-0.5), l.b) })
	each(ls, func(l lane) { fn.VFMADD231PS(fn.splatF(0.5), l.s, l.b) }) // (s−1)/2, exact
	each(ls, func(l lane) { fn.VFMADD213PS(l.b, l.s, l.q) })
	each(ls, func(l lane) { fn.VANDPS(fn.splat(signBit), l.x, l.x) })
	each(ls, func(l lane) { fn.VADDPS(fn.splatF(1), l.q, l.b) })
	each(ls, func(l lane) { fn.VORPS(l.q, l.x, l.x) })
}

// vsigmoid emits x = σ(x). Error, in units of 2⁻²⁴: e's 1.9, weighted by
// 1/(1+e), then one each of 1+e and of the division: below 3.9, which is 3.9 ulp
// at worst. Measured over all arguments: 2.41 ulp.
func (fn *Func) vsigmoid(ls []lane) {
	fn.sigmoidRatio(ls)
	each(ls, func(l lane) { fn.VDIVPS(l.b, l.x, l.x) })
}

// vtanh emits x = tanh(x). Error, in units of 2⁻²⁴: (eʳ−1)/2 has below 1.3; at
// n = 1, where s·q ≥ −0.29 meets (s−1)/2 = ½, h ≥ 0.2 takes that over 1.4 times
// and is rounded once, and enters h/(1+h) with weight 1/(1+h): 2.3; one each of
// 1+h and of the division: below 4.3, which is 4.3 ulp at worst. Measured over
// all arguments: 2.57 ulp. Small arguments are exact in h, so tanh(x) = x there.
func (fn *Func) vtanh(ls []lane) {
	fn.tanhRatio(ls)
	each(ls, func(l lane) { fn.VDIVPS(l.b, l.x, l.x) })
}
