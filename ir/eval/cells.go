package eval

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// masked reports whether a recurrent op skips a frame: its states stay and its
// value is zeros.
func masked(op ir.Op, in [][]float64) bool {
	switch op.(type) {
	case ir.RNN, ir.GRU, ir.LSTM:
		return len(in) > 1 && in[1][0] == 0
	}
	return false
}

// rnn is h' = f(W_ih·x + b_ih + W_hh·h + b_hh).
func (g *Graph) rnn(o ir.RNN, x []float64) []float64 {
	a := g.affine(o.WeightIH, o.BiasIH, x)
	b := g.affine(o.WeightHH, o.BiasHH, g.states[o.H])
	return g.keep(o.H, apply1(apply2(a, b, add), bounded(o.Bound, o.Function())))
}

// gru is h' = (1−z)⊙n + z⊙h, with n after or before the reset of ir.ResetMode.
func (g *Graph) gru(o ir.GRU, x []float64) []float64 {
	gate, f := bounded(o.Bound, o.Gate.Or(ir.Sigmoid)), bounded(o.Bound, o.Function())
	h := g.states[o.H]
	size := len(h)
	a := g.affine(o.WeightIH, o.BiasIH, x)
	b := g.affine(o.WeightHH, o.BiasHH, h)
	r := apply1(apply2(block(a, 0, size), block(b, 0, size), add), gate)
	z := apply1(apply2(block(a, 1, size), block(b, 1, size), add), gate)

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

// lstm is c' = f⊙c + i⊙g, h' = o⊙output(c'), the gates with what peepholes see.
func (g *Graph) lstm(o ir.LSTM, x []float64) []float64 {
	gate, candidate := bounded(o.Bound, o.Gate.Or(ir.Sigmoid)), bounded(o.Bound, o.Candidate.Or(ir.Tanh))
	c := g.states[o.C]
	size := len(c)
	a := apply2(g.affine(o.WeightIH, o.BiasIH, x), g.affine(o.WeightHH, o.BiasHH, g.states[o.H]), add)
	peep := g.peepholes(o, size)

	input := apply1(apply2(block(a, 0, size), apply2(block(peep, 0, size), c, mul), add), gate)
	forget := apply1(apply2(block(a, 1, size), apply2(block(peep, 1, size), c, mul), add), gate)
	if o.Coupled {
		forget = apply1(input, func(f float64) float64 { return 1 - f })
	}
	c = g.keep(o.C, apply2(apply2(forget, c, mul), apply2(input, apply1(block(a, 2, size), candidate), mul), add))

	output := apply1(apply2(block(a, 3, size), apply2(block(peep, 2, size), c, mul), add), gate)
	h := g.keep(o.H, apply2(output, apply1(c, function(o.Output.Or(ir.Tanh))), mul))
	if o.Both {
		return slices.Concat(h, c)
	}
	return h
}

// peepholes are p_i, p_f and p_o, zeros where the cell has none.
func (g *Graph) peepholes(o ir.LSTM, size int) []float64 {
	if o.Peephole == "" {
		return make([]float64, 3*size)
	}
	return widen(g.params[o.Peephole].Data)
}

// bounded is f of what it reads limited to [−bound, bound]; 0 is no bound.
func bounded(bound float32, f ir.Function) func(float64) float64 {
	limit := float64(bound)
	if bound == 0 {
		limit = math.Inf(1)
	}
	apply := function(f)
	return func(x float64) float64 { return apply(min(max(x, -limit), limit)) }
}

// keep replaces a state by a copy of h and returns h.
func (g *Graph) keep(state string, h []float64) []float64 {
	g.states[state] = slices.Clone(h)
	return h
}

// block is gate k of stacked gates.
func block(a []float64, k, size int) []float64 { return a[k*size : (k+1)*size] }
