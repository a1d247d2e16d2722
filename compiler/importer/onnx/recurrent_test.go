package onnx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
)

// This file holds recurrent nodes against a small implementation of their own, which
// follows the documentation of ONNX and shares nothing with the importer.

// recurrentCase is a recurrent node with its tensors, in the layout of batch second.
type recurrentCase struct {
	op                        string
	steps, batch, in, n, dirs int
	direction                 string
	w, r, b, p, h, c          []float64 // nil where they are not there
	lens                      []int
	names                     []string // activations
	alpha, beta               []float32
	clip                      float64
	after, coupled            bool
	layout                    int
}

// function is an activation with the numbers that it takes from the lists.
func function(name string, alpha, beta *[]float32) func(float64) float64 {
	take := func(list *[]float32, otherwise float64) float64 {
		if len(*list) == 0 {
			return otherwise
		}
		x := (*list)[0]
		*list = (*list)[1:]
		return float64(x)
	}
	switch name {
	case "Relu":
		return func(x float64) float64 { return math.Max(0, x) }
	case "Tanh":
		return math.Tanh
	case "Sigmoid":
		return func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	case "Softsign":
		return func(x float64) float64 { return x / (1 + math.Abs(x)) }
	case "Softplus":
		return func(x float64) float64 { return math.Log(1 + math.Exp(x)) }
	case "LeakyRelu":
		a := take(alpha, 0.01)
		return func(x float64) float64 {
			if x >= 0 {
				return x
			}
			return a * x
		}
	case "ThresholdedRelu":
		a := take(alpha, 1)
		return func(x float64) float64 {
			if x > a {
				return x
			}
			return 0
		}
	case "Elu":
		a := take(alpha, 1)
		return func(x float64) float64 {
			if x >= 0 {
				return x
			}
			return a * (math.Exp(x) - 1)
		}
	case "HardSigmoid":
		a, b := take(alpha, 0.2), take(beta, 0.5)
		return func(x float64) float64 { return math.Min(math.Max(a*x+b, 0), 1) }
	case "Affine":
		a, b := take(alpha, 1), take(beta, 0)
		return func(x float64) float64 { return a*x + b }
	case "ScaledTanh":
		a, b := take(alpha, 1), take(beta, 1)
		return func(x float64) float64 { return a * math.Tanh(b*x) }
	}
	panic(name)
}

// compute is Y [steps dirs batch n] and the last states [dirs batch n].
func (tc *recurrentCase) compute(x []float64) (y, lastH, lastC []float64) {
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[tc.op]
	alpha, beta := slices.Clone(tc.alpha), slices.Clone(tc.beta)
	var f []func(float64) float64
	for _, name := range tc.names {
		g := function(name, &alpha, &beta)
		f = append(f, g)
	}
	each := len(f) / tc.dirs
	y = make([]float64, tc.steps*tc.dirs*tc.batch*tc.n)
	for d := range tc.dirs {
		for b := range tc.batch {
			h, c := make([]float64, tc.n), make([]float64, tc.n)
			if tc.h != nil {
				copy(h, tc.h[(d*tc.batch+b)*tc.n:])
			}
			if tc.c != nil {
				copy(c, tc.c[(d*tc.batch+b)*tc.n:])
			}
			length := tc.steps
			if tc.lens != nil {
				length = tc.lens[b]
			}
			for i := range length {
				t := i
				if tc.direction == "reverse" || d == 1 {
					t = length - 1 - i
				}
				h, c = tc.step(f[d*each:(d+1)*each], d, gates, x[(t*tc.batch+b)*tc.in:][:tc.in], h, c)
				copy(y[((t*tc.dirs+d)*tc.batch+b)*tc.n:], h)
			}
			lastH, lastC = append(lastH, h...), append(lastC, c...)
		}
	}
	return y, lastH, lastC
}

