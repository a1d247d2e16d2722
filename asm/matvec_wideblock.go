package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func wideBlockPart(b *sparse.WideBlock, r kernel.Range) part {
	const name = "matvecF32Block8x4AVX2"
	from := b.Start(r.From)
	return part{
		name: name, groups: r, reads: b.Cols(),
		offsets: []int{sparse.WideBlockRows * sparse.WideBlockCols * from, from, r.From},
		ints:    []int{r.To - r.From},
		emit:    func(f *File) { emitWideBlock(f, name) },
	}
}

// emitWideBlock emits the kernel for 8×4 blocks: broadcast four elements of src,
// multiply each with a column of the block. An accumulator for each column.
func emitWideBlock(f *File, name string) {
	const signature = "func(dst, init, src *float32, weights, columns, counts *byte, rows int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for rows block rows of 8×4\nblocks; block row i has counts[i] blocks. init may be dst.",
		"weights", "columns", "counts", "rows")
	fn := k.fn
	acc, n, column := ymm[:sparse.WideBlockCols], reg.R13, reg.RAX
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		k.loop(n, func() {
			fn.MOVWLZX(mem(k.places, 0), column.As32())
			for c, a := range acc {
				x := ymm[len(acc)+c]
				fn.VBROADCASTSS(operand.Mem{Base: k.src, Index: column, Scale: 4, Disp: 4 * c}, x)
				fn.VFMADD231PS(mem(k.weights, 32*c), x, a)
			}
			fn.SUBQ(operand.I8(-128), k.weights)
			fn.ADDQ(operand.U8(2), k.places)
		})
		k.sum(acc)
		fn.VADDPS(mem(k.init, 0), acc[0], acc[0])
		fn.VMOVUPS(acc[0], mem(k.dst, 0))
		fn.ADDQ(operand.U8(32), k.init)
		fn.ADDQ(operand.U8(32), k.dst)
	})
	fn.Return()
}
