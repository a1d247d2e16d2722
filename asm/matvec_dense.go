package asm

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitDense emits the dense kernel for panels of width groups of 8 rows: one
// broadcast of an element of src serves width vectors of weights, as many
// columns in flight as sparse.DenseColumns says. No sums across lanes.
func emitDense(f *File, name string, width int, p sparse.Precision) {
	k := startMatVec(f, name, matvecSignature(p, "weights", "cols, panels"), fmt.Sprintf(
		"%s computes dst = init + W·src for panels of %d dense rows;\nweights lie column by column inside a panel. init may be dst.%s", name, 8*width, precisionDoc(p)),
		"weights", "", "", "panels")
	fn := k.fn
	k.rowScales(p)
	cols := fn.Arg("cols", reg.R12)
	flight := sparse.DenseColumns(width)
	acc := ymm[:flight*width]
	broadcast, spare := ymm[len(acc):], ymm[14:]
	if p != sparse.Float32 {
		broadcast = ymm[len(acc):14]
	}
	x, n := reg.RAX, reg.RCX

	columns := func(count int) {
		for c := range count {
			b := broadcast[c%len(broadcast)]
			fn.VBROADCASTSS(mem(x, 4*c), b)
			for v := range width {
				k.multiplyAdd(p, mem(k.weights, 8*p.Bytes()*(c*width+v)), b, spare[v%2], acc[c*width+v])
			}
		}
		fn.ADDQ(operand.I32(4*count), x)
		fn.ADDQ(operand.I32(8*p.Bytes()*width*count), k.weights)
	}
	k.loop(k.rows, func() {
		k.zero(acc)
		fn.MOVQ(k.src, x)
		fn.MOVQ(cols, n)
		fn.SHRQ(operand.U8(bits.TrailingZeros(uint(flight))), n)
		k.loop(n, func() { columns(flight) })
		fn.MOVQ(cols, n)
		fn.ANDQ(operand.U8(flight-1), n)
		k.loop(n, func() { columns(1) })
		for half := flight / 2; half > 0; half /= 2 {
			for i := range half * width {
				fn.VADDPS(acc[i+half*width], acc[i], acc[i])
			}
		}
		for v := range width {
			k.store(p, acc[v], spare[v%2], 32*v)
		}
		k.nextRows(p, 8*width)
	})
	fn.Return()
}
