package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitSoftmaxLockstep emits the softmax of several vectors in lockstep: 8 of
// them at a time, each in a lane, so that nothing crosses lanes. The passes are
// those of emitSoftmax.
func emitSoftmaxLockstep(f *File) {
	fn := f.Func("softmaxLockstepAVX2", "func(dst, src *float32, n, lanes int)",
		"softmaxLockstepAVX2 computes dst[i] = exp(src[i]-m) / sum(exp(src[k]-m)) for i < n, m the maximum\n"+
			"of src[:n], for several vectors in lockstep: element after element, lanes float32\n"+
			"each, a multiple of 8. n is not zero.")
	dst, src, n := fn.Arg("dst", reg.RDI), fn.Arg("src", reg.RSI), fn.Arg("n", reg.RCX)
	stride, left, end := fn.Arg("lanes", reg.RDX), reg.R8, reg.R9
	largest, sum := reg.Y12, reg.Y11
	l := lanes(0, 1)
	fn.MOVQ(stride, left)
	fn.SHLQ(operand.U8(2), stride)
	fn.MOVQ(n, end)
	fn.IMULQ(stride, end)
	over := func(body func(from reg.GPPhysical)) {
		from, loop := reg.RAX, fn.NewLabel("loop")
		fn.XORL(from.As32(), from.As32())
		fn.Label(loop)
		body(from)
		fn.ADDQ(stride, from)
		fn.CMPQ(from, end)
		fn.JLT(operand.LabelRef(loop))
	}
	vectors := fn.NewLabel("vectors")
	fn.Label(vectors)
	fn.VMOVUPS(f.Splat8F(float32(math.Inf(-1))), largest)
	over(func(from reg.GPPhysical) {
		fn.VMOVUPS(at(src, from), l[0].x)
		fn.VMAXPS(l[0].x, largest, largest)
	})
	fn.VXORPS(sum, sum, sum)
	over(func(from reg.GPPhysical) {
		fn.VMOVUPS(at(src, from), l[0].a)
		fn.VSUBPS(largest, l[0].a, l[0].a)
		fn.expParts(l)
		fn.VADDPS(l[0].q, sum, sum)
		fn.VMOVUPS(l[0].q, at(dst, from))
	})
	over(func(from reg.GPPhysical) {
		fn.VMOVUPS(at(dst, from), l[0].x)
		fn.VDIVPS(sum, l[0].x, l[0].x)
		fn.VMOVUPS(l[0].x, at(dst, from))
	})
	fn.ADDQ(operand.U8(32), dst)
	fn.ADDQ(operand.U8(32), src)
	fn.SUBQ(operand.U8(8), left)
	fn.JG(operand.LabelRef(vectors))
	fn.Return()
}
