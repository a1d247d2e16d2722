package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitBlock emits the kernel for height×1 blocks: broadcast an element of src,
// multiply it with the block. Four blocks at a time, one accumulator each.
func emitBlock(f *File, name string, height int) {
	const signature = "func(dst, init, src *float32, weights, columns, counts *byte, rows int)"
	k := startMatVec(f, name, signature, fmt.Sprintf(
		"%s computes dst = init + W·src for rows block rows of %d×1\nblocks; block row i has 4·counts[i] blocks. init may be dst.", name, height),
		"weights", "columns", "counts", "rows")
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
		k.MOVL(mem(k.counts, 0), n.As32())
		k.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		k.loop(n, func() {
			for i, x := range k.quadPlaces() {
				b := register(len(acc) + i)
				k.VBROADCASTSS(x, b)
				for v := range vectors {
					k.VFMADD231PS(mem(k.weights, 4*height*i+32*v), b, acc[4*v+i])
				}
			}
			k.ADDQ(operand.I32(16*height), k.weights)
			k.ADDQ(operand.U8(8), k.places)
		})
		for v := range vectors {
			k.sum(acc[4*v : 4*v+4])
			k.VADDPS(mem(k.init, 32*v), acc[4*v], acc[4*v])
			k.VMOVUPS(acc[4*v], mem(k.dst, 32*v))
		}
		k.ADDQ(operand.I32(4*height), k.init)
		k.ADDQ(operand.I32(4*height), k.dst)
	})
	k.Return()
}
