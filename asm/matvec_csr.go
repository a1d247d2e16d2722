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
	fn := k.fn
	places := fn.Arg("places", reg.R13)
	var acc, weight [8]reg.VecPhysical
	for i := range acc {
		acc[i], weight[i] = ymm[i].AsX().(reg.VecPhysical), ymm[8+i].AsX().(reg.VecPhysical)
	}
	n := reg.R15
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc[:])
		k.loop(n, func() {
			for half := 0; half < 8; half += 4 {
				for i, x := range k.quadPlaces() {
					lane := half + i
					fn.VMOVSS(mem(k.weights, 4*lane), weight[lane])
					fn.VFMADD231SS(x, weight[lane], acc[lane])
				}
				fn.ADDQ(operand.U8(8), k.places)
			}
			fn.ADDQ(operand.U8(32), k.weights)
		})
		for lane, a := range acc {
			row := scratch[lane%len(scratch)]
			fn.MOVWQSX(mem(places, 2*lane), row)
			fn.VADDSS(operand.Mem{Base: k.init, Index: row, Scale: 4}, a, a)
			fn.VMOVSS(a, operand.Mem{Base: k.dst, Index: row, Scale: 4})
		}
		fn.ADDQ(operand.U8(16), places)
		fn.ADDQ(operand.U8(32), k.init)
		fn.ADDQ(operand.U8(32), k.dst)
	})
	fn.Return()
}
