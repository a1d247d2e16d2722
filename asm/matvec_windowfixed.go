package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitWindowFixed emits the stream kernel of the Fixed form. Its decoding, one
// conversion of integers, runs on ports that neither permutes nor multiply-adds
// take: a step costs no more than one with the index in the mantissa. Groups have whole
// pairs of steps, not quadruples: one idle step less each, of 20 to 50 (`sparsec bench
// kernels`, µs: 1152×384 lane 8×8 at 5 % 1.12 and 1.08, at 10 % 2.05 and 2.00, iid at 5 %
// 2.31 and 2.24; 7680×2560 magnitude-like at 5 % 101.6 and 98.6). Groups that
// fall back to the Exponent form have a loop of their own, out of the way.
func emitWindowFixed(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, scales, bases, counts *byte, groups int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in\nwindow form, weights and lane indices in integers; group i has counts[i] steps,\nif that is odd one less and words with the index below the exponent, and scales\nfor its 8 rows. It may read 7 elements behind the last column of src. init may\nbe dst.",
		"words", "bases", "counts", "groups")
	k.fixedGroups()
}

// fixedGroups emits the loop over groups of the Fixed form, and the end of the
// kernel.
func (k *matvec) fixedGroups() {
	fn := k.fn
	scales, n := fn.Arg("scales", reg.R15), reg.R13
	index, group, end := k.fromEnd(scales), fn.NewLabel("group"), fn.NewLabel("end")
	k.holdFields(reg.R14, k.dst)
	fixed := windowStep{matvec: k, width: sparse.NarrowWindow, form: sparse.Fixed, scale: ymm[15]}
	shifted := windowStep{matvec: k, width: sparse.NarrowWindow, form: sparse.Exponent, mask: ymm[14]}
	fn.VMOVUPS(fn.File.Splat8(sparse.ExponentMask), shifted.mask)
	fallback, sum := fn.NewLabel("shifted"), fn.NewLabel("sum")
	acc := windowChains
	fn.TESTQ(index, index)
	fn.JZ(operand.LabelRef(end))
	fn.Label(group)
	fn.MOVL(operand.Mem{Base: k.counts, Index: index, Scale: 1}, n.As32())
	k.zero(acc)
	fn.SHRL(operand.U8(1), n.As32())
	fn.JCS(operand.LabelRef(fallback))
	fixed.oddPair(n, acc)
	fixed.pairs(n, acc)
	fn.Label(sum)
	of := func(base reg.Register) operand.Mem { return operand.Mem{Base: base, Index: index, Scale: 8} }
	fn.VMOVUPS(of(scales), fixed.scale)
	fixed.finish(acc, of(k.init), of(fn.Arg("dst", reg.RAX)))
	fn.ADDQ(operand.U8(4), index)
	fn.JNZ(operand.LabelRef(group))
	fn.Label(end)
	fn.Return()
	fn.Label(fallback)
	shifted.oddPair(n, acc)
	shifted.quads(n, acc)
	fn.JMP(operand.LabelRef(sum))
}

// fromEnd moves the pointers to what groups have one of, dst in its parameter,
// behind the last group. The register of the number of groups becomes the index
// from there, in bytes of counts: it reaches 0 when all are done. Where one register
// counts and addresses, dst's is free.
func (k *matvec) fromEnd(scales reg.GPPhysical) (index reg.GPPhysical) {
	fn := k.fn
	fn.SHLQ(operand.U8(5), k.rows)
	for _, vectors := range []operand.Op{scales, k.init, fn.param("dst")} {
		fn.ADDQ(k.rows, vectors)
	}
	fn.SHRQ(operand.U8(3), k.rows)
	fn.ADDQ(k.rows, k.counts)
	fn.NEGQ(k.rows)
	return k.rows
}
