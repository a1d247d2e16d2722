package compiler

import (
	"github.com/sparsec/sparsec/ir"
)

// This file draws the ops that imported models have besides those of the trainer.

// divisor is a divisor of n.
func (d *drawer) divisor(n int) int {
	var all []int
	for k := 1; k <= n; k++ {
		if n%k == 0 {
			all = append(all, k)
		}
	}
	return all[d.rng.IntN(len(all))]
}

// picked is a slice, a value with zeros around it, a transposition or any elements.
func (d *drawer) picked(x string) {
	n := d.len(x)
	var elements []int
	switch d.rng.IntN(5) {
	case 0:
		from := d.rng.IntN(n)
		for e := from; e < from+1+d.rng.IntN(n-from); e++ {
			elements = append(elements, e)
		}
	case 1:
		for e := -d.rng.IntN(5); e < n+d.rng.IntN(5); e++ {
			elements = append(elements, max(-1, min(e, 2*(n-1)-e)))
		}
	case 2:
		rows := d.divisor(n)
		for i := range n {
			elements = append(elements, i%rows*(n/rows)+i/rows)
		}
	case 3:
		for range d.size() {
			elements = append(elements, d.rng.IntN(n+1)-1)
		}
	case 4:
		from := d.rng.IntN(n) &^ 15
		for e := from; e < n; e++ {
			elements = append(elements, e)
		}
	}
	d.add(ir.Pick{Spans: ir.SpansOf(elements)}, len(elements), x)
}

// windowed is a convolution: windows of a value with zeros around it, and their
// products; sometimes what it makes is read transposed, or by another.
func (d *drawer) windowed(x string) {
	n := d.len(x)
	width := 1 + d.rng.IntN(min(n, 9))
	stride, before := 1+d.rng.IntN(3), d.rng.IntN(3)
	var elements []int
	rows := 0
	for at := -before; rows == 0 || at+width <= n+before && rows < 7; at += stride {
		for k := range width {
			e := at + k
			if e >= n {
				e = -1
			}
			elements = append(elements, max(-1, e))
		}
		rows++
	}
	d.add(ir.Pick{Spans: ir.SpansOf(elements)}, len(elements), x)
	w := d.matrix(d.size(), width, 1)
	out := w.Shape[0]
	d.add(ir.Linear{Weight: w.Name, Bias: d.bias(out), Rows: rows}, rows*out, d.last())
	product := d.last()
	switch d.rng.IntN(4) {
	case 0:
		elements = nil
		for i := range rows * out {
			elements = append(elements, i%rows*out+i/rows)
		}
		d.add(ir.Pick{Spans: ir.SpansOf(elements)}, rows*out, product)
	case 1:
		d.function(product)
		last := d.last()
		w := d.matrix(d.size(), out, 1)
		d.add(ir.Linear{Weight: w.Name, Bias: d.bias(w.Shape[0]), Rows: rows}, rows*w.Shape[0], last)
	case 2:
		d.add(ir.Binary{Func: ir.BinaryFunc(d.rng.IntN(3))}, rows*out, product, product)
	}
}

// function is an element-wise function of numbers for which it is defined and not
// steep.
func (d *drawer) function(x string) {
	n := d.len(x)
	op := ir.Activation{Func: ir.Func(d.rng.IntN(int(ir.Erf) + 1)), Alpha: 0.25, Beta: 0.5, Clip: 0.75}
	switch op.Func {
	case ir.Exp:
		d.add(ir.Activation{Func: ir.Clamp, Alpha: -2, Beta: 2}, n, x)
		x = d.last()
	case ir.Log, ir.Sqrt, ir.Reciprocal, ir.Power:
		d.add(ir.Activation{Func: ir.Clamp, Alpha: 0.5, Beta: 4}, n, x)
		x = d.last()
		op.Alpha = []float32{2, 0.5, -1, 1.75}[d.rng.IntN(4)]
	}
	d.add(exactly(op), n, x)
}

// exactly is the op with the numbers alone that its function has.
func exactly(op ir.Activation) ir.Activation {
	switch op.Func {
	case ir.HardSigmoid, ir.ScaledTanh, ir.Affine, ir.Clamp:
		op.Clip = 0
	case ir.LeakyReLU, ir.ThresholdedReLU, ir.ELU, ir.Power:
		op.Clip, op.Beta = 0, 0
	case ir.ClippedReLU:
		op.Alpha, op.Beta = 0, 0
	default:
		op.Clip, op.Alpha, op.Beta = 0, 0, 0
	}
	return op
}