// step is one step of direction d.
func (tc *recurrentCase) step(f []func(float64) float64, d, gates int, x, h, c []float64) (nextH, nextC []float64) {
	n := tc.n
	bound := func(v float64) float64 {
		if tc.clip > 0 {
			return math.Min(math.Max(v, -tc.clip), tc.clip)
		}
		return v
	}
	fromX := func(k, i int) float64 {
		row := (d*gates+k)*n + i
		sum := 0.0
		for j := range x {
			sum += tc.w[row*tc.in+j] * x[j]
		}
		if tc.b != nil {
			sum += tc.b[d*2*gates*n+k*n+i]
		}
		return sum
	}
	fromH := func(k, i int, h []float64) float64 {
		row := (d*gates+k)*n + i
		sum := 0.0
		for j := range h {
			sum += tc.r[row*n+j] * h[j]
		}
		if tc.b != nil {
			sum += tc.b[d*2*gates*n+(gates+k)*n+i]
		}
		return sum
	}
	peep := func(k, i int, c []float64) float64 {
		if tc.p == nil {
			return 0
		}
		return tc.p[(d*3+k)*n+i] * c[i]
	}
	nextH, nextC = make([]float64, n), make([]float64, n)
	switch tc.op {
	case "RNN":
		for i := range n {
			nextH[i] = f[0](bound(fromX(0, i) + fromH(0, i, h)))
		}
	case "GRU": // z, r, h
		rh, r := make([]float64, n), make([]float64, n)
		for i := range n {
			r[i] = f[0](bound(fromX(1, i) + fromH(1, i, h)))
			rh[i] = r[i] * h[i]
		}
		for i := range n {
			z := f[0](bound(fromX(0, i) + fromH(0, i, h)))
			inner := fromH(2, i, rh)
			if tc.after {
				inner = r[i] * fromH(2, i, h)
			}
			nextH[i] = (1-z)*f[1](bound(fromX(2, i)+inner)) + z*h[i]
		}
	case "LSTM": // i, o, f, c; peepholes i, o, f
		for i := range n {
			in := f[0](bound(fromX(0, i) + fromH(0, i, h) + peep(0, i, c)))
			forget := f[0](bound(fromX(2, i) + fromH(2, i, h) + peep(2, i, c)))
			if tc.coupled {
				forget = 1 - in
			}
			nextC[i] = forget*c[i] + in*f[1](bound(fromX(3, i)+fromH(3, i, h)))
			out := f[0](bound(fromX(1, i) + fromH(1, i, h) + peep(1, i, nextC)))
			nextH[i] = out * f[2](nextC[i])
		}
	}
	return nextH, nextC
}

// drawn is a random case.
func drawn(rng *rand.Rand) *recurrentCase {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	tc := &recurrentCase{op: pick("RNN", "GRU", "LSTM"), steps: 1 + rng.IntN(5), batch: 1 + rng.IntN(3), in: 1 + rng.IntN(4), n: 1 + rng.IntN(4),
		dirs: 1, direction: pick("forward", "reverse", "bidirectional"), layout: rng.IntN(2)}
	if tc.direction == "bidirectional" {
		tc.dirs = 2
	}
	draw := func(n int, likely float64) []float64 {
		if rng.Float64() >= likely {
			return nil
		}
		list := make([]float64, n)
		for i := range list {
			list[i] = float64(float32(rng.NormFloat64() * 0.7))
		}
		return list
	}
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[tc.op]
	states := tc.dirs * tc.batch * tc.n
	tc.w, tc.r = draw(tc.dirs*gates*tc.n*tc.in, 1), draw(tc.dirs*gates*tc.n*tc.n, 1)
	tc.b, tc.h = draw(tc.dirs*2*gates*tc.n, 0.7), draw(states, 0.5)
	if tc.op == "LSTM" {
		tc.c, tc.p = draw(states, 0.5), draw(tc.dirs*3*tc.n, 0.4)
		tc.coupled = rng.IntN(3) == 0
	}
	tc.after = tc.op == "GRU" && rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		tc.clip = float64(float32(0.2 + rng.Float64()))
	}
	if rng.IntN(3) == 0 {
		for range tc.batch {
			tc.lens = append(tc.lens, 1+rng.IntN(tc.steps))
		}
	}
	tc.drawFunctions(rng)
	return tc
}

