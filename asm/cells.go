package asm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// CellSet is a set of recurrent cell kernels.
type CellSet uint32

// The cell kernels: the element-wise part of a step, on states and
// pre-activations of hp floats a gate, hp a multiple of 16. px are the
// pre-activations of the input with the biases, ph those of the recurrent
// product, one block of hp floats a gate in the order given. States change in
// place; buffers do not overlap. Their names end with the level of their file, AVX2
// or AVX512, and the Go twins have the same names without that.
const (
	// gruCell(h, px, ph *float32, hp int), blocks [r z n]:
	// h = n + z·(h−n), r and z = σ(px+ph), n = tanh(px.n + r·ph.n).
	GRUCell CellSet = 1 << iota

	// gruReset(rh, h, px, ph *float32, hp int), block r:
	// rh = σ(px.r+ph.r)·h.
	GRUReset

	// gruUpdateTanh(h, px, ph, pn *float32, hp int), blocks [r z n] and [r z]:
	// h = n + z·(h−n), z = σ(px.z+ph.z), n = tanh(px.n+pn).
	GRUUpdateTanh

	// gruUpdateReLU: the same with n = max(px.n+pn, 0).
	GRUUpdateReLU

	// lstmCell(h, c, px *float32, hp int), blocks [i f g o] to which the
	// recurrent product was added:
	// c = f·c + i·g, h = o·tanh(c), i, f, o = σ(px), g = tanh(px.g).
	LSTMCell

	// AllCells is all of them.
	AllCells = 1<<iota - 1
)

// EmitCells appends the kernels of the set to the file, in the order of their
// constants. A bit that names no kernel makes Render fail.
func EmitCells(f *File, need CellSet) {
	if unknown := need &^ AllCells; unknown != 0 {
		f.fail(fmt.Errorf("asm: unknown cell kernels %#x", uint32(unknown)))
		return
	}
	for i, emit := range []func(*File){
		emitGRUCell, emitGRUReset, emitGRUUpdateTanh, emitGRUUpdateReLU, emitLSTMCell,
	} {
		if need&(1<<i) != 0 {
			emit(f)
		}
	}
}

// cell is the frame of a cell kernel: a loop over hp floats in which all
// pointers advance together.
type cell struct {
	fn       *Func
	pointers []reg.GPPhysical

	lanes []lane
	spare []reg.VecPhysical // registers behind those of the lanes

	h, px          reg.GPPhysical
	ph             reg.GPPhysical // nil where px holds sums of both products
	stride, triple reg.GPPhysical // bytes of one and of three gate blocks
	left           reg.GPPhysical // bytes of the block still to do
}

// cell starts a function whose name is that of the cell with the level of the file;
// doc is what is said of it.
func (f *File) cell(name, signature, doc string) *Func {
	name += strings.ToUpper(f.Level.String())
	return f.Func(name, signature, name+" "+doc)
}

// newSummedCell loads the parameters h, px and hp.
func newSummedCell(fn *Func) *cell {
	c := &cell{
		fn: fn,
		h:  fn.Arg("h", reg.RDI), px: fn.Arg("px", reg.RSI),
		stride: fn.Arg("hp", reg.RCX), triple: reg.R8, left: reg.RAX,
	}
	pool, vectors := ymm[:], 2
	if fn.File.Level >= AVX512 {
		pool, vectors = zmm[:], 1
	}
	c.lanes, c.spare = lanesOf(pool, vectors), pool[5*vectors:]
	c.pointers = []reg.GPPhysical{c.h, c.px}
	return c
}

// newCell loads ph as well.
func newCell(fn *Func) *cell {
	c := newSummedCell(fn)
	c.ph = c.pointer("ph", reg.RDX)
	return c
}

// pointer loads one more parameter that advances with the others.
func (c *cell) pointer(name string, dst reg.GPPhysical) reg.GPPhysical {
	c.pointers = append(c.pointers, c.fn.Arg(name, dst))
	return dst
}

// turn is the bytes that one turn of the loop takes of each block, two vectors of
// AVX2 side by side or one of AVX-512: the chain of a sigmoid and a tanh is long
// enough that one short vector would leave the arithmetic units idle on cores with a
// short reorder window. One long vector fills that window with half the
// instructions for an element: on a Zen 4, which computes it in two halves, an LSTM
// cell takes two thirds of the time.
const turn = 64

