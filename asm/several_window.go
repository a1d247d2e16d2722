package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitWindowSeveral emits the sliding-window permute for several vectors: words
// are loaded and decoded once a pass, permuted for each vector.
func emitWindowSeveral(f *File, name string, width int, form sparse.IndexForm) {
	k := &windowSeveral{words: reg.R8, bases: reg.R9, counts: reg.R10, scales: reg.R11, n: reg.R13, width: width, form: form}
	signature, scaled := "func(dst, init, src *float32, words, bases, counts *byte, groups int, vectors, step, initStep int)", ""
	sections := []sectionPointer{{"words", k.words}, {"bases", k.bases}, {"counts", k.counts}}
	switch form {
	case sparse.Exponent:
		signature = "func(dst, init, src *float32, words, bases, counts *byte, groups int, scale uint32, vectors, step, initStep int)"
		scaled = ", sums multiplied by the float32 of bits scale"
	case sparse.Fixed:
		signature = "func(dst, init, src *float32, words, scales, bases, counts *byte, groups int, vectors, step, initStep int)"
		scaled = ", sums multiplied by the scales of rows"
		sections = append(sections, sectionPointer{"scales", k.scales})
	}
	k.several = newSeveral(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in the\nwindow form of "+
		severalOne(name)+scaled+". It may\nread a window's width behind the last column of src.", sections...)
	k.passes(mostVectors, func() {
		group, end := k.NewLabel("group"), k.NewLabel("end")
		k.Label(group)
		k.Arg("counts", reg.RAX)
		k.Arg("groups", reg.RBX)
		k.LEAQ(operand.Mem{Base: reg.RAX, Index: reg.RBX, Scale: 4}, reg.RAX)
		k.CMPQ(k.counts, reg.RAX)
		k.JGE(operand.LabelRef(end))
		k.group()
		k.JMP(operand.LabelRef(group))
		k.Label(end)
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
	m := &matvec{Func: k.Func, places: k.bases}
	k.MOVL(mem(k.counts, 0), k.n.As32())
	k.ADDQ(operand.U8(4), k.counts)
	m.zero(ymm[:4*k.vectors])
	if k.form == sparse.Fixed {
		// Groups that fall back to the Exponent form have an odd count.
		shifted, sum := k.NewLabel("shifted"), k.NewLabel("sum")
		k.SHRL(operand.U8(1), k.n.As32())
		k.JCS(operand.LabelRef(shifted))
		k.quads(m, sparse.Fixed)
		k.JMP(operand.LabelRef(sum))
		k.Label(shifted)
		k.quads(m, sparse.Exponent)
		k.Label(sum)
	} else {
		k.quads(m, k.form)
	}
	k.store(m)
	k.ADDQ(operand.U8(32), k.init)
	k.ADDQ(operand.U8(32), k.dst)
}

// quads emits the loop over quadruples of steps of a group.
func (k *windowSeveral) quads(m *matvec, form sparse.IndexForm) {
	m.loop(k.n, func() {
		for i, base := range m.quadPlaces() {
			k.step(i, base.Index, form)
		}
		k.SUBQ(operand.I8(-128), k.words)
		k.ADDQ(operand.U8(8), k.bases)
	})
}

// step emits step i of four, whose base a register holds.
func (k *windowSeveral) step(i int, base reg.Register, form sparse.IndexForm) {
	word, weight, x, upper := ymm[12], ymm[13], ymm[14], ymm[15]
	k.VMOVUPS(mem(k.words, 32*i), word)
	switch {
	case k.width == sparse.WideWindow:
		k.VPADDD(word, word, weight)
		k.VPSRAD(operand.U8(4), weight, weight)
		k.VPAND(k.File.Splat8(exponentMask(k.width)), weight, weight)
	case form == sparse.Fixed:
		k.VCVTDQ2PS(word, weight)
	case form == sparse.Exponent:
		k.VPSRAD(operand.U8(3), word, weight)
		k.VPAND(k.File.Splat8(exponentMask(k.width)), weight, weight)
	default:
		weight = word
	}
	for v := range k.vectors {
		at := operand.Mem{Base: k.src[v], Index: base, Scale: 4}
		k.VPERMPS(at, word, x)
		if k.width == sparse.WideWindow {
			at.Disp = 32
			k.VPERMPS(at, word, upper)
			k.VBLENDVPS(word, upper, x, x)
		}
		k.VFMADD231PS(weight, x, ymm[4*v+i])
	}
}

// store adds the accumulators of each vector and its init.
func (k *windowSeveral) store(m *matvec) {
	scale := ymm[15]
	switch k.form {
	case sparse.Exponent:
		k.VBROADCASTSS(k.param("scale"), scale)
	case sparse.Fixed:
		k.VMOVUPS(mem(k.scales, 0), scale)
		k.ADDQ(operand.U8(32), k.scales)
	}
	k.finish(0, func(v int, init operand.Mem) reg.VecPhysical {
		acc := ymm[4*v : 4*v+4]
		m.sum(acc)
		if k.form == sparse.Mantissa {
			k.VADDPS(init, acc[0], acc[0])
		} else {
			k.VFMADD213PS(init, scale, acc[0])
		}
		return acc[0]
	})
}
