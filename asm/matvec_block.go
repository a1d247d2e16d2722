package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitBlock emits the kernel for height×1 blocks: broadcast an element of src,
// multiply it with the block. Four blocks at a time, one accumulator each.
func emitBlock(f *File, name string, height int, p sparse.Precision) {
	k := startMatVec(f, name, matvecSignature(p, "weights, columns, counts", "rows"), fmt.Sprintf(
		"%s computes dst = init + W·src for rows block rows of %d×1\nblocks; block row i has 4·counts[i] blocks. init may be dst.%s", name, height, precisionDoc(p)),
		"weights", "columns", "counts", "rows")
	fn := k.fn
	k.rowScales(p)
	vectors := max(1, height/8)
	register := func(i int) reg.VecPhysical {
		if height == 4 {
			return ymm[i].AsX().(reg.VecPhysical)
		}
		return ymm[i]
	}
	acc := make([]reg.VecPhysical, 4*vectors)
	for i := range acc {
		acc[i] = register(i)
	}
	n := reg.R13
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		k.loop(n, func() {
			for i, x := range k.quadPlaces() {
				b := register(len(acc) + i)
				fn.VBROADCASTSS(x, b)
				spare := register(12 + i)
				for v := range vectors {
					k.multiplyAdd(p, mem(k.weights, p.Bytes()*(height*i+8*v)), b, spare, acc[4*v+i])
				}
			}
			fn.ADDQ(operand.I32(4*p.Bytes()*height), k.weights)
			fn.ADDQ(operand.U8(8), k.places)
		})
		for v := range vectors {
			k.sum(acc[4*v : 4*v+4])
			k.store(p, acc[4*v], acc[4*v+1], 32*v)
		}
		k.nextRows(p, height)
	})
	fn.Return()
}
