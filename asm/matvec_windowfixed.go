package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitWindowFixed emits the stream kernel of the Fixed form. Its decoding, one
// conversion of integers, runs on ports that neither permutes nor multiply-adds
// take: a step costs no more than one with the index in the mantissa. Groups that
// fall back to the Exponent form have a loop of their own, out of the way.
func emitWindowFixed(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, scales, bases, counts *byte, groups int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in\nwindow form, weights and lane indices in integers; group i has 4·(counts[i]/2)\nsteps, words with the index below the exponent if counts[i] is odd, and scales\nfor its 8 rows. It may read 7 elements behind the last column of src. init may\nbe dst.",
		"words", "bases", "counts", "groups")
	fn := k.fn
	scales, n := fn.Arg("scales", reg.R15), reg.R13
	fixed := windowStep{matvec: k, width: sparse.NarrowWindow, form: sparse.Fixed, scale: ymm[15]}
	shifted := windowStep{matvec: k, width: sparse.NarrowWindow, form: sparse.Exponent, mask: ymm[14]}
	fn.VMOVUPS(f.Splat8(sparse.ExponentMask), shifted.mask)
	fallback, sum := fn.NewLabel("shifted"), fn.NewLabel("sum")
	acc := windowChains
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		fn.SHRL(operand.U8(1), n.As32())
		fn.JCS(operand.LabelRef(fallback))
		fixed.quads(n, acc)
		fn.Label(sum)
		fn.VMOVUPS(mem(scales, 0), fixed.scale)
		fixed.finish(acc, mem(k.init, 0), mem(k.dst, 0))
		for _, p := range []reg.GPPhysical{scales, k.init, k.dst} {
			fn.ADDQ(operand.U8(32), p)
		}
	})
	fn.Return()
	fn.Label(fallback)
	shifted.quads(n, acc)
	fn.JMP(operand.LabelRef(sum))
}
