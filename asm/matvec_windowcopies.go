package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// windowCopiesParts are the calls of a range of a matrix in windows of copies of
// src: one for each panel of columns, all but the first adding to what is in dst.
func windowCopiesParts(w *sparse.WindowCopies, r kernel.Range) []part {
	var list []part
	for p, panel := range w.Panels() {
		call := windowPart(panel.Windows, r)
		call.name = "matvecF32WindowCopiesAVX2"
		call.column, call.onto, call.reads = panel.Columns.From, p > 0, panel.Columns.Len()
		call.offsets = append(call.offsets, 0)
		for i, s := range panel.Sections() {
			call.offsets[i] += w.SectionStart(p, i) / kernel.SectionElem(s).Size()
		}
		call.ints = append(call.ints, panel.Columns.Len(), panel.Tiles())
		call.emit = func(f *File) { emitWindowCopies(f, call.name) }
		list = append(list, call)
	}
	return list
}

// emitWindowCopies emits the kernel of the Fixed form over copies of src, which it
// makes in its frame.
func emitWindowCopies(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, scales, bases, counts, tiles *byte, groups, columns, tileCount int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in\nwindow form, as matvecF32WindowFixedAVX2 does, over copies of the columns of src:\nthe first as they are, the others in tiles of 8×8, each transposed from vectors\nthat begin at the 8 columns in tiles. init may be dst.",
		"words", "bases", "counts", "groups")
	k.spread()
	k.fixedGroups()
}

// spread makes the copies of src in the frame and lets src point to them. They
// begin at a cache line, so that windows which avoid to cross one do.
func (k *matvec) spread() {
	const line, tile = 64, 64 // bytes, columns
	fn := k.fn
	frame := fn.AllocLocal(4*(sparse.CopiesRoom+8) + line)
	fn.Attributes(0) // the frame is too large for NOSPLIT
	copies, next, x, n := reg.R13, reg.RBX, reg.R12, reg.RCX
	fn.LEAQ(frame.Offset(line-1), copies)
	fn.ANDQ(operand.I8(-line), copies)

	// Padding behind the columns, up to a whole number of tiles.
	fn.Arg("columns", n)
	fn.LEAQ(mem(n, tile-1), next)
	fn.ANDQ(operand.I8(-tile), next)
	fn.LEAQ(operand.Mem{Base: copies, Index: next, Scale: 4}, next)
	fn.VXORPS(ymm[0], ymm[0], ymm[0])
	for i := range tile / 8 {
		fn.VMOVUPS(ymm[0], mem(next, 32*(i-tile/8)))
	}

	v, at := reg.RAX, x
	fn.MOVQ(copies, at)
	fn.MOVQ(n, v)
	fn.SHRQ(operand.U8(3), v)
	k.loop(v, func() {
		fn.VMOVUPS(mem(k.src, 0), ymm[0])
		fn.VMOVUPS(ymm[0], mem(at, 0))
		fn.ADDQ(operand.U8(32), k.src)
		fn.ADDQ(operand.U8(32), at)
	})
	fn.ANDQ(operand.U8(7), n)
	k.loop(n, func() {
		fn.MOVL(mem(k.src, 0), v.As32())
		fn.MOVL(v.As32(), mem(at, 0))
		fn.ADDQ(operand.U8(4), k.src)
		fn.ADDQ(operand.U8(4), at)
	})

	fn.Arg("tileCount", n)
	tiles := fn.Arg("tiles", k.src)
	k.loop(n, func() {
		k.transpose(tiles, copies, next, [2]reg.GPPhysical{v, x})
		fn.ADDQ(operand.U8(16), tiles)
		fn.ADDQ(operand.I32(4*tile), next)
	})
	fn.MOVQ(copies, k.src)
}

// transpose stores at dst the 8×8 elements whose rows are the vectors of x at the
// columns in tile. Halves of two rows are loaded into a register each, which
// leaves shuffles inside of halves alone.
func (k *matvec) transpose(tile, x, dst reg.GPPhysical, free [2]reg.GPPhysical) {
	fn := k.fn
	left, right := ymm[0:4], ymm[4:8]
	for j := range 4 {
		fn.MOVWLZX(mem(tile, 2*j), free[0].As32())
		fn.MOVWLZX(mem(tile, 2*(j+4)), free[1].As32())
		for half, v := range [][]reg.VecPhysical{left, right} {
			fn.VMOVUPS(operand.Mem{Base: x, Index: free[0], Scale: 4, Disp: 16 * half}, v[j].AsX())
			fn.VINSERTF128(operand.U8(1), operand.Mem{Base: x, Index: free[1], Scale: 4, Disp: 16 * half}, v[j], v[j])
		}
	}
	for half, v := range [][]reg.VecPhysical{left, right} {
		for pair := range 2 { // columns 4·half + 2·pair and the next
			unpack := fn.VUNPCKLPS
			if pair == 1 {
				unpack = fn.VUNPCKHPS
			}
			unpack(v[1], v[0], ymm[8])
			unpack(v[3], v[2], ymm[9])
			for i, select2 := range []operand.U8{0x44, 0xee} {
				fn.VSHUFPS(select2, ymm[9], ymm[8], ymm[10+i])
				fn.VMOVUPS(ymm[10+i], mem(dst, 32*(4*half+2*pair+i)))
			}
		}
	}
}
