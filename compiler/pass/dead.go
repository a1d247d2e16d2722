package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// dropDead keeps the nodes that an output needs, and what they name. Inputs
// stay: they are the model's signature.
func dropDead(m *ir.Model, r *Report) (*ir.Model, error) {
	needed := map[string]bool{}
	for _, name := range m.Outputs {
		needed[name] = true
	}
	for i := len(m.Nodes) - 1; i >= 0; i-- {
		if needed[m.Nodes[i].Name] {
			for _, name := range m.Nodes[i].Inputs {
				needed[name] = true
			}
		}
	}
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
