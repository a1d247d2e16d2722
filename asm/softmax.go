package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitSoftmax emits three passes: the maximum; the exponentials, stored in dst,
// and their sum; the division. n is padded in the kernel: in the last vector the
// lanes from n on count as −Inf, whose exponential is 0, and so leave the
// maximum and the sum alone and come out as zeros.
func emitSoftmax(f *File) {
	fn := f.Func("softmaxAVX2", "func(dst, src *float32, n int)",
		"softmaxAVX2 computes dst[i] = exp(src[i]-m) / sum(exp(src[k]-m)) for i < n, m the maximum of\n"+
			"src[:n], and sets dst[n:] to zero up to the next multiple of 8. Both are readable and dst is\n"+
			"writable up to there.")
	s := softmax{
		fn:  fn,
		dst: fn.Arg("dst", reg.RDI), src: fn.Arg("src", reg.RSI), n: fn.Arg("n", reg.RCX),
		from: reg.RAX, last: reg.RBX,
		infinity: reg.Y14, absent: reg.Y13, max: reg.Y12, sum: reg.Y11,
	}
	empty := fn.NewLabel("empty")
	fn.TESTQ(s.n, s.n)
	fn.JLE(operand.LabelRef(empty))
	s.maskTail()
	s.maximum()
	s.exponentials()
	s.divide()
	fn.Label(empty)
	fn.Return()
}

// softmax holds what the passes share: from counts bytes from 0 to last, the
// offset of the last vector.
type softmax struct {
	fn                      *Func
	dst, src, n, from, last reg.GPPhysical

	infinity, absent, max, sum reg.VecPhysical // absent: all ones from n on
}

// maskTail sets up last, absent and infinity.
func (s *softmax) maskTail() {
	fn := s.fn
	f := fn.File
	fn.LEAQ(operand.Mem{Base: s.n, Disp: -1}, s.last)
	fn.SHRQ(operand.U8(3), s.last)
	fn.SHLQ(operand.U8(5), s.last)
	// Lanes 0…7 of the last vector are elements 8·(last/32)+lane: absent where
	// n − 8·(last/32) ≤ lane.
	fn.MOVQ(s.last, s.from)
	fn.SHRQ(operand.U8(2), s.from)
	fn.SUBQ(s.from, s.n)
	fn.VMOVD(s.n.As32(), s.absent.AsX())
	fn.VPBROADCASTD(s.absent.AsX(), s.absent)
	fn.VPCMPGTD(f.Words(0, 1, 2, 3, 4, 5, 6, 7), s.absent, s.absent) // present
	fn.VPCMPEQD(s.infinity, s.infinity, s.infinity)
	fn.VXORPS(s.infinity, s.absent, s.absent)
	fn.VMOVUPS(f.Splat8F(float32(math.Inf(-1))), s.infinity)
}

// over emits a loop over the vectors of src but the last and then the body for
// that one; load reads the vector, the last one with −Inf in absent lanes.
func (s *softmax) over(body func(load func(x reg.VecPhysical))) {
	fn := s.fn
	loop, tail := fn.NewLabel("loop"), fn.NewLabel("tail")
	fn.XORL(s.from.As32(), s.from.As32())
	fn.TESTQ(s.last, s.last)
	fn.JEQ(operand.LabelRef(tail))
	fn.Label(loop)
	body(func(x reg.VecPhysical) { fn.VMOVUPS(at(s.src, s.from), x) })
	fn.ADDQ(operand.U8(32), s.from)
	fn.CMPQ(s.from, s.last)
	fn.JNE(operand.LabelRef(loop))
	fn.Label(tail)
	body(func(x reg.VecPhysical) {
		fn.VMOVUPS(at(s.src, s.from), x)
		fn.VBLENDVPS(s.absent, s.infinity, x, x)
	})
}

func (s *softmax) maximum() {
	fn := s.fn
	fn.VMOVAPS(s.infinity, s.max)
	s.over(func(load func(reg.VecPhysical)) {
		load(reg.Y0)
		fn.VMAXPS(reg.Y0, s.max, s.max)
	})
	s.acrossLanes(s.max, func(a, b, dst reg.Register) { fn.VMAXPS(a, b, dst) })
}

func (s *softmax) exponentials() {
	fn := s.fn
	l := lanes(0, 1)
	fn.VXORPS(s.sum, s.sum, s.sum)
	s.over(func(load func(reg.VecPhysical)) {
		load(l[0].a)
		fn.VSUBPS(s.max, l[0].a, l[0].a)
		fn.expParts(l)
		fn.VADDPS(l[0].q, s.sum, s.sum)
		fn.VMOVUPS(l[0].q, at(s.dst, s.from))
	})
	s.acrossLanes(s.sum, func(a, b, dst reg.Register) { fn.VADDPS(a, b, dst) })
}

// divide goes downwards. A sum of NaN makes even absent lanes NaN: the last
// vector is masked, so that the padding holds zeros whatever the input.
func (s *softmax) divide() {
	fn := s.fn
	loop, done := fn.NewLabel("loop"), fn.NewLabel("done")
	quotient := func() {
		fn.VMOVUPS(at(s.dst, s.last), reg.Y0)
		fn.VDIVPS(s.sum, reg.Y0, reg.Y0)
	}
	quotient()
	fn.VANDNPS(reg.Y0, s.absent, reg.Y0)
	fn.Label(loop)
	fn.VMOVUPS(reg.Y0, at(s.dst, s.last))
	fn.SUBQ(operand.U8(32), s.last)
	fn.JLT(operand.LabelRef(done))
	quotient()
	fn.JMP(operand.LabelRef(loop))
	fn.Label(done)
}

// acrossLanes reduces the lanes of v and leaves the result in all of them:
// ((0+4)+(2+6)) + ((1+5)+(3+7)).
func (s *softmax) acrossLanes(v reg.VecPhysical, op func(a, b, dst reg.Register)) {
	fn := s.fn
	fn.VPERM2F128(operand.U8(1), v, v, reg.Y0)
	op(reg.Y0, v, v)
	fn.VPERMILPS(operand.U8(0b01_00_11_10), v, reg.Y0)
	op(reg.Y0, v, v)
	fn.VPERMILPS(operand.U8(0b10_11_00_01), v, reg.Y0)
	op(reg.Y0, v, v)
}
