package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// This file emits element-wise functions that imported models have besides those of
// the trainer. Each step rounds as that of the portable form does, so that both
// give the same bits.

func emitAffine(f *File) {
	fn := f.Func("affineAVX2", "func(dst, src *float32, n int, slope, offset float32)",
		"affineAVX2 computes dst[i] = slope*src[i] + offset for i < n rounded up to 8, rounding the\nproduct and the sum.")
	fn.broadcastArg("slope", reg.Y1)
	fn.broadcastArg("offset", reg.Y2)
	unary(fn, reg.Y0, func() {
		fn.VMULPS(reg.Y1, reg.Y0, reg.Y0)
		fn.VADDPS(reg.Y2, reg.Y0, reg.Y0)
	})
}

func emitClamp(f *File) {
	fn := f.Func("clampAVX2", "func(dst, src *float32, n int, low, high float32)",
		"clampAVX2 computes dst[i] = min(max(src[i], low), high) for i < n rounded up to 8.\nNaN stays NaN.")
	fn.broadcastArg("low", reg.Y1)
	fn.broadcastArg("high", reg.Y2)
	unary(fn, reg.Y0, func() {
		fn.VMAXPS(reg.Y0, reg.Y1, reg.Y0)
		fn.VMINPS(reg.Y0, reg.Y2, reg.Y0)
	})
}

func emitSqrt(f *File) {
	fn := f.Func("sqrtAVX2", unarySignature, "sqrtAVX2 computes the square roots of src[i] for i < n rounded up to 8.")
	unary(fn, reg.Y0, func() { fn.VSQRTPS(reg.Y0, reg.Y0) })
}

// extreme emits dst[i] = a[i] where that is beyond b[i] or NaN, else b[i]: of two
// sources one of which is NaN the instruction's result is the second, b.
func extreme(f *File, name, doc string, op func(fn *Func, b, a, dst reg.VecPhysical)) {
	fn := f.Func(name, "func(dst, a, b *float32, n int)", doc)
	dst, a, b, n := fn.Arg("dst", reg.RDI), fn.Arg("a", reg.RSI), fn.Arg("b", reg.RDX), fn.Arg("n", reg.RCX)
	const unordered = 3
	fn.overVectors(n, []reg.GPPhysical{dst, a, b}, func(i reg.GPPhysical) {
		fn.VMOVUPS(at(a, i), reg.Y0)
		fn.VMOVUPS(at(b, i), reg.Y1)
		op(fn, reg.Y1, reg.Y0, reg.Y1)
		fn.VCMPPS(operand.U8(unordered), reg.Y0, reg.Y0, reg.Y2)
		fn.VBLENDVPS(reg.Y2, reg.Y0, reg.Y1, reg.Y1)
		fn.VMOVUPS(reg.Y1, at(dst, i))
	})
	fn.Return()
}

func emitLargest(f *File) {
	extreme(f, "largestAVX2", "largestAVX2 computes dst[i] = max(a[i], b[i]) for i < n rounded up to 8, NaN where either\nis NaN.",
		func(fn *Func, b, a, dst reg.VecPhysical) { fn.VMAXPS(b, a, dst) })
}

func emitSmallest(f *File) {
	extreme(f, "smallestAVX2", "smallestAVX2 computes dst[i] = min(a[i], b[i]) for i < n rounded up to 8, NaN where either\nis NaN.",
		func(fn *Func, b, a, dst reg.VecPhysical) { fn.VMINPS(b, a, dst) })
}
