package eval

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// apply computes one frame of an op and replaces its states. The value is a
// fresh slice.
func (g *Graph) apply(op ir.Op, in [][]float64) []float64 {
	switch o := op.(type) {
	case ir.Linear:
		return g.rows(o, in[0])
	case ir.Constant:
		return widen(g.params[o.Value].Data)
	case ir.Embedding:
		return g.row(o.Weight, int(in[0][0]))
	case ir.RNN:
		return g.rnn(o, in[0])
	case ir.GRU:
		return g.gru(o, in[0])
	case ir.LSTM:
		return g.lstm(o, in[0])
	case ir.Recall:
		return slices.Clone(g.states[o.State])
	case ir.Store:
		return slices.Clone(g.keep(o.State, in[0]))
	case ir.Pick:
		return pick(g.elements(o.Spans), in[0])
	}
	return Pure(op, in...)
}

// Pure computes one frame of an op that has neither parameters nor states and reads
// no other frame: Activation, Concat, Pick, Reduce, Normalize, Binary or Softmax. An
// element of the value that hangs on an input that is NaN is NaN, unless it is the
// same whatever that input is.
func Pure(op ir.Op, in ...[]float64) []float64 {
	switch o := op.(type) {
	case ir.Activation:
		return apply1(in[0], function(o.Function()))
	case ir.Concat:
		return slices.Concat(in...)
	case ir.Pick:
		return pick(o.Spans.Elements(), in[0])
	case ir.Reduce:
		return grouped(in[0], o.Size, func(x []float64) []float64 { return []float64{reduce(o.Func, x)} })
	case ir.Normalize:
		return grouped(in[0], o.Size, func(x []float64) []float64 { return normalize(x, float64(o.Epsilon)) })
	case ir.Binary:
		return apply2(in[0], in[1], binary(o.Func))
	case ir.Softmax:
		size := o.Size
		if size == 0 {
			size = len(in[0])
		}
		return grouped(in[0], size, softmax)
	}
	panic(fmt.Sprintf("eval: no rule for op %T", op))
}

// rows is W·x + b for every row x of the input.
func (g *Graph) rows(o ir.Linear, x []float64) []float64 {
	var y []float64
	for row := range slices.Chunk(x, len(x)/max(o.Rows, 1)) {
		y = append(y, g.affine(o.Weight, o.Bias, row)...)
	}
	return y
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
	width := p.Shape[1]
	return widen(p.Data[i*width : (i+1)*width])
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// elements are those of spans, which are read once.
func (g *Graph) elements(spans ir.Spans) []int {
	if _, ok := g.picked[spans]; !ok {
		g.picked[spans] = spans.Elements()
	}
	return g.picked[spans]
}

// pick is elements of x, 0 where one is −1.
func pick(elements []int, x []float64) []float64 {
	y := make([]float64, len(elements))
	for i, from := range elements {
		if from >= 0 {
			y[i] = x[from]
		}
	}
	return y
}

// grouped joins what f makes of each size consecutive elements.
func grouped(x []float64, size int, f func([]float64) []float64) []float64 {
	var y []float64
	for group := range slices.Chunk(x, size) {
		y = append(y, f(group)...)
	}
	return y
}
