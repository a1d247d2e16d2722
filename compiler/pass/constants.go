package pass

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// foldConstants finds elements of values that are the same in every frame, adds
// what they contribute to the biases of their readers and clears the weights
// that read them: rows of a Linear without weights, what element-wise nodes
// make of them, and units of recurrent nodes that begin at zero and that nothing
// writes to. Finding them is a greatest fixed point: every unit that may be
// constant is taken to be until a row shows otherwise.
func foldConstants(m *ir.Model, r *Report) (*ir.Model, error) {
	k := newConstants(m)
	k.run()
	out := m.Clone()
	a := analyse(m)
	for i, n := range m.Nodes {
		switch op := n.Op.(type) {
		case ir.Linear:
			out.Nodes[i].Op = foldInto(out, a, k, r, n, op.Weight, op.Bias, func(bias string) ir.Op {
				op.Bias = bias
				return op
			})
		case ir.RNN:
			out.Nodes[i].Op = foldInto(out, a, k, r, n, op.WeightIH, op.BiasIH, func(bias string) ir.Op {
				op.BiasIH = bias
				return op
			})
			clearColumns(out, a, op.WeightHH, k.values[n.Name])
		case ir.GRU:
			out.Nodes[i].Op = foldInto(out, a, k, r, n, op.WeightIH, op.BiasIH, func(bias string) ir.Op {
				op.BiasIH = bias
				return op
			})
			clearColumns(out, a, op.WeightHH, k.values[n.Name])
		case ir.LSTM:
			out.Nodes[i].Op = foldInto(out, a, k, r, n, op.WeightIH, op.BiasIH, func(bias string) ir.Op {
				op.BiasIH = bias
				return op
			})
			clearColumns(out, a, op.WeightHH, k.values[n.Name])
		}
	}
	dropUnused(out)
	return out, nil
}

// foldInto moves the contribution of the constant elements of the input into
// the bias and clears their columns. A weight that several nodes share is left.
func foldInto(m *ir.Model, a *axes, k *constants, r *Report, n ir.Node, weight, bias string, with func(bias string) ir.Op) ir.Op {
	known := k.values[n.Inputs[0]]
	if !slices.ContainsFunc(known, isKnown) || len(a.uses[weight]) > 1 {
		return with(bias)
	}
	w := m.Param(weight)
	rows, cols := w.Shape[0], w.Shape[1]
	sum := make([]float64, rows)
	changed := false
	for row := range rows {
		for c, v := range known {
			if isKnown(v) {
				sum[row] += float64(w.Data[row*cols+c]) * v
				changed = changed || w.Data[row*cols+c] != 0
			}
		}
	}
	if !changed {
		return with(bias)
	}
	total := make([]float32, rows)
	if bias != "" {
		copy(total, m.Param(bias).Data)
	}
	for i := range total {
		total[i] = float32(float64(total[i]) + sum[i])
	}
	if !allFinite(total) {
		r.note("inputs of %q that never change stay: what they add to is beyond float32", n.Name)
		return with(bias)
	}
	r.note("%d of %d inputs of %q never change", count(known), cols, n.Name)
	clearColumns(m, a, weight, known)
	return with(replaceBias(m, bias, n.Name+".bias", total))
}

// clearColumns clears the columns of a weight that read a known element.
func clearColumns(m *ir.Model, a *axes, weight string, known []float64) {
	if !slices.ContainsFunc(known, isKnown) || len(a.uses[weight]) > 1 {
		return
	}
	w := m.Param(weight)
	fresh := &ir.Param{Name: w.Name, Shape: w.Shape, Data: slices.Clone(w.Data)}
	cols := w.Shape[1]
	for i := range fresh.Data {
		if isKnown(known[i%cols]) {
			fresh.Data[i] = 0
		}
	}
	setParam(m, fresh)
}

// constants holds, for each value, the elements that never change; NaN for one
// that does.
type constants struct {
	m      *ir.Model
	params map[string]*ir.Param
	values map[string][]float64
}

func isKnown(v float64) bool { return !math.IsNaN(v) }

func count(known []float64) int {
	n := 0
	for _, v := range known {
		if isKnown(v) {
			n++
		}
	}
	return n
}

// newConstants begins with the assumption that every recurrent unit stays zero.
func newConstants(m *ir.Model) *constants {
	k := &constants{m: m, params: map[string]*ir.Param{}, values: map[string][]float64{}}
	for _, p := range m.Params {
		k.params[p.Name] = p
	}
	types, _ := m.Infer()
	for _, in := range m.Inputs {
		k.values[in.Name] = unknowns(in.Type.Len())
	}
	for _, n := range m.Nodes {
		k.values[n.Name] = make([]float64, types[n.Name].Len())
		for _, s := range ir.StateNames(n.Op) {
			if init := m.State(s).Init; init != "" {
				for i, v := range k.params[init].Data {
					if v != 0 {
						k.values[n.Name][i] = math.NaN()
					}
				}
			}
		}
	}
	return k
}

