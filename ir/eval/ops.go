package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// apply computes one frame of an op and replaces its states. The value is a
// fresh slice.
func (g *Graph) apply(op ir.Op, in [][]float64) []float64 {
	switch o := op.(type) {
	case ir.Linear:
		return g.affine(o.Weight, o.Bias, in[0])
	case ir.Embedding:
		return g.row(o.Weight, int(in[0][0]))
	case ir.RNN:
		return g.rnn(o, in[0])
	case ir.GRU:
		return g.gru(o, in[0])
	case ir.LSTM:
		return g.lstm(o, in[0])
	case ir.Activation:
		return apply1(in[0], function(o.Func, o.Clip))
	case ir.Concat:
		return slices.Concat(in...)
	case ir.Binary:
		return apply2(in[0], in[1], binary(o.Func))
	case ir.Softmax:
		return softmax(in[0])
	}
	panic(fmt.Sprintf("eval: no rule for op %T", op))
}

// affine is W·x + b for W [rows len(x)]; an empty name of b is zero.
func (g *Graph) affine(weight, bias string, x []float64) []float64 {
	p := g.params[weight]
	rows, cols := p.Shape[0], p.Shape[1]
	y := make([]float64, rows)
	for i := range y {
		if bias != "" {
			y[i] = float64(g.params[bias].Data[i])
		}
		for j, w := range p.Data[i*cols : (i+1)*cols] {
			y[i] += float64(w) * x[j]
		}
	}
	return y
}

// row is row i of a matrix.
func (g *Graph) row(weight string, i int) []float64 {
	p := g.params[weight]
	y := make([]float64, p.Shape[1])
	for j := range y {
		y[j] = float64(p.Data[i*len(y)+j])
	}
	return y
}

// rnn is h' = f(W_ih·x + b_ih + W_hh·h + b_hh).
func (g *Graph) rnn(o ir.RNN, x []float64) []float64 {
	f := function(o.Func, o.Clip)
	a := g.affine(o.WeightIH, o.BiasIH, x)
	b := g.affine(o.WeightHH, o.BiasHH, g.states[o.H])
	return g.keep(o.H, apply1(apply2(a, b, add), f))
}

// gru is h' = (1−z)⊙n + z⊙h, with n after or before the reset of ir.ResetMode.
func (g *Graph) gru(o ir.GRU, x []float64) []float64 {
	h, f := g.states[o.H], function(o.Func, 0)
	size := len(h)
	a := g.affine(o.WeightIH, o.BiasIH, x)
	b := g.affine(o.WeightHH, o.BiasHH, h)
	r := apply1(apply2(block(a, 0, size), block(b, 0, size), add), sigmoid)
	z := apply1(apply2(block(a, 1, size), block(b, 1, size), add), sigmoid)

	candidate := apply2(r, block(b, 2, size), mul)
	if o.Reset == ir.ResetBefore {
		candidate = block(g.affine(o.WeightHH, o.BiasHH, apply2(r, h, mul)), 2, size)
	}
	n := apply1(apply2(block(a, 2, size), candidate, add), f)

	next := make([]float64, size)
	for i := range next {
		next[i] = (1-z[i])*n[i] + z[i]*h[i]
	}
	return g.keep(o.H, next)
}

// lstm is c' = σ(f)⊙c + σ(i)⊙tanh(g), h' = σ(o)⊙tanh(c').
func (g *Graph) lstm(o ir.LSTM, x []float64) []float64 {
	h, c := g.states[o.H], g.states[o.C]
	size := len(h)
	a := apply2(g.affine(o.WeightIH, o.BiasIH, x), g.affine(o.WeightHH, o.BiasHH, h), add)
	input := apply1(block(a, 0, size), sigmoid)
	forget := apply1(block(a, 1, size), sigmoid)
	cell := apply1(block(a, 2, size), math.Tanh)
	output := apply1(block(a, 3, size), sigmoid)

	c = g.keep(o.C, apply2(apply2(forget, c, mul), apply2(input, cell, mul), add))
	return g.keep(o.H, apply2(output, apply1(c, math.Tanh), mul))
}

// keep replaces a state by a copy of h and returns h.
func (g *Graph) keep(state string, h []float64) []float64 {
	g.states[state] = slices.Clone(h)
	return h
}

// block is gate k of stacked gates.
func block(a []float64, k, size int) []float64 { return a[k*size : (k+1)*size] }

func apply1(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func apply2(a, b []float64, f func(a, b float64) float64) []float64 {
	y := make([]float64, len(a))
	for i := range y {
		y[i] = f(a[i], b[i])
	}
	return y
}

func function(f ir.Func, clip float32) func(float64) float64 {
	switch f {
	case ir.Tanh:
		return math.Tanh
	case ir.Sigmoid:
		return sigmoid
	case ir.ReLU:
		return relu
	case ir.ClippedReLU:
		return func(x float64) float64 { return min(relu(x), float64(clip)) }
	case ir.Identity:
		return func(x float64) float64 { return x }
	}
	panic(fmt.Sprintf("eval: no function %v", f))
}

func binary(f ir.BinaryFunc) func(a, b float64) float64 {
	switch f {
	case ir.Add:
		return add
	case ir.Sub:
		return func(a, b float64) float64 { return a - b }
	case ir.Mul:
		return mul
	}
	panic(fmt.Sprintf("eval: no function %v", f))
}

func add(a, b float64) float64  { return a + b }
func mul(a, b float64) float64  { return a * b }
func relu(x float64) float64    { return max(x, 0) }
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softmax is exp(x − max x) over its sum.
func softmax(x []float64) []float64 {
	top, sum := slices.Max(x), 0.0
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(v - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}
