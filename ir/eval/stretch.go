package eval

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// stretch is a run of nodes that go through a sequence together, frame by frame,
// because a state leads from the last to the first: those from a Recall to its
// Store. Every other node is a stretch of its own and goes through the whole
// sequence before the next begins, as its states belong to it alone.
type stretch struct{ from, to int }

// stretches cuts the nodes of a sound model; those that overlap are one.
func stretches(m *ir.Model) []stretch {
	stores := map[string]int{}
	for i, n := range m.Nodes {
		if o, ok := n.Op.(ir.Store); ok {
			stores[o.State] = i
		}
	}
	var all []stretch
	for i := 0; i < len(m.Nodes); {
		s := stretch{i, i + 1}
		for ; i < s.to; i++ {
			if o, ok := m.Nodes[i].Op.(ir.Recall); ok {
				s.to = max(s.to, stores[o.State]+1)
			}
		}
		all = append(all, s)
	}
	return all
}

// stretch computes nodes over all frames.
func (g *Graph) stretch(nodes []ir.Node, values []Frame) {
	switch op := nodes[0].Op.(type) {
	case ir.Ahead:
		for t := range values {
			values[t][nodes[0].Name] = g.ahead(nodes[0], op.By, t, values)
		}
		return
	case ir.Hold:
		for t := range values {
			values[t][nodes[0].Name] = hold(nodes[0], op.At, values)
		}
		return
	}
	if ir.Reversed(nodes[0].Op) {
		g.backwards(&nodes[0], values)
		return
	}
	for t := range values {
		for i := range nodes {
			g.node(&nodes[i], values[t])
		}
	}
}

// backwards computes a reversed node over all frames.
func (g *Graph) backwards(n *ir.Node, values []Frame) {
	for _, name := range ir.StateNames(n.Op) {
		if !g.given[name] {
			g.states[name] = g.initial(*g.m.State(name))
		}
	}
	for t := len(values) - 1; t >= 0; t-- {
		g.node(n, values[t])
	}
}

// node computes one frame of a node.
func (g *Graph) node(n *ir.Node, frame Frame) {
	in := make([][]float64, len(n.Inputs))
	for k, name := range n.Inputs {
		in[k] = frame[name]
	}
	if masked(n.Op, in) {
		frame[n.Name] = make([]float64, g.types[n.Name].Len())
		return
	}
	frame[n.Name] = g.apply(n.Op, in)
}

// ahead is the input of a node by frames behind t, zeros behind the last.
func (g *Graph) ahead(n ir.Node, by, t int, values []Frame) []float64 {
	if t+by >= len(values) {
		return make([]float64, g.types[n.Name].Len())
	}
	return slices.Clone(values[t+by][n.Inputs[0]])
}

// hold is the input of a node at an end of the sequence.
func hold(n ir.Node, at ir.End, values []Frame) []float64 {
	if at == ir.First {
		return slices.Clone(values[0][n.Inputs[0]])
	}
	return slices.Clone(values[len(values)-1][n.Inputs[0]])
}
