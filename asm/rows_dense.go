package asm

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// mostWideVectors is the number of vectors that pass over dense weights together
// on AVX-512.
const mostWideVectors = 6

// hasWideRows reports whether AVX-512 has a kernel for panels of that width, whose
// columns fill whole registers.
func hasWideRows(width int) bool { return width == 2 || width == 4 }

// emitDenseRows emits the dense kernel of AVX-512 for the vectors of one value, for
// panels of width groups of 8 rows. All rows of a panel are computed at once, so
// that weights are read in the order of memory and once for six vectors: the kernel
// of AVX2 has registers for half of the rows of three, and goes over a panel twice.
// Sums are those of the kernel for one vector.
//
// Cycles a step of 8 lanes and vector, four vectors, matrices of 512×128 and 128×387
// in the second level at 3.69 GHz: 0.50, where the kernel of AVX2 takes 0.68; 2
// against 6 where weights come from beyond (BenchmarkSeveral).
func emitDenseRows(f *File, name string, width int) {
	k := &denseRows{
		fn: f.Func(name, "func(dst, init, src *float32, weights *byte, cols, panels int, "+rowsSteps.params()+")", fmt.Sprintf(
			"%s computes dst = init + W·src for panels of %d dense rows;\nweights lie column by column inside a panel.", name, 8*width)+rowsSteps.doc),
		width: width, flight: sparse.DenseColumns(width), wide: width / 2,
	}
	fn := k.fn
	m := &matvec{fn: fn}
	for k.vectors = mostWideVectors; k.vectors > 0; k.vectors-- {
		pass, fewer := fn.NewLabel("pass"), fn.NewLabel("fewer")
		fn.Label(pass)
		fn.CMPQ(fn.param("vectors"), operand.I8(k.vectors))
		fn.JLT(operand.LabelRef(fewer))
		fn.Arg("dst", reg.RDI)
		fn.Arg("init", reg.RSI)
		fn.Arg("weights", reg.R8)
		fn.Arg("cols", reg.R9)
		fn.Arg("panels", reg.R11)
		m.loop(reg.R11, func() { k.panel(m) })
		k.next("dstStep", "dst")
		k.next("srcStep", "src")
		fn.SUBQ(operand.U8(k.vectors), fn.param("vectors"))
		fn.JMP(operand.LabelRef(pass))
		fn.Label(fewer)
	}
	fn.Return()
}

// denseRows emits the parts of the kernel.
type denseRows struct {
	fn            *Func
	width, flight int // groups of a panel, columns in flight
	wide          int // registers of a column
	vectors       int // of the pass under construction
}

// acc is the accumulator of a vector for column c of those in flight and register z.
func (k *denseRows) acc(v, c, z int) reg.VecPhysical {
	return zmm[(v*k.flight+c)*k.wide+z]
}

// steps loads the distance of vectors, and three and five times that.
func (k *denseRows) steps(name string) {
	k.fn.Arg(name, reg.RAX)
	k.fn.LEAQ(operand.Mem{Base: reg.RAX, Index: reg.RAX, Scale: 2}, reg.RBX)
	k.fn.LEAQ(operand.Mem{Base: reg.RAX, Index: reg.RAX, Scale: 4}, reg.RCX)
}

// nth is a place of vector v.
func (k *denseRows) nth(base reg.GPPhysical, v, disp int) operand.Mem {
	m := mem(base, disp)
	switch v {
	case 1, 2, 4:
		m.Index, m.Scale = reg.RAX, uint8(v)
	case 3:
		m.Index, m.Scale = reg.RBX, 1
	case 5:
		m.Index, m.Scale = reg.RCX, 1
	}
	return m
}

// panel emits the rows of a panel for the vectors of a pass.
func (k *denseRows) panel(m *matvec) {
	fn := k.fn
	x, n := reg.R10, reg.R12
	fn.Arg("src", x)
	k.steps("srcStep")
	m.zeroWide(zmm[:k.vectors*k.flight*k.wide])
	fn.MOVQ(reg.R9, n)
	fn.SHRQ(operand.U8(bits.TrailingZeros(uint(k.flight))), n)
	m.loop(n, func() { k.columns(x, k.flight) })
	fn.MOVQ(reg.R9, n)
	fn.ANDQ(operand.U8(k.flight-1), n)
	m.loop(n, func() { k.columns(x, 1) })
	k.steps("dstStep")
	for v := range k.vectors {
		for half := k.flight / 2; half > 0; half /= 2 {
			for c := range half {
				for z := range k.wide {
					fn.VADDPS(k.acc(v, c+half, z), k.acc(v, c, z), k.acc(v, c, z))
				}
			}
		}
		for z := range k.wide {
			fn.VADDPS(mem(reg.RSI, 64*z), k.acc(v, 0, z), k.acc(v, 0, z))
			fn.VMOVUPS(k.acc(v, 0, z), k.nth(reg.RDI, v, 64*z))
		}
	}
	fn.ADDQ(operand.I32(64*k.wide), reg.RSI)
	fn.ADDQ(operand.I32(64*k.wide), reg.RDI)
}

// columns emits count columns, one for each set of accumulators.
func (k *denseRows) columns(x reg.GPPhysical, count int) {
	fn := k.fn
	weights := zmm[len(zmm)-2:]
	for c := range count {
		for z := range k.wide {
			fn.VMOVUPS(mem(reg.R8, 64*(c*k.wide+z)), weights[z])
		}
		for v := range k.vectors {
			for z := range k.wide {
				fn.VFMADD231PS_BCST(k.nth(x, v, 4*c), weights[z], k.acc(v, c, z))
			}
		}
	}
	fn.ADDQ(operand.I32(64*k.wide*count), reg.R8)
	fn.ADDQ(operand.I32(4*count), x)
}

// next moves a parameter behind the vectors of the pass.
func (k *denseRows) next(step, pointer string) {
	fn := k.fn
	fn.Arg(step, reg.RAX)
	fn.IMUL3Q(operand.I8(k.vectors), reg.RAX, reg.RAX)
	fn.ADDQ(reg.RAX, fn.param(pointer))
}