// loop emits the body, which needs the constants, for every group of vectors, then
// the return.
func (c *cell) loop(constants []uint32, body func(ls []lane)) {
	fn := c.fn
	done, loop := fn.NewLabel("done"), fn.NewLabel("loop")
	fn.SHLQ(operand.U8(2), c.stride)
	fn.JLE(operand.LabelRef(done))
	fn.LEAQ(operand.Mem{Base: c.stride, Index: c.stride, Scale: 2}, c.triple)
	fn.MOVQ(c.stride, c.left)
	fn.hold(constants)
	fn.Label(loop)
	body(c.lanes)
	for _, p := range c.pointers {
		fn.ADDQ(operand.U8(turn), p)
	}
	fn.SUBQ(operand.U8(turn), c.left)
	fn.JGT(operand.LabelRef(loop))
	fn.Label(done)
	fn.Return()
}

// gate is vector v of gate block g, counted from a pointer to block 0.
func (c *cell) gate(base reg.GPPhysical, g, v int) operand.Mem {
	m := operand.Mem{Base: base, Disp: 32 * v}
	switch g {
	case 1, 2:
		m.Index, m.Scale = c.stride, uint8(g)
	case 3:
		m.Index, m.Scale = c.triple, 1
	}
	return m
}

// vector is vector v of a buffer without gates.
func vector(base reg.GPPhysical, v int) operand.Mem { return operand.Mem{Base: base, Disp: 32 * v} }

// preActivation emits x = px.g + ph.g for each lane, x = px.g in a cell without ph.
func (c *cell) preActivation(ls []lane, g int) {
	for v, l := range ls {
		c.fn.VMOVUPS(c.gate(c.px, g, v), l.x)
		if c.ph != nil {
			c.fn.VADDPS(c.gate(c.ph, g, v), l.x, l.x)
		}
	}
}

// kept moves each lane's x to spare registers, out of the way of what follows.
func (c *cell) kept(ls []lane) []reg.VecPhysical {
	rs := c.spare[:len(ls)]
	for v, l := range ls {
		c.fn.VMOVAPS(l.x, rs[v])
	}
	return rs
}

// update emits h = n + z·(h−n), with z in the lanes and n in registers.
func (c *cell) update(z []lane, n []reg.VecPhysical) {
	fn := c.fn
	for v, l := range z {
		fn.VMOVUPS(vector(c.h, v), l.a)
		fn.VSUBPS(n[v], l.a, l.a)
		fn.VFMADD213PS(n[v], l.x, l.a)
		fn.VMOVUPS(l.a, vector(c.h, v))
	}
}

// gateWords are the constants of a cell that has both functions.
func gateWords() []uint32 { return slices.Concat(sigmoidWords(), tanhWords()) }

func emitGRUCell(f *File) {
	fn := f.cell("gruCell", "func(h, px, ph *float32, hp int)",
		"steps a GRU with the reset gate behind the recurrent product: gate blocks [r z n] of\n"+
			"hp floats, hp a multiple of 16, h = n + z*(h-n) with r, z = sigmoid(px+ph) and\n"+
			"n = tanh(px.n + r*ph.n).")
	c := newCell(fn)
	c.loop(gateWords(), func(ls []lane) {
		c.preActivation(ls, 0)
		fn.vsigmoid(ls)
		for v, l := range ls {
			fn.VMOVUPS(c.gate(c.px, 2, v), l.a)
			fn.VFMADD132PS(c.gate(c.ph, 2, v), l.a, l.x) // x = r·ph.n + px.n
		}
		fn.vtanh(ls)
		n := c.kept(ls)
		c.preActivation(ls, 1)
		fn.vsigmoid(ls)
		c.update(ls, n)
	})
}

