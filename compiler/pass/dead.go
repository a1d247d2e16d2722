package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// dropDead keeps the nodes that an output or a state that a tensor shows needs, and
// what they name. Inputs stay: they are the model's signature.
func dropDead(m *ir.Model, r *Report) (*ir.Model, error) {
	needed := neededNodes(m)
	out := m.Clone()
	out.Nodes = slices.DeleteFunc(out.Nodes, func(n ir.Node) bool {
		if !needed[n.Name] {
			r.note("node %q is needed by no output", n.Name)
		}
		return !needed[n.Name]
	})
	dropUnused(out)
	return out, nil
}

// neededNodes marks nodes, and inputs among them, from the outputs backwards. A
// Recall needs the Store of its state, which comes later, and a Store its Recall.
func neededNodes(m *ir.Model) map[string]bool {
	needed := map[string]bool{}
	for _, name := range m.Outputs {
		needed[name] = true
	}
	states := map[string]bool{}
	for _, s := range m.States {
		states[s.Name] = m.Exposed(s.Name)
	}
	for again := true; again; {
		again = false
		for _, n := range slices.Backward(m.Nodes) {
			wanted := needed[n.Name] || slices.ContainsFunc(ir.StateNames(n.Op), func(s string) bool { return states[s] })
			if !wanted {
				continue
			}
			needed[n.Name] = true
			for _, name := range n.Inputs {
				needed[name] = true
			}
			for _, s := range ir.StateNames(n.Op) {
				again = again || !states[s]
				states[s] = true
			}
		}
	}
	return needed
}
