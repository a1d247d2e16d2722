package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitWindowSeveral emits the sliding-window permute for several vectors: words
// are loaded and decoded once a pass, permuted for each vector.
func emitWindowSeveral(f *File, name string, width int, form sparse.IndexForm, steps steps) {
	k := &windowSeveral{words: reg.R8, bases: reg.R9, counts: reg.R10, scales: reg.R11, n: reg.R13, width: width, form: form}
	signature, scaled := "dst, init, src *float32, words, bases, counts *byte, groups int", ""
	sections := []sectionPointer{{"words", k.words}, {"bases", k.bases}, {"counts", k.counts}}
	switch form {
	case sparse.Exponent:
		signature = "dst, init, src *float32, words, bases, counts *byte, groups int, scale uint32"
		scaled = ", sums multiplied by the float32 of bits scale"
	case sparse.Fixed:
		signature = "dst, init, src *float32, words, scales, bases, counts *byte, groups int"
		scaled = ", sums multiplied by the scales of rows"
		sections = append(sections, sectionPointer{"scales", k.scales})
	}
	k.several = newSeveral(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in the\nwindow form of "+
		severalOne(name)+scaled+". It may\nread a window's width behind the last column of src.", steps, sections...)
	fn := k.fn
	k.passes(mostVectors, func() {
		group, end := fn.NewLabel("group"), fn.NewLabel("end")
		fn.Label(group)
		fn.Arg("counts", reg.RAX)
		fn.Arg("groups", reg.RBX)
		fn.LEAQ(operand.Mem{Base: reg.RAX, Index: reg.RBX, Scale: 4}, reg.RAX)
		fn.CMPQ(k.counts, reg.RAX)
		fn.JGE(operand.LabelRef(end))
		k.group()
		fn.JMP(operand.LabelRef(group))
		fn.Label(end)
	})
}

// windowSeveral emits the parts of the kernel. Vector v has the accumulators from
// 4v on, one for each step of four.
type windowSeveral struct {
	*several
	words, bases, counts, scales, n reg.GPPhysical
	width                           int // columns of a window
	form                            sparse.IndexForm
}

// group emits a group of 8 rows.
func (k *windowSeveral) group() {
	fn := k.fn
	m := &matvec{fn: fn, places: k.bases}
	fn.MOVL(mem(k.counts, 0), k.n.As32())
	fn.ADDQ(operand.U8(4), k.counts)
	m.zero(ymm[:4*k.vectors])
	if k.form == sparse.Fixed {
		// Groups that fall back to the Exponent form have an odd count.
		shifted, sum := fn.NewLabel("shifted"), fn.NewLabel("sum")
		fn.SHRL(operand.U8(1), k.n.As32())
		fn.JCS(operand.LabelRef(shifted))
		k.oddPair(m, sparse.Fixed)
		k.quads(m, sparse.Fixed)
		fn.JMP(operand.LabelRef(sum))
		fn.Label(shifted)
		k.oddPair(m, sparse.Exponent)
		k.quads(m, sparse.Exponent)
		fn.Label(sum)
	} else {
		k.quads(m, k.form)
	}
	k.store(m)
	fn.ADDQ(operand.U8(32), k.init)
	fn.ADDQ(operand.U8(32), k.dst)
}

// oddPair emits the two steps that come first where a group has an odd number of pairs
// of them, and leaves the number of quadruples behind.
func (k *windowSeveral) oddPair(m *matvec, form sparse.IndexForm) {
	fn, even := k.fn, k.fn.NewLabel("even")
	fn.SHRL(operand.U8(1), k.n.As32())
	fn.JCC(operand.LabelRef(even))
	for i, x := range m.pairPlaces() {
		k.step(32*i, x.Index, form, 2+i)
	}
	fn.ADDQ(operand.U8(64), k.words)
	fn.ADDQ(operand.U8(4), k.bases)
	fn.Label(even)
}

// quads emits the loop over quadruples of steps of a group.
func (k *windowSeveral) quads(m *matvec, form sparse.IndexForm) {
	m.loop(k.n, func() {
		for i, base := range m.quadPlaces() {
			k.step(32*i, base.Index, form, i)
		}
		k.fn.SUBQ(operand.I8(-128), k.words)
		k.fn.ADDQ(operand.U8(8), k.bases)
	})
}

// step emits a step, whose words are at a displacement and whose base is in a register,
// for one of the four accumulators of each vector.
func (k *windowSeveral) step(at int, base reg.Register, form sparse.IndexForm, acc int) {
	fn := k.fn
	word, weight, x, upper := ymm[12], ymm[13], ymm[14], ymm[15]
	fn.VMOVUPS(mem(k.words, at), word)
	switch {
	case k.width == sparse.WideWindow:
		fn.VPADDD(word, word, weight)
		fn.VPSRAD(operand.U8(4), weight, weight)
		fn.VPAND(fn.File.Splat8(exponentMask(k.width)), weight, weight)
	case form == sparse.Fixed:
		fn.VCVTDQ2PS(word, weight)
	case form == sparse.Exponent:
		fn.VPSRAD(operand.U8(3), word, weight)
		fn.VPAND(fn.File.Splat8(exponentMask(k.width)), weight, weight)
	default:
		weight = word
	}
	for v := range k.vectors {
		columns := operand.Mem{Base: k.src[v], Index: base, Scale: 4}
		fn.VPERMPS(columns, word, x)
		if k.width == sparse.WideWindow {
			columns.Disp = 32
			fn.VPERMPS(columns, word, upper)
			fn.VBLENDVPS(word, upper, x, x)
		}
		fn.VFMADD231PS(weight, x, ymm[4*v+acc])
	}
}

// store adds the accumulators of each vector and its init.
func (k *windowSeveral) store(m *matvec) {
	fn := k.fn
	scale := ymm[15]
	switch k.form {
	case sparse.Exponent:
		fn.VBROADCASTSS(fn.param("scale"), scale)
	case sparse.Fixed:
		fn.VMOVUPS(mem(k.scales, 0), scale)
		fn.ADDQ(operand.U8(32), k.scales)
	}
	k.finish(0, func(v int, init operand.Mem) reg.VecPhysical {
		acc := ymm[4*v : 4*v+4]
		m.sum(acc)
		if k.form == sparse.Mantissa {
			fn.VADDPS(init, acc[0], acc[0])
		} else {
			fn.VFMADD213PS(init, scale, acc[0])
		}
		return acc[0]
	})
}
