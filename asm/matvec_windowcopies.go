package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// What windows over copies of src take, beside windows of src as it is (the fixed
// form), in the order of rows as drawn: steps a group and µs, at 10 and at 5 % of the
// weights (BenchmarkMatVec, Zen 4 at 3.69 GHz; dense in the same run).
//
//	matrix     dense  window steps, µs   copies
//	512×128    2.30    28.1   0.68        22.6   0.58
//	                   19.7   0.50        15.4   0.42
//	768×256    8.04    54.0   1.92        43.3   1.56
//	                   37.8   1.35        29.0   1.09
//	1152×384   19.7    80.0   4.27        63.6   3.46
//	                   54.5   2.89        42.6   2.40
//	1760×1760  155    358.5   30.4       296.5   28.8
//	                  245.4   21.4       194.8   19.8
//	3072×3072  1205   622.9    118       518.1   95.2
//	                  426.5   67.2       342.6   61.3
//	7680×2560  2438   520.6    257       434.6    259
//	                  356.2    158       287.5    138
//
// In the first two levels of the cache, where reads bind (a step takes one of words,
// one of src, a quarter of one of bases, and another one where a window crosses a
// cache line), time falls as steps do; from the third level, where windows of one
// copy run at its bandwidth, by less. A tile of 8×8 takes about 24 cycles, a group of
// rows in a further panel 10.
//
// Tried without gain: eight copies, and two (half of what four save); copies of 16
// KiB in fewer panels, which the stream of weights pushes out of the first level;
// windows that cross no cache line at all, which are 8 % more steps at the cost that
// they save, and ones that begin at every 8th place, 15 % more; groups of rows sorted
// by their number of steps, so that loops are predicted, which they are without.

// windowCopiesPart is the call of a range of a panel in windows of copies of src.
func windowCopiesPart(w *sparse.WindowCopies, r kernel.Range) part {
	p := windowPart(w.Windows(), r)
	p.name, p.reads = "matvecF32WindowCopiesAVX2", w.Cols()
	p.offsets = append(p.offsets, 0)
	p.ints = append(p.ints, w.Cols(), w.Tiles())
	p.several = nil
	p.emit = func(f *File) { emitWindowCopies(f, p.name) }
	return p
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
