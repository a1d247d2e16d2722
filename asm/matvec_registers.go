package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// matvec is a matrix–vector kernel under construction: the registers that hold
// its arguments, named as its parameters are.
type matvec struct {
	fn              *Func
	dst, init, src  reg.GPPhysical
	weights, places reg.GPPhysical // places: block columns or window bases
	counts, rows    reg.GPPhysical // rows: panels, block rows or groups left
	scales          reg.GPPhysical // of rows

	fields []reg.GPPhysical // see holdFields
}

// startMatVec starts a kernel and loads its arguments; names of sections and of
// the row count that a kernel does not have are "".
func startMatVec(f *File, name, signature, doc, weights, places, counts, rows string) *matvec {
	k := &matvec{
		fn:  f.Func(name, signature, doc),
		dst: reg.RDI, init: reg.RSI, src: reg.RDX,
		weights: reg.R8, places: reg.R9, counts: reg.R10, rows: reg.R11, scales: reg.R15,
	}
	for _, a := range []struct {
		name string
		reg  reg.GPPhysical
	}{
		{"dst", k.dst}, {"init", k.init}, {"src", k.src},
		{weights, k.weights}, {places, k.places}, {counts, k.counts}, {rows, k.rows},
	} {
		if a.name != "" {
			k.fn.Arg(a.name, a.reg)
		}
	}
	return k
}

// scratch are the registers that no argument takes.
var scratch = [4]reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.R12}

// mem is the operand at a displacement in bytes.
func mem(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// zero clears registers.
func (k *matvec) zero(acc []reg.VecPhysical) {
	for _, a := range acc {
		k.fn.VXORPS(a, a, a)
	}
}

// holdFields keeps in two registers, of a kernel that has them to spare, where the
// second and the third of four 16-bit places lie, so that one instruction cuts each
// out.
func (k *matvec) holdFields(second, third reg.GPPhysical) {
	const bits = 16 << 8 // from the first one on
	k.fields = []reg.GPPhysical{second, third}
	for i, r := range k.fields {
		k.fn.MOVL(operand.U32(bits|16*(i+1)), r.As32())
	}
}

// quadPlaces loads four 16-bit places with one load and returns the elements of
// src that they name.
func (k *matvec) quadPlaces() [4]operand.Mem { return k.quadPlacesAt(0) }

// quadPlacesAt is quadPlaces for the places at a displacement in bytes.
func (k *matvec) quadPlacesAt(disp int) [4]operand.Mem {
	fn := k.fn
	r := scratch
	fn.MOVQ(mem(k.places, disp), r[3])
	fn.MOVWLZX(r[3].As16(), r[0].As32())
	for i := 1; i < 3; i++ {
		if k.fields != nil {
			fn.BEXTRQ(k.fields[i-1], r[3], r[i])
		} else {
			fn.RORXQ(operand.U8(16*i), r[3], r[i])
			fn.MOVWLZX(r[i].As16(), r[i].As32())
		}
	}
	fn.SHRQ(operand.U8(48), r[3])
	var m [4]operand.Mem
	for i := range m {
		m[i] = operand.Mem{Base: k.src, Index: r[i], Scale: 4}
	}
	return m
}

// pairPlaces is quadPlaces for two places.
func (k *matvec) pairPlaces() [2]operand.Mem {
	fn, r := k.fn, scratch
	fn.MOVL(mem(k.places, 0), r[3].As32())
	fn.MOVWLZX(r[3].As16(), r[0].As32())
	fn.SHRL(operand.U8(16), r[3].As32())
	return [2]operand.Mem{{Base: k.src, Index: r[0], Scale: 4}, {Base: k.src, Index: r[3], Scale: 4}}
}

// sum adds accumulators as a tree, (a0+a1)+(a2+a3), into the first.
func (k *matvec) sum(acc []reg.VecPhysical) {
	for stride := 1; stride < len(acc); stride *= 2 {
		for i := 0; i+stride < len(acc); i += 2 * stride {
			k.fn.VADDPS(acc[i+stride], acc[i], acc[i])
		}
	}
}

// loop emits "for n > 0 { body; n-- }" with the count in a register.
func (k *matvec) loop(n reg.GPPhysical, body func()) {
	fn := k.fn
	top, end := fn.NewLabel("loop"), fn.NewLabel("done")
	fn.TESTQ(n, n)
	fn.JZ(operand.LabelRef(end))
	fn.Label(top)
	body()
	fn.DECQ(n)
	fn.JNZ(operand.LabelRef(top))
	fn.Label(end)
}
