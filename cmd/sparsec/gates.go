package main

import (
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

// gateNames are the gates of the ops whose weights stack them by rows.
var (
	gruGates  = []string{"r", "z", "n"}
	lstmGates = []string{"i", "f", "g", "o"}
)

// pruningParams are the tensors of a model as pruning sees them, in the order of
// the model: the matrices that nodes multiply by are prunable, embeddings only
// when a rule names them, what is no matrix never. They share the model's memory.
func pruningParams(m *ir.Model) []prune.Param {
	gates := gatesOf(m)
	params := make([]prune.Param, 0, len(m.Params))
	for _, p := range m.Params {
		q := prune.Param{Name: p.Name, Rows: len(p.Data), Cols: 1, Value: p.Data}
		if len(p.Shape) == 2 {
			q.Rows, q.Cols = p.Shape[0], p.Shape[1]
		}
		names, multiplied := gates[p.Name]
		q.Prunable = multiplied
		for i, name := range names {
			q.Gates = append(q.Gates, prune.Gate{Name: name, Rows: gateSpan(q.Rows, len(names), i)})
		}
		params = append(params, q)
	}
	return params
}

// gatesOf maps each tensor that a node multiplies by to the names of its gates,
// nil where it has one block of rows.
func gatesOf(m *ir.Model) map[string][]string {
	gates := map[string][]string{}
	for _, n := range m.Nodes {
		switch op := n.Op.(type) {
		case ir.Linear:
			gates[op.Weight] = nil
		case ir.RNN:
			gates[op.WeightIH], gates[op.WeightHH] = nil, nil
		case ir.GRU:
			gates[op.WeightIH], gates[op.WeightHH] = gruGates, gruGates
		case ir.LSTM:
			gates[op.WeightIH], gates[op.WeightHH] = lstmGates, lstmGates
		}
	}
	return gates
}

// gateSpans are the rows of each gate of a tensor.
func gateSpans(rows int, names []string) []sparse.Span {
	var spans []sparse.Span
	for i := range names {
		spans = append(spans, gateSpan(rows, len(names), i))
	}
	return spans
}

func gateSpan(rows, gates, i int) sparse.Span {
	block := rows / gates
	return sparse.Span{From: i * block, To: (i + 1) * block}
}
