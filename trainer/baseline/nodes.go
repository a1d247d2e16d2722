package baseline

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir"
)

// builder makes the function that computes a node.
type builder struct {
	m *ir.Model
	s *Stepper
}

// node returns the function of a node. Memory is bound to it once, so that a
// step is nothing but arithmetic.
func (b *builder) node(n *ir.Node) (func(), error) {
	y := b.s.values[n.Name]
	in := make([][]float32, len(n.Inputs))
	for i, name := range n.Inputs {
		in[i] = b.s.values[name]
	}
	switch op := n.Op.(type) {
	case ir.Embedding:
		at, table := b.s.index[n.Inputs[0]], b.m.Param(op.Weight).Data
		return func() { copy(y, table[*at*len(y):]) }, nil
	case ir.Linear:
		l := b.linear(op.Weight, op.Bias)
		return func() { l.apply(y, in[0]) }, nil
	case ir.RNN:
		return b.rnn(op, y, in[0]), nil
	case ir.GRU:
		if op.Reset == ir.ResetBefore {
			return b.gruBefore(op, y, in[0]), nil
		}
		return b.gru(op, y, in[0]), nil
	case ir.LSTM:
		return b.lstm(op, y, in[0]), nil
	case ir.Activation:
		f := function(op.Func, op.Clip)
		return func() {
			for i, v := range in[0] {
				y[i] = f(v)
			}
		}, nil
	case ir.Concat:
		return func() {
			at := 0
			for _, x := range in {
				at += copy(y[at:], x)
			}
		}, nil
	case ir.Binary:
		f := binary(op.Func)
		return func() {
			for i, v := range in[0] {
				y[i] = f(v, in[1][i])
			}
		}, nil
	case ir.Softmax:
		return func() { softmax(y, in[0]) }, nil
	}
	return nil, fmt.Errorf("op %T is not known to the baseline", n.Op)
}

func (b *builder) rnn(op ir.RNN, y, x []float32) func() {
	h := b.s.states[op.H]
	ih, hh := b.linear(op.WeightIH, op.BiasIH), b.linear(op.WeightHH, op.BiasHH)
	sum := make([]float32, len(h))
	f := function(op.Func, op.Clip)
	return func() {
		ih.apply(y, x)
		hh.apply(sum, h)
		for i := range y {
			y[i] = f(y[i] + sum[i])
		}
		copy(h, y)
	}
}

// gru is the form in which the reset gate multiplies W_hn·h + b_hn.
func (b *builder) gru(op ir.GRU, y, x []float32) func() {
	h := b.s.states[op.H]
	n := len(h)
	ih, hh := b.linear(op.WeightIH, op.BiasIH), b.linear(op.WeightHH, op.BiasHH)
	gx, gh := make([]float32, 3*n), make([]float32, 3*n)
	f := function(op.Func, 0)
	return func() {
		ih.apply(gx, x)
		hh.apply(gh, h)
		for i := range n {
			r, z := sigmoid(gx[i]+gh[i]), sigmoid(gx[n+i]+gh[n+i])
			c := f(gx[2*n+i] + r*gh[2*n+i])
			h[i] = (1-z)*c + z*h[i]
		}
		copy(y, h)
	}
}

// gruBefore is the form in which the reset gate multiplies h.
func (b *builder) gruBefore(op ir.GRU, y, x []float32) func() {
	h := b.s.states[op.H]
	n := len(h)
	ih, hh := b.linear(op.WeightIH, op.BiasIH), b.linear(op.WeightHH, op.BiasHH)
	gates, candidate := hh.part(0, 2*n), hh.part(2*n, 3*n)
	gx, gh, rh := make([]float32, 3*n), make([]float32, 3*n), make([]float32, n)
	f := function(op.Func, 0)
	return func() {
		ih.apply(gx, x)
		gates.apply(gh[:2*n], h)
		for i := range n {
			rh[i] = sigmoid(gx[i]+gh[i]) * h[i]
		}
		candidate.apply(gh[2*n:], rh)
		for i := range n {
			z := sigmoid(gx[n+i] + gh[n+i])
			h[i] = (1-z)*f(gx[2*n+i]+gh[2*n+i]) + z*h[i]
		}
		copy(y, h)
	}
}

func (b *builder) lstm(op ir.LSTM, y, x []float32) func() {
	h, c := b.s.states[op.H], b.s.states[op.C]
	n := len(h)
	ih, hh := b.linear(op.WeightIH, op.BiasIH), b.linear(op.WeightHH, op.BiasHH)
	gx, gh := make([]float32, 4*n), make([]float32, 4*n)
	return func() {
		ih.apply(gx, x)
		hh.apply(gh, h)
		for i := range n {
			in, forget, out := sigmoid(gx[i]+gh[i]), sigmoid(gx[n+i]+gh[n+i]), sigmoid(gx[3*n+i]+gh[3*n+i])
			c[i] = forget*c[i] + in*tanh(gx[2*n+i]+gh[2*n+i])
			h[i] = out * tanh(c[i])
		}
		copy(y, h)
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }

func function(f ir.Func, clip float32) func(float32) float32 {
	switch f {
	case ir.Sigmoid:
		return sigmoid
	case ir.ReLU:
		return func(x float32) float32 { return max(x, 0) }
	case ir.ClippedReLU:
		return func(x float32) float32 { return min(max(x, 0), clip) }
	case ir.Identity:
		return func(x float32) float32 { return x }
	}
	return tanh
}

func binary(f ir.BinaryFunc) func(a, b float32) float32 {
	switch f {
	case ir.Sub:
		return func(a, b float32) float32 { return a - b }
	case ir.Mul:
		return func(a, b float32) float32 { return a * b }
	}
	return func(a, b float32) float32 { return a + b }
}

func softmax(y, x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	var sum float64
	for i, v := range x {
		e := math.Exp(float64(v - top))
		y[i] = float32(e)
		sum += e
	}
	for i := range y {
		y[i] = float32(float64(y[i]) / sum)
	}
}
