package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitWindow emits the stream kernel of the sliding-window permute: load 8
// words, permute the 8 elements of src at the base by them (VPERMPS reads the
// low 3 bits of a lane), multiply and add. Four steps at a time, one
// accumulator each. In windows of 16 columns, two permutes take from the two
// halves and the sign bit of the word blends them.
func emitWindow(f *File, name string, width int, form sparse.IndexForm) {
	signature := "func(dst, init, src *float32, words, bases, counts *byte, groups int)"
	doc := name + " computes dst = init + W·src for groups of 8 rows in\nwindow form, lane indices in the low mantissa bits; group i has 4·counts[i]\nsteps. It may read 7 elements behind the last column of src. init may be dst."
	if form == sparse.Exponent {
		signature = "func(dst, init, src *float32, words, bases, counts *byte, groups int, scale uint32)"
		doc = name + " computes dst = init + W·src for groups of 8 rows in\nwindow form, lane indices below the exponent; group i has 4·counts[i] steps,\nand sums are multiplied by the float32 of bits scale. It may read 7 elements\nbehind the last column of src. init may be dst."
	}
	if width == sparse.WideWindow {
		doc = name + " computes dst = init + W·src for groups of 8 rows in\nwindow form, windows of 16 columns, indices around the weights; group i has\n4·counts[i] steps, and sums are multiplied by the float32 of bits scale. It may\nread 15 elements behind the last column of src. init may be dst."
	}
	k := startMatVec(f, name, signature, doc, "words", "bases", "counts", "groups")
	fn := k.fn
	acc, step := windowChains, windowStep{matvec: k, width: width, form: form}
	if form == sparse.Exponent {
		step.mask = ymm[14]
		step.scale = ymm[15]
		fn.VMOVUPS(f.Splat8(exponentMask(width)), step.mask)
		fn.Arg("scale", reg.RAX)
		fn.VMOVD(reg.EAX, step.scale.AsX())
		fn.VPBROADCASTD(step.scale.AsX(), step.scale)
	}
	n := reg.R13
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		step.quads(n, acc)
		step.finish(acc, mem(k.init, 0), mem(k.dst, 0))
		fn.ADDQ(operand.U8(32), k.init)
		fn.ADDQ(operand.U8(32), k.dst)
	})
	fn.Return()
}

// exponentMask clears the exponent bits that are constant in the Exponent form.
func exponentMask(width int) uint32 {
	if width == sparse.WideWindow {
		return sparse.WideExponentMask
	}
	return sparse.ExponentMask
}

// windowStep emits single steps of a window kernel.
type windowStep struct {
	*matvec
	width       int // columns of a window
	form        sparse.IndexForm
	mask, scale reg.VecPhysical // of Exponent and Fixed
	taken       int             // steps
}

// windowChains are the accumulators of a window kernel. They hide the latency
// of the multiply-add; eight of them are no faster.
var windowChains = ymm[8:12]

// quads emits the loop over n quadruples of steps of a group.
func (s *windowStep) quads(n reg.GPPhysical, acc []reg.VecPhysical) {
	s.loop(n, func() {
		s.quad(0, acc)
		s.behind(1)
	})
}

// pairs is quads for kernels whose arithmetic leaves time: an odd quadruple first,
// then two at a time, which saves instructions that only count.
func (s *windowStep) pairs(n reg.GPPhysical, acc []reg.VecPhysical) {
	fn := s.fn
	even, pair, done := fn.NewLabel("even"), fn.NewLabel("pair"), fn.NewLabel("done")
	fn.SHRL(operand.U8(1), n.As32())
	fn.JCC(operand.LabelRef(even))
	s.quad(0, acc)
	s.behind(1)
	fn.TESTL(n.As32(), n.As32())
	fn.Label(even)
	fn.JZ(operand.LabelRef(done))
	fn.Label(pair)
	s.quad(0, acc)
	s.quad(1, acc)
	s.behind(2)
	fn.DECQ(n)
	fn.JNZ(operand.LabelRef(pair))
	fn.Label(done)
}

// oddPair emits what comes first where a group has an odd number of pairs of steps,
// which the register n counts: two steps, for the last two accumulators. It leaves the
// number of quadruples behind.
func (s *windowStep) oddPair(n reg.GPPhysical, acc []reg.VecPhysical) {
	fn, even := s.fn, s.fn.NewLabel("quads")
	fn.SHRL(operand.U8(1), n.As32())
	fn.JCC(operand.LabelRef(even))
	for k, x := range s.pairPlaces() {
		s.emit(mem(s.weights, 32*k), x, acc[2+k])
	}
	fn.ADDQ(operand.U8(64), s.weights)
	fn.ADDQ(operand.U8(4), s.places)
	fn.Label(even)
}

// quad emits the steps of the i-th quadruple from here.
func (s *windowStep) quad(i int, acc []reg.VecPhysical) {
	for k, x := range s.quadPlacesAt(8 * i) {
		s.emit(mem(s.weights, 32*(4*i+k)), x, acc[k])
	}
}

// behind moves behind n quadruples.
func (s *windowStep) behind(n int) {
	s.fn.SUBQ(operand.I32(-128*n), s.weights)
	s.fn.ADDQ(operand.U8(8*n), s.places)
}

// emit adds one step to an accumulator. The words are loaded once: a second load,
// as an operand of the multiply-add, would cost half a cycle.
func (s *windowStep) emit(words, x operand.Mem, acc reg.VecPhysical) {
	fn := s.fn
	// Words in the lower registers have shorter encodings.
	w, v := ymm[s.taken%4], ymm[4+s.taken%4]
	s.taken++
	fn.VMOVUPS(words, w)
	fn.VPERMPS(x, w, v)
	switch {
	case s.width == sparse.WideWindow:
		// The shift by one is an addition, which more ports take.
		second, upper := x, ymm[12+s.taken%2]
		second.Disp += 32
		fn.VPERMPS(second, w, upper)
		fn.VBLENDVPS(w, upper, v, v)
		fn.VPADDD(w, w, w)
		fn.VPSRAD(operand.U8(4), w, w)
		fn.VPAND(w, s.mask, w)
	case s.form == sparse.Fixed:
		fn.VCVTDQ2PS(w, w)
	case s.form == sparse.Exponent:
		fn.VPSRAD(operand.U8(3), w, w)
		fn.VPAND(w, s.mask, w)
	}
	fn.VFMADD231PS(w, v, acc)
}

// finish adds init to the sum of the accumulators and stores 8 rows.
func (s *windowStep) finish(acc []reg.VecPhysical, init, dst operand.Mem) {
	fn := s.fn
	s.sum(acc)
	if s.form == sparse.Mantissa {
		fn.VADDPS(init, acc[0], acc[0])
	} else {
		fn.VFMADD213PS(init, s.scale, acc[0])
	}
	fn.VMOVUPS(acc[0], dst)
}