// drawFunctions draws the activations, with numbers for all that take some or for
// none.
func (tc *recurrentCase) drawFunctions(rng *rand.Rand) {
	usual := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[tc.op]
	tc.names = slices.Repeat(usual, tc.dirs)
	if rng.IntN(2) == 0 {
		return
	}
	all := []string{"Relu", "Tanh", "Sigmoid", "Softsign", "Softplus", "LeakyRelu", "ThresholdedRelu", "Elu", "HardSigmoid", "Affine", "ScaledTanh"}
	numbered := rng.IntN(2) == 0
	for i := range tc.names {
		tc.names[i] = all[rng.IntN(len(all))]
		alpha := slices.Contains([]string{"LeakyRelu", "ThresholdedRelu", "Elu", "HardSigmoid", "Affine", "ScaledTanh"}, tc.names[i])
		beta := slices.Contains([]string{"HardSigmoid", "Affine", "ScaledTanh"}, tc.names[i])
		if numbered && alpha {
			tc.alpha = append(tc.alpha, 0.1+0.6*rng.Float32())
		}
		if numbered && beta {
			tc.beta = append(tc.beta, 0.1+0.6*rng.Float32())
		}
	}
}

// swapped exchanges the first two axes, of [a b rest].
func swapped(x []float64, a, b int) []float64 {
	rest := len(x) / (a * b)
	y := make([]float64, 0, len(x))
	for j := range b {
		for i := range a {
			y = append(y, x[(i*b+j)*rest:][:rest]...)
		}
	}
	return y
}

// how says what of a case is an input of the file and what a constant.
type how struct{ states, lengths, weights, dynamic bool }

// given is a tensor of a case in the file.
type given struct {
	name  string
	shape []int
	data  []float64
	input bool
	ints  bool
}

// tensors are those of a case, in the order of the node's inputs.
func (tc *recurrentCase) tensors(x []float64, h how) []given {
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[tc.op]
	state := func(name string, data []float64) given {
		if data != nil && tc.layout == 1 {
			return given{name, []int{tc.batch, tc.dirs, tc.n}, swapped(data, tc.dirs, tc.batch), h.states, false}
		}
		return given{name, []int{tc.dirs, tc.batch, tc.n}, data, h.states, false}
	}
	first := given{"X", []int{tc.steps, tc.batch, tc.in}, x, true, false}
	if tc.layout == 1 {
		first = given{"X", []int{tc.batch, tc.steps, tc.in}, swapped(x, tc.steps, tc.batch), true, false}
	}
	var lens []float64
	for _, n := range tc.lens {
		lens = append(lens, float64(n))
	}
	return []given{first,
		{"W", []int{tc.dirs, gates * tc.n, tc.in}, tc.w, h.weights, false},
		{"R", []int{tc.dirs, gates * tc.n, tc.n}, tc.r, h.weights, false},
		{"B", []int{tc.dirs, 2 * gates * tc.n}, tc.b, h.weights, false},
		{"lens", []int{tc.batch}, lens, h.lengths, true},
		state("h0", tc.h), state("c0", tc.c),
		{"P", []int{tc.dirs, 3 * tc.n}, tc.p, h.weights, false}}
}

