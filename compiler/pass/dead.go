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
// node that uses a state needs the others that do: a Recall the Store, which comes
// later, and a Store its Recall.
func neededNodes(m *ir.Model) map[string]bool {
	nodes, users, shown := nodesOf(m), map[string][]string{}, exposed(m)
	pending := slices.Clone(m.Outputs)
	for _, n := range m.Nodes {
		for _, s := range ir.StateNames(n.Op) {
			users[s] = append(users[s], n.Name)
			if shown[s] {
				pending = append(pending, n.Name)
			}
		}
	}
	needed := map[string]bool{}
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if needed[name] {
			continue
		}
		needed[name] = true
		if n := nodes[name]; n != nil {
			pending = append(pending, n.Inputs...)
			for _, s := range ir.StateNames(n.Op) {
				pending = append(pending, users[s]...)
			}
		}
	}
	return needed
}

// exposed are the states that a tensor shows: see [ir.Model.Exposed].
func exposed(m *ir.Model) map[string]bool {
	shown := map[string]bool{}
	for _, t := range m.Tensors {
		for _, p := range t.Parts {
			if p.Kind == ir.StatePart {
				shown[p.Name] = true
			}
		}
	}
	return shown
}
