package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// cell is a recurrent op, without its tensors, that computes what nodes of a model
// do: the next values of its states, of which the first is its own.
type cell struct {
	op      ir.Op
	tensors tensors
	states  []pair
}

// replace is the model with the cell in the place of the nodes; false where what
// they make on the way is needed besides.
func (c cell) replace(m *ir.Model) (*ir.Model, bool) {
	out := m.Clone()
	for _, s := range c.states {
		if shownByOutput(out, s.recall, s.store) {
			return nil, false
		}
		redirect(out, s.store, s.next)
	}
	c.place(out)
	needed := neededNodes(out)
	for _, s := range c.states {
		if needed[s.recall] {
			return nil, false
		}
	}
	out.Nodes = slices.DeleteFunc(out.Nodes, func(n ir.Node) bool { return !needed[n.Name] })
	dropUnused(out)
	return out, out.Verify() == nil
}

// place takes away the nodes that recall, make and store the states, and puts the
// cell behind the last node that it reads.
func (c cell) place(m *ir.Model) {
	m.Nodes = slices.DeleteFunc(m.Nodes, func(n ir.Node) bool {
		return slices.ContainsFunc(c.states, func(s pair) bool { return n.Name == s.next || n.Name == s.recall || n.Name == s.store })
	})
	at := 0
	for i, n := range m.Nodes {
		if slices.Contains(c.tensors.sources, n.Name) {
			at = i + 1
		}
	}
	input := c.tensors.sources[0]
	if len(c.tensors.sources) > 1 {
		input = freshValue(m, c.states[0].next+".input")
		m.Nodes = slices.Insert(m.Nodes, at, ir.Node{Name: input, Op: ir.Concat{}, Inputs: c.tensors.sources})
		at++
	}
	h := ir.Node{Name: c.states[0].next, Op: c.named(m), Inputs: []string{input}}
	m.Nodes = slices.Insert(m.Nodes, at, h)
	if len(c.states) > 1 && neededNodes(m)[c.states[1].next] {
		m.Nodes = slices.Replace(m.Nodes, at, at+1, c.both(m, h)...)
	}
}

// both is an LSTM with h' and c' in its value, and the nodes that take those out.
func (c cell) both(m *ir.Model, lstm ir.Node) []ir.Node {
	op := lstm.Op.(ir.LSTM)
	op.Both = true
	lstm.Op, lstm.Name = op, freshValue(m, lstm.Name+".both")
	nodes := []ir.Node{lstm}
	for i, s := range c.states {
		half := ir.Span{From: i * c.tensors.units, Count: c.tensors.units, Step: 1}
		nodes = append(nodes, ir.Node{Name: s.next, Op: ir.Pick{Spans: ir.MakeSpans([]ir.Span{half})}, Inputs: []string{lstm.Name}})
	}
	return nodes
}

// named is the op with its tensors, which become parameters of the model.
func (c cell) named(m *ir.Model) ir.Op {
	t := c.tensors
	stem := c.states[0].next
	ih := keepParam(m, stem+".weight_ih", t.weightIH, t.rows, t.inputs)
	hh := keepParam(m, stem+".weight_hh", t.weightHH, t.rows, t.units)
	biasIH, biasHH := "", ""
	if !allZero(t.biasIH) {
		biasIH = keepParam(m, stem+".bias_ih", t.biasIH, t.rows)
	}
	if !allZero(t.biasHH) {
		biasHH = keepParam(m, stem+".bias_hh", t.biasHH, t.rows)
	}
	switch op := c.op.(type) {
	case ir.RNN:
		op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH = ih, hh, biasIH, biasHH
		return op
	case ir.GRU:
		op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH = ih, hh, biasIH, biasHH
		return op
	}
	op := c.op.(ir.LSTM)
	op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH = ih, hh, biasIH, biasHH
	return op
}

// keepParam is the name of a parameter with the numbers, one that is there already
// if there is one.
func keepParam(m *ir.Model, stem string, data []float32, shape ...int) string {
	for _, p := range m.Params {
		if slices.Equal(p.Shape, shape) && slices.Equal(p.Data, data) {
			return p.Name
		}
	}
	p := &ir.Param{Name: freshParam(m, stem), Shape: shape, Data: data}
	m.Params = append(m.Params, p)
	return p.Name
}
