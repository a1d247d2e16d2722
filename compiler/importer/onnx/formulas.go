package onnx

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// formulas spells one step of a cell out.
type formulas struct {
	*graph
	*cell
	name string
}

func (f *formulas) binary(what string, op ir.BinaryFunc, a, b vector) vector {
	return f.node(f.name+"."+what, ir.Binary{Func: op}, f.values[a].size, a, b)
}

// apply applies a function, to what its argument is bound to if it is.
func (f *formulas) apply(what string, fn ir.Function, v vector) vector {
	if f.bound > 0 {
		v = f.node(f.name+"."+what+".bound", ir.Activation{Func: ir.Clamp, Alpha: -f.bound, Beta: f.bound}, f.values[v].size, v)
	}
	return f.plain(what, fn, v)
}

func (f *formulas) plain(what string, fn ir.Function, v vector) vector {
	if fn.Func == ir.Identity {
		return v
	}
	op := ir.Activation(fn)
	return f.node(f.name+"."+what, op, f.values[v].size, v)
}

// product is W·x + b of the input (k = 0) or the state (k = 1), 0 for zeros.
func (f *formulas) product(k int, view []element) vector {
	w, b, what := f.weights[k], f.biases[k], []string{"input", "recurrent"}[k]
	rows := f.gates * f.n
	zero := !slices.ContainsFunc(view, func(e element) bool { return e.v != 0 })
	switch {
	case zero && b.zero():
		return 0
	case zero && b.param != "":
		return f.node(f.name+"."+what, ir.Constant{Value: b.param}, rows)
	case zero:
		return f.joined(f.name+"."+what, b.view)
	}
	x := f.joined(f.name+"."+what+".x", view)
	if w.param != "" && b.view == nil {
		return f.node(f.name+"."+what, ir.Linear{Weight: w.param, Bias: b.param}, rows, x)
	}
	var y vector
	if w.param != "" {
		y = f.node(f.name+"."+what, ir.Linear{Weight: w.param}, rows, x)
	} else {
		y = f.dotted(f.name+"."+what, w.view, view, len(view))
	}
	switch {
	case b.param != "":
		y = f.node(f.name+"."+what+".biased", ir.Binary{Func: ir.Add}, rows, y, f.node(f.name+"."+what+".bias", ir.Constant{Value: b.param}, rows))
	case b.view != nil:
		y = f.node(f.name+"."+what+".biased", ir.Binary{Func: ir.Add}, rows, y, f.joined(f.name+"."+what+".bias", b.view))
	}
	return y
}

// dotted are the products of rows of a with b, each of n elements.
func (g *graph) dotted(name string, a, b []element, n int) vector {
	rows := len(a) / n
	repeated := b
	if len(b) == n {
		repeated = slices.Repeat(b, rows)
	}
	times := g.node(name+".products", ir.Binary{Func: ir.Mul}, len(a), g.joined(name+".left", a), g.joined(name+".right", repeated))
	return g.node(name, ir.Reduce{Func: ir.Sum, Size: n}, rows, times)
}

// sum adds two values of which either may be zeros, of size n.
func (f *formulas) sum(what string, a, b vector, n int) vector {
	switch {
	case a == 0 && b == 0:
		return f.constant("zeros", make([]float32, n))
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return f.binary(what, ir.Add, a, b)
}

// gate is block k of stacked gates; that of zeros is zeros.
func (f *formulas) gate(what string, k int, v vector) vector {
	if v == 0 {
		return 0
	}
	return f.joined(f.name+"."+what, viewOf(v, f.gates*f.n)[k*f.n:(k+1)*f.n])
}

func (f *formulas) rnn(x, h []element) vector {
	return f.plainLast(f.apply("h", f.functions[0], f.sum("sum", f.product(0, x), f.product(1, h), f.n)))
}

// plainLast gives the value of the step the name of the cell.
func (f *formulas) plainLast(v vector) vector {
	return f.add(value{name: f.name, size: f.values[v].size, same: f.origin(v)})
}

func (f *formulas) gru(x, h []element) vector {
	a, b := f.product(0, x), f.product(1, h)
	r := f.apply("reset", f.functions[0], f.sum("reset.sum", f.gate("reset.x", 0, a), f.gate("reset.h", 0, b), f.n))
	z := f.apply("update", f.functions[0], f.sum("update.sum", f.gate("update.x", 1, a), f.gate("update.h", 1, b), f.n))
	before := f.joined(f.name+".before", h)
	var inner vector
	if f.after {
		if inner = f.gate("candidate.h", 2, b); inner != 0 {
			inner = f.binary("candidate.reset", ir.Mul, r, inner)
		}
	} else {
		reset := f.binary("reset.state", ir.Mul, r, before)
		inner = f.gate("candidate.h", 2, f.product(1, viewOf(reset, f.n)))
	}
	n := f.apply("candidate", f.functions[1], f.sum("candidate.sum", f.gate("candidate.x", 2, a), inner, f.n))
	off := f.node(f.name+".off", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, f.n, z)
	return f.plainLast(f.binary("h", ir.Add, f.binary("new", ir.Mul, off, n), f.binary("kept", ir.Mul, z, before)))
}

func (f *formulas) lstm(x, h, c []element) [2]vector {
	a := f.sum("gates", f.product(0, x), f.product(1, h), f.gates*f.n)
	before := f.joined(f.name+".before", c)
	peep := func(what string, k int, v, state vector) vector {
		if f.peephole.zero() {
			return v
		}
		p := f.peephole.view
		if p == nil {
			p = viewOf(f.node(f.name+".peephole", ir.Constant{Value: f.peephole.param}, 3*f.n), 3*f.n)
		}
		own := f.joined(f.name+"."+what+".peephole", p[k*f.n:(k+1)*f.n])
		return f.binary(what+".sum", ir.Add, v, f.binary(what+".state", ir.Mul, own, state))
	}
	input := f.apply("input", f.functions[0], peep("input", 0, f.gate("input.x", 0, a), before))
	var forget vector
	if f.coupled {
		forget = f.node(f.name+".forget", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, f.n, input)
	} else {
		forget = f.apply("forget", f.functions[0], peep("forget", 1, f.gate("forget.x", 1, a), before))
	}
	candidate := f.apply("candidate", f.functions[1], f.gate("candidate.x", 2, a))
	next := f.binary("c", ir.Add, f.binary("kept", ir.Mul, forget, before), f.binary("new", ir.Mul, input, candidate))
	output := f.apply("output", f.functions[0], peep("output", 2, f.gate("output.x", 3, a), next))
	y := f.binary("h", ir.Mul, output, f.plain("squashed", f.functions[2], next))
	return [2]vector{f.plainLast(y), f.add(value{name: f.name + ".c", size: f.n, same: f.origin(next)})}
}
