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
		f := fold{m: out, axes: a, known: k, report: r, node: n}
		switch op := n.Op.(type) {
		case ir.Linear:
			op.Bias = f.into(op.Weight, op.Bias, max(op.Rows, 1))
			out.Nodes[i].Op = op
		case ir.RNN:
			op.BiasIH = f.into(op.WeightIH, op.BiasIH, 1)
			clearColumns(out, a, op.WeightHH, k.hidden(n))
			out.Nodes[i].Op = op
		case ir.GRU:
			op.BiasIH = f.into(op.WeightIH, op.BiasIH, 1)
			clearColumns(out, a, op.WeightHH, k.hidden(n))
			out.Nodes[i].Op = op
		case ir.LSTM:
			op.BiasIH = f.into(op.WeightIH, op.BiasIH, 1)
			clearColumns(out, a, op.WeightHH, k.hidden(n))
			out.Nodes[i].Op = op
		}
	}
	dropUnused(out)
	return out, nil
}

// fold folds what is known of the input of a node.
type fold struct {
	m      *ir.Model // that is written to
	axes   *axes
	known  *constants
	report *Report
	node   ir.Node
}

// into moves the contribution of the constant elements of the input into the bias,
// clears their columns and gives the name of the bias. A weight that several nodes
// share is left, and elements that differ between the rows of a Linear.
func (f fold) into(weight, bias string, inputRows int) string {
	known := agreed(f.known.values[f.node.Inputs[0]], inputRows)
	if !slices.ContainsFunc(known, isKnown) || len(f.axes.uses[weight]) > 1 {
		return bias
	}
	w := f.m.Param(weight)
	rows, cols := w.Shape[0], w.Shape[1]
	sum := make([]float64, rows)
	changed := false
	for row := range rows {
		for c, v := range known {
			if isKnown(v) && w.Data[row*cols+c] != 0 {
				sum[row] += float64(w.Data[row*cols+c]) * v
				changed = true
			}
		}
	}
	if !changed {
		return bias
	}
	total := make([]float32, rows)
	if bias != "" {
		copy(total, f.m.Param(bias).Data)
	}
	for i := range total {
		total[i] = float32(float64(total[i]) + sum[i])
	}
	if !allFinite(total) {
		f.report.note("inputs of %q that never change stay: what they add to is beyond float32", f.node.Name)
		return bias
	}
	f.report.note("%d of %d inputs of %q never change", count(known), cols, f.node.Name)
	clearColumns(f.m, f.axes, weight, known)
	return replaceBias(f.m, bias, f.node.Name+".bias", total)
}

// agreed is what is known of every row alike.
func agreed(known []float64, rows int) []float64 {
	width := len(known) / rows
	first := slices.Clone(known[:width])
	for i, v := range known {
		if v != first[i%width] {
			first[i%width] = math.NaN()
		}
	}
	return first
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