// build is the file of a case, and the tensors of its inputs.
func (tc *recurrentCase) build(x []float64, h how) (*modelProto, map[string]eval.Tensor) {
	g := &graphProto{}
	inputs := map[string]eval.Tensor{}
	words := ""
	for _, t := range tc.tensors(x, h) {
		switch {
		case t.data == nil:
			words += " -"
			continue
		case t.input:
			dims := make([]any, len(t.shape))
			for k, d := range t.shape {
				if dims[k] = d; h.dynamic && t.name == "X" && k == tc.layout {
					dims[k] = "T"
				}
			}
			dtype := float32Type
			if t.ints {
				dtype = int32Type
			}
			g.inputs = append(g.inputs, typed(dtype, t.name, dims...))
			inputs[t.name] = eval.Tensor{Shape: t.shape, Data: t.data}
		case t.ints:
			var list []int64
			for _, v := range t.data {
				list = append(list, int64(v))
			}
			g.tensors = append(g.tensors, integers(t.name, list...))
		default:
			var list []float32
			for _, v := range t.data {
				list = append(list, float32(v))
			}
			g.tensors = append(g.tensors, weights(t.name, t.shape, list...))
		}
		words += " " + t.name
	}
	attributes := []*attributeProto{attr("hidden_size", tc.n), attr("direction", tc.direction), attr("activations", tc.names), attr("layout", tc.layout)}
	if tc.alpha != nil {
		attributes = append(attributes, attr("activation_alpha", tc.alpha))
	}
	if tc.beta != nil {
		attributes = append(attributes, attr("activation_beta", tc.beta))
	}
	if tc.clip > 0 {
		attributes = append(attributes, attr("clip", tc.clip))
	}
	if tc.after {
		attributes = append(attributes, attr("linear_before_reset", 1))
	}
	if tc.coupled {
		attributes = append(attributes, attr("input_forget", 1))
	}
	outputs := "Y Y_h"
	if tc.op == "LSTM" {
		outputs += " Y_c"
	}
	g.nodes = []*nodeProto{node(tc.op, words, outputs, attributes...),
		node("Neg", "Y_h", "minus")} // the last state as a value
	g.outputs = []valueProto{floats("Y"), floats("Y_h"), floats("minus")}
	if tc.op == "LSTM" {
		g.nodes = append(g.nodes, node("Neg", "Y_c", "minus_c"))
		g.outputs = append(g.outputs, floats("Y_c"), floats("minus_c"))
	}
	return file(14, g), inputs
}

// TestRecurrent draws nodes with any combination of attributes and inputs.
func TestRecurrent(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			tc := drawn(rng)
			x := make([]float64, tc.steps*tc.batch*tc.in)
			for i := range x {
				x[i] = float64(float32(rng.NormFloat64()))
			}
			h := how{states: rng.IntN(2) == 0, lengths: rng.IntN(2) == 0, weights: rng.IntN(4) == 0, dynamic: rng.IntN(2) == 0}
			if h.weights {
				h.dynamic = false
			}
			proto, inputs := tc.build(x, h)
			outputs := run(t, imported(t, proto, Options{}), inputs)
			y, lastH, lastC := tc.compute(x)
			if tc.layout == 1 {
				// Y is [batch steps dirs n], the states [batch dirs n].
				y = swapped(swapTail(y, tc.steps, tc.dirs, tc.batch), tc.steps, tc.batch)
				lastH, lastC = swapped(lastH, tc.dirs, tc.batch), swapped(lastC, tc.dirs, tc.batch)
			}
			largest := max(1e-30, largestOf(y), largestOf(lastH))
			near(t, "Y", outputs["Y"].Data, y, largest, 1e-6)
			near(t, "Y_h", outputs["Y_h"].Data, lastH, largest, 1e-6)
			near(t, "minus", outputs["minus"].Data, negative(lastH), largest, 1e-6)
			if tc.op == "LSTM" {
				largest = max(largest, largestOf(lastC))
				near(t, "Y_c", outputs["Y_c"].Data, lastC, largest, 1e-6)
				near(t, "minus_c", outputs["minus_c"].Data, negative(lastC), largest, 1e-6)
			}
			if t.Failed() {
				t.Logf("%+v %+v", *tc, h)
			}
		})
	}
}

func negative(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = -v
	}
	return y
}

// swapTail exchanges axes 1 and 2 of [steps dirs batch n].
func swapTail(y []float64, steps, dirs, batch int) []float64 {
	var all []float64
	for step := range slices.Chunk(y, len(y)/steps) {
		all = append(all, swapped(step, dirs, batch)...)
	}
	return all
}
