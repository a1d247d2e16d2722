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
func emitDense(f *File, name string, width int) {
	const signature = "func(dst, init, src *float32, weights *byte, cols, panels int)"
	k := startMatVec(f, name, signature, fmt.Sprintf(
		"%s computes dst = init + W·src for panels of %d dense rows;\nweights lie column by column inside a panel. init may be dst.", name, 8*width),
		"weights", "", "", "panels")
	cols := k.Arg("cols", reg.R12)
	flight := sparse.DenseColumns(width)
	acc := ymm[:flight*width]
	broadcast := ymm[len(acc):]
	x, n := reg.RAX, reg.RCX

	columns := func(count int) {
		for c := range count {
			b := broadcast[c%len(broadcast)]
			k.VBROADCASTSS(mem(x, 4*c), b)
			for v := range width {
				k.VFMADD231PS(mem(k.weights, 32*(c*width+v)), b, acc[c*width+v])
			}
		}
		k.ADDQ(operand.I32(4*count), x)
		k.ADDQ(operand.I32(32*width*count), k.weights)
	}
	k.loop(k.rows, func() {
		k.zero(acc)
		k.MOVQ(k.src, x)
		k.MOVQ(cols, n)
		k.SHRQ(operand.U8(bits.TrailingZeros(uint(flight))), n)
		k.loop(n, func() { columns(flight) })
		k.MOVQ(cols, n)
		k.ANDQ(operand.U8(flight-1), n)
		k.loop(n, func() { columns(1) })
		for half := flight / 2; half > 0; half /= 2 {
			for i := range half * width {
				k.VADDPS(acc[i+half*width], acc[i], acc[i])
			}
		}
		for v := range width {
			k.VADDPS(mem(k.init, 32*v), acc[v], acc[v])
			k.VMOVUPS(acc[v], mem(k.dst, 32*v))
		}
		k.ADDQ(operand.I32(32*width), k.init)
		k.ADDQ(operand.I32(32*width), k.dst)
	})
	k.Return()
}