// pair is a function of a value and another of numbers for which it is defined.
func (d *drawer) pair(x string) {
	n := d.len(x)
	f := ir.BinaryFunc(d.rng.IntN(int(ir.Pow) + 1))
	a, b := x, d.same(n)
	if f == ir.Div || f == ir.Pow {
		d.add(ir.Activation{Func: ir.Clamp, Alpha: 0.5, Beta: 2}, n, a)
		a = d.last()
		d.add(ir.Activation{Func: ir.Clamp, Alpha: 0.5, Beta: 2}, n, b)
		b = d.last()
	}
	d.add(ir.Binary{Func: f}, n, a, b)
}

// same is a value of n elements.
func (d *drawer) same(n int) string {
	var same []string
	for _, v := range d.values {
		if d.len(v) == n {
			same = append(same, v)
		}
	}
	return same[d.rng.IntN(len(same))]
}

var drawnGates = []ir.FuncSpec{"", "sigmoid", "hard_sigmoid:0.2:0.5", "tanh", "relu", "affine:0.5:0.25", "softsign", "elu:0.5",
	"leaky_relu:0.1", "scaled_tanh:0.9:0.5", "clipped_relu:0.75", "identity", "softplus", "thresholded_relu:0.25"}

func (d *drawer) gate() ir.FuncSpec { return drawnGates[d.rng.IntN(len(drawnGates))] }

// cell is a cell of functions, bounds and peepholes of its own.
func (d *drawer) cell(x string) {
	n := d.len(x)
	bound := []float32{0, 0.5, 2}[d.rng.IntN(3)]
	switch d.rng.IntN(3) {
	case 0:
		h := d.hidden(1)
		f := d.gate().Or(ir.Tanh)
		d.add(ir.RNN{WeightIH: d.matrix(h, n, 1).Name, WeightHH: d.matrix(h, h, 1).Name, BiasIH: d.bias(h), BiasHH: d.bias(h),
			H: d.state(h), Func: f.Func, Clip: f.Clip, Alpha: f.Alpha, Beta: f.Beta, Bound: bound}, h, x)
	case 1:
		h := d.hidden(3)
		f := []ir.Func{ir.Tanh, ir.Sigmoid, ir.Softsign, ir.ReLU, ir.Identity}[d.rng.IntN(5)]
		d.add(ir.GRU{WeightIH: d.matrix(3*h, n, 3).Name, WeightHH: d.matrix(3*h, h, 3).Name, BiasIH: d.bias(3 * h), BiasHH: d.bias(3 * h),
			H: d.state(h), Reset: ir.ResetMode(d.rng.IntN(2)), Func: f, Gate: d.gate(), Bound: bound}, h, x)
	case 2:
		h := d.hidden(4)
		op := ir.LSTM{WeightIH: d.matrix(4*h, n, 4).Name, WeightHH: d.matrix(4*h, h, 4).Name, BiasIH: d.bias(4 * h), BiasHH: d.bias(4 * h),
			H: d.state(h), C: d.state(h), Gate: d.gate(), Candidate: d.gate(), Output: d.gate(), Bound: bound,
			Coupled: d.rng.IntN(2) == 0, Both: d.rng.IntN(2) == 0}
		size := h
		if op.Both {
			size = 2 * h
		}
		if d.rng.IntN(2) == 0 {
			op.Peephole = d.vector(3 * h)
		}
		d.add(op, size, x)
	}
}

// spelled is a recurrence of single ops: a state that is read before and sometimes
// after it is stored.
func (d *drawer) spelled(x string) {
	n := d.len(x)
	state := d.state(n)
	d.add(ir.Recall{State: state}, n)
	old := d.last()
	if d.rng.IntN(2) == 0 {
		d.picked(old)
	}
	d.add(ir.Binary{Func: ir.Sub}, n, x, old)
	d.add(ir.Activation{Func: ir.Tanh}, n, d.last())
	d.add(ir.Store{State: state}, n, d.last())
	if d.rng.IntN(2) == 0 {
		d.add(ir.Binary{Func: ir.Add}, n, d.last(), old)
	}
}
