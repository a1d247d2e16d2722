package asm

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitDenseSeveral emits the dense kernel for several vectors, for panels of
// width groups of 8 rows: as many groups at a time as have accumulators for three
// vectors, with as many columns in flight as the kernel for one vector has.
func emitDenseSeveral(f *File, name string, width int, steps steps) {
	weights, cols, panels := reg.R8, reg.R9, reg.R11
	k := &denseSeveral{
		several: newSeveral(f, name, "dst, init, src *float32, weights *byte, cols, panels int", fmt.Sprintf(
			"%s computes dst = init + W·src for panels of %d dense rows;\nweights lie column by column inside a panel.", name, 8*width), steps,
			sectionPointer{"weights", weights}, sectionPointer{"cols", cols}, sectionPointer{"panels", panels}),
		weights: weights, cols: cols, width: width, flight: sparse.DenseColumns(width),
		w: reg.RBX, n: reg.RCX, x: [mostVectors]reg.GPPhysical{reg.R10, reg.R12, reg.R13},
	}
	fn := k.fn
	// A panel of 8 rows has eight columns in flight: accumulators for one vector.
	most := min(mostVectors, 12/k.flight)
	m := &matvec{fn: fn}
	k.passes(most, func() {
		k.groups = min(width, 12/(k.flight*most))
		m.loop(panels, func() {
			for first := 0; first < width; first += k.groups {
				k.rows(m, first)
			}
			fn.MOVQ(cols, k.n)
			fn.IMUL3Q(operand.I32(32*width), k.n, k.n)
			fn.ADDQ(k.n, weights)
			fn.ADDQ(operand.I32(32*width), k.init)
			fn.ADDQ(operand.I32(32*width), k.dst)
		})
	})
}

// denseSeveral emits the parts of the kernel.
type denseSeveral struct {
	*several
	weights, cols reg.GPPhysical
	width, flight int // groups of a panel, columns in flight
	groups        int // at a time

	w, n reg.GPPhysical // weights of the next column, columns left
	x    [mostVectors]reg.GPPhysical
}

// acc is the accumulator of a vector for column c of those in flight and group g.
func (k *denseSeveral) acc(v, c, g int) reg.VecPhysical {
	return ymm[(v*k.flight+c)*k.groups+g]
}

// rows emits groups of a panel from the first on.
func (k *denseSeveral) rows(m *matvec, first int) {
	fn := k.fn
	m.zero(ymm[:k.vectors*k.flight*k.groups])
	fn.LEAQ(mem(k.weights, 32*first), k.w)
	for v := range k.vectors {
		fn.MOVQ(k.src[v], k.x[v])
	}
	fn.MOVQ(k.cols, k.n)
	fn.SHRQ(operand.U8(bits.TrailingZeros(uint(k.flight))), k.n)
	m.loop(k.n, func() { k.columns(k.flight) })
	fn.MOVQ(k.cols, k.n)
	fn.ANDQ(operand.U8(k.flight-1), k.n)
	m.loop(k.n, func() { k.columns(1) })
	for v := range k.vectors {
		for half := k.flight / 2; half > 0; half /= 2 {
			for c := range half {
				for g := range k.groups {
					fn.VADDPS(k.acc(v, c+half, g), k.acc(v, c, g), k.acc(v, c, g))
				}
			}
		}
	}
	for g := range k.groups {
		k.finish(32*(first+g), func(v int, init operand.Mem) reg.VecPhysical {
			fn.VADDPS(init, k.acc(v, 0, g), k.acc(v, 0, g))
			return k.acc(v, 0, g)
		})
	}
}

// columns emits count columns, one for each set of accumulators.
func (k *denseSeveral) columns(count int) {
	fn := k.fn
	x := ymm[15]
	for c := range count {
		for g := range k.groups {
			fn.VMOVUPS(mem(k.w, 32*(c*k.width+g)), ymm[12+g])
		}
		for v := range k.vectors {
			fn.VBROADCASTSS(mem(k.x[v], 4*c), x)
			for g := range k.groups {
				fn.VFMADD231PS(ymm[12+g], x, k.acc(v, c, g))
			}
		}
	}
	fn.ADDQ(operand.I32(32*k.width*count), k.w)
	for v := range k.vectors {
		fn.ADDQ(operand.I32(4*count), k.x[v])
	}
}