func emitGRUReset(f *File) {
	fn := f.cell("gruReset", "func(rh, h, px, ph *float32, hp int)",
		"computes rh = sigmoid(px.r + ph.r)*h, the first half of a GRU step with the reset\n"+
			"gate before the recurrent product; r is the first block of hp floats, hp a multiple of 16.")
	c := newCell(fn)
	rh := c.pointer("rh", reg.RBX)
	c.loop(sigmoidWords(), func(ls []lane) {
		c.preActivation(ls, 0)
		fn.vsigmoid(ls)
		for v, l := range ls {
			fn.VMULPS(vector(c.h, v), l.x, l.x)
			fn.VMOVUPS(l.x, vector(rh, v))
		}
	})
}

// emitGRUUpdate emits the second half of a reset-before step; candidate turns
// the lanes' x from a pre-activation to n.
func emitGRUUpdate(f *File, name, function string, candidate func(fn *Func, ls []lane)) {
	fn := f.cell(name, "func(h, px, ph, pn *float32, hp int)",
		fmt.Sprintf("is the second half of the step that gruReset begins:\n"+
			"h = n + z*(h-n) with z = sigmoid(px.z + ph.z) and n = %s, where px has the blocks\n"+
			"[r z n] of hp floats, ph [r z] and pn is the recurrent product of n; hp is a multiple of 16.", function))
	c := newCell(fn)
	pn := c.pointer("pn", reg.RBX)
	c.loop(gateWords(), func(ls []lane) {
		for v, l := range ls {
			fn.VMOVUPS(c.gate(c.px, 2, v), l.x)
			fn.VADDPS(vector(pn, v), l.x, l.x)
		}
		candidate(fn, ls)
		n := c.kept(ls)
		c.preActivation(ls, 1)
		fn.vsigmoid(ls)
		c.update(ls, n)
	})
}

func emitGRUUpdateTanh(f *File) {
	emitGRUUpdate(f, "gruUpdateTanh", "tanh(px.n + pn)", (*Func).vtanh)
}

func emitGRUUpdateReLU(f *File) {
	emitGRUUpdate(f, "gruUpdateReLU", "max(px.n + pn, 0)", func(fn *Func, ls []lane) {
		each(ls, func(l lane) { fn.VXORPS(l.a, l.a, l.a) })
		each(ls, func(l lane) { fn.VMAXPS(l.x, l.a, l.x) })
	})
}

// emitLSTMCell takes one division for σ(i)·tanh(g) and one for σ(o)·tanh(c):
// the product of the numerators over that of the denominators, which lie in
// [1, 4e8] and [1, 2]. That rounds as often as two divisions and a product.
func emitLSTMCell(f *File) {
	fn := f.cell("lstmCell", "func(h, c, px *float32, hp int)",
		"steps an LSTM: gate blocks [i f g o] of hp floats, hp a multiple of 16, c = f*c + i*g\n"+
			"and h = o*tanh(c) with i, f, o = sigmoid(px) and g = tanh(px.g).")
	c := newSummedCell(fn)
	state := c.pointer("c", reg.RBX)
	num, den := c.spare, c.spare[len(c.lanes):] // numerators and denominators put aside
	ratio := func(ls []lane) {
		for v, l := range ls {
			fn.VMOVAPS(l.x, num[v])
			fn.VMOVAPS(l.b, den[v])
		}
	}
	product := func(ls []lane) {
		for v, l := range ls {
			fn.VMULPS(num[v], l.x, l.x)
			fn.VMULPS(den[v], l.b, l.b)
			fn.VDIVPS(l.b, l.x, l.x)
		}
	}
	c.loop(gateWords(), func(ls []lane) {
		c.preActivation(ls, 0)
		fn.sigmoidRatio(ls)
		ratio(ls)
		c.preActivation(ls, 2)
		fn.tanhRatio(ls)
		product(ls)
		ig := c.kept(ls)
		c.preActivation(ls, 1)
		fn.vsigmoid(ls)
		for v, l := range ls {
			fn.VFMADD132PS(vector(state, v), ig[v], l.x) // x = f·c + i·g
			fn.VMOVUPS(l.x, vector(state, v))
		}
		fn.tanhRatio(ls)
		ratio(ls)
		c.preActivation(ls, 3)
		fn.sigmoidRatio(ls)
		product(ls)
		for v, l := range ls {
			fn.VMOVUPS(l.x, vector(c.h, v))
		}
	})
}
