package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// computeConstants replaces nodes that read nothing but constants by their value.
// What is beyond float32 stays.
func computeConstants(m *ir.Model, r *Report) (*ir.Model, error) {
	fixed := constantNodes(m)
	if len(fixed.Nodes) == 0 {
		return m, nil
	}
	g, err := eval.New(fixed)
	if err != nil {
		return nil, err
	}
	trace, err := g.Trace([]eval.Frame{{}})
	if err != nil {
		return nil, err
	}
	out := m.Clone()
	nodes := nodesOf(out)
	for _, n := range fixed.Nodes {
		data := narrow(trace[0][n.Name])
		if len(n.Inputs) == 0 || !allFinite(data) {
			continue
		}
		p := &ir.Param{Name: freshParam(out, n.Name+".value"), Shape: []int{len(data)}, Data: data}
		out.Params = append(out.Params, p)
		*nodes[n.Name] = ir.Node{Name: n.Name, Op: ir.Constant{Value: p.Name}}
		r.note("node %q reads nothing but constants", n.Name)
	}
	dropUnused(out)
	return out, nil
}

// constantNodes is the part of a model that hangs on no input and no state.
func constantNodes(m *ir.Model) *ir.Model {
	part := &ir.Model{Name: m.Name, Params: slices.Clone(m.Params)}
	known := map[string]bool{}
	for _, n := range m.Nodes {
		if recurrent(n.Op) || ir.ReadsAhead(n.Op) || slices.ContainsFunc(n.Inputs, func(name string) bool { return !known[name] }) {
			continue
		}
		known[n.Name] = true
		part.Nodes = append(part.Nodes, n)
		part.Outputs = append(part.Outputs, n.Name)
	}
	dropUnused(part)
	return part
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}