func unknowns(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// run refutes assumptions until none falls. A recurrent unit only ever goes
// from zero to unknown, so it ends.
func (k *constants) run() {
	for again := true; again; {
		again = false
		for _, n := range k.m.Nodes {
			old := k.values[n.Name]
			k.values[n.Name] = k.node(n, old)
			if recurrent(n.Op) && count(old) != count(k.values[n.Name]) {
				again = true
			}
		}
	}
}

func recurrent(op ir.Op) bool { return len(ir.StateNames(op)) > 0 }

func (k *constants) node(n ir.Node, old []float64) []float64 {
	in := func(i int) []float64 { return k.values[n.Inputs[i]] }
	switch op := n.Op.(type) {
	case ir.Linear:
		return k.affine(op.Weight, op.Bias, in(0))
	case ir.Embedding:
		return k.table(op.Weight)
	case ir.RNN:
		if op.Func == ir.Sigmoid {
			return unknowns(len(old))
		}
		return k.cell(old, in(0), gate{op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, 0})
	case ir.GRU:
		return k.cell(old, in(0), gate{op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, 2})
	case ir.LSTM:
		return k.cell(old, in(0), gate{op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, 2})
	case ir.Activation:
		return each(in(0), func(x float64) float64 { return apply(op.Func, op.Clip, x) })
	case ir.Binary:
		return pairs(op.Func, in(0), in(1))
	case ir.Concat:
		var all []float64
		for i := range n.Inputs {
			all = append(all, in(i)...)
		}
		return all
	}
	return unknowns(len(old))
}

// affine is b for the rows that read nothing.
func (k *constants) affine(weight, bias string, x []float64) []float64 {
	w := k.params[weight]
	y := make([]float64, w.Shape[0])
	for r := range y {
		if bias != "" {
			y[r] = float64(k.params[bias].Data[r])
		}
		for c, v := range w.Data[r*len(x) : (r+1)*len(x)] {
			if v != 0 {
				y[r] += float64(v) * x[c] // NaN of an unknown stays
			}
		}
	}
	return y
}

// table is what all rows of an embedding agree on.
func (k *constants) table(weight string) []float64 {
	w := k.params[weight]
	width := w.Shape[1]
	v := make([]float64, width)
	for c := range v {
		v[c] = float64(w.Data[c])
		for r := 1; r < w.Shape[0]; r++ {
			if w.Data[r*width+c] != w.Data[c] {
				v[c] = math.NaN()
			}
		}
	}
	return v
}

// gate names the gate of a cell whose zero keeps a unit that begins at zero
// there: all of an RNN, the candidate n of a GRU (h' = z⊙h), g of an LSTM (c' =
// σ(f)⊙c, h' = σ(o)⊙tanh(c')).
type gate struct {
	weightIH, weightHH, biasIH, biasHH string
	block                              int
}

// cell keeps the zeros of old whose gate row sums only zeros.
func (k *constants) cell(old, x []float64, g gate) []float64 {
	h := slices.Clone(old)
	for u := range h {
		row := g.block*len(h) + u
		if isKnown(h[u]) && !(k.zeroRow(g.weightIH, row, x) && k.zeroRow(g.weightHH, row, old) &&
			k.zeroBias(g.biasIH, row) && k.zeroBias(g.biasHH, row)) {
			h[u] = math.NaN()
		}
	}
	return h
}

func (k *constants) zeroRow(weight string, row int, x []float64) bool {
	for c, v := range k.params[weight].Data[row*len(x) : (row+1)*len(x)] {
		if v != 0 && x[c] != 0 {
			return false
		}
	}
	return true
}

func (k *constants) zeroBias(bias string, row int) bool {
	return bias == "" || k.params[bias].Data[row] == 0
}

func each(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// apply is the element-wise function; an unknown stays unknown.
func apply(f ir.Func, clip float32, x float64) float64 {
	switch f {
	case ir.Tanh:
		return math.Tanh(x)
	case ir.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case ir.ReLU:
		return max(x, 0)
	case ir.ClippedReLU:
		return min(max(x, 0), float64(clip))
	}
	return x
}

func pairs(f ir.BinaryFunc, a, b []float64) []float64 {
	y := make([]float64, len(a))
	for i := range y {
		switch f {
		case ir.Add:
			y[i] = a[i] + b[i]
		case ir.Sub:
			y[i] = a[i] - b[i]
		case ir.Mul:
			y[i] = a[i] * b[i]
			if a[i] == 0 || b[i] == 0 {
				y[i] = 0
			}
		}
	}
	return y
}
