package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitCSR emits the kernel for compressed rows: for each weight, load it and
// multiply it with the element of src that its column names. Eight rows in
// lockstep, one accumulator each: more multiply-adds in flight than their
// latency needs, so that two loads a weight are what binds.
func emitCSR(f *File, name string) {
	const signature = "func(dst, init, src *float32, weights, columns, places, counts *byte, groups int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for groups of 8 compressed\n"+
		"rows, counts[i] rounds of 8 weights in group i, whose rows are at the int16\nplaces[8·i:8·i+8] behind the group's first. init may be dst.",
		"weights", "columns", "counts", "groups")
	places := k.Arg("places", reg.R13)
	var acc, weight [8]reg.VecPhysical
	for i := range acc {
		acc[i], weight[i] = ymm[i].AsX().(reg.VecPhysical), ymm[8+i].AsX().(reg.VecPhysical)
	}
	n := reg.R15
	k.loop(k.rows, func() {
		k.MOVL(mem(k.counts, 0), n.As32())
		k.ADDQ(operand.U8(4), k.counts)
		k.zero(acc[:])
		k.loop(n, func() {
			for half := 0; half < 8; half += 4 {
				for i, x := range k.quadPlaces() {
					lane := half + i
					k.VMOVSS(mem(k.weights, 4*lane), weight[lane])
					k.VFMADD231SS(x, weight[lane], acc[lane])
				}
				k.ADDQ(operand.U8(8), k.places)
			}
			k.ADDQ(operand.U8(32), k.weights)
		})
		for lane, a := range acc {
			row := scratch[lane%len(scratch)]
			k.MOVWQSX(mem(places, 2*lane), row)
			k.VADDSS(operand.Mem{Base: k.init, Index: row, Scale: 4}, a, a)
			k.VMOVSS(a, operand.Mem{Base: k.dst, Index: row, Scale: 4})
		}
		k.ADDQ(operand.U8(16), places)
		k.ADDQ(operand.U8(32), k.init)
		k.ADDQ(operand.U8(32), k.dst)
	})
	k.Return()
}
