package pass

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// foldActivations lets readers of an activation that changes nothing read its
// input: the identity, and a rectifier over values that it leaves alone. A
// model output keeps its node, whose name is the output's.
func foldActivations(m *ir.Model, r *Report) (*ir.Model, error) {
	out := m.Clone()
	for i := 0; i < len(out.Nodes); i++ {
		n := out.Nodes[i]
		op, ok := n.Op.(ir.Activation)
		if !ok || slices.Contains(out.Outputs, n.Name) || !changesNothing(out, n, op) {
			continue
		}
		for k := range out.Nodes {
			for j, name := range out.Nodes[k].Inputs {
				if name == n.Name {
					out.Nodes[k].Inputs[j] = n.Inputs[0]
				}
			}
		}
		out.Nodes = slices.Delete(out.Nodes, i, i+1)
		i--
		r.note("activation %q changes nothing", n.Name)
	}
	return out, nil
}

// changesNothing reports whether f(x) = x for every value that the input of the
// activation can have.
func changesNothing(m *ir.Model, n ir.Node, op ir.Activation) bool {
	if op.Func == ir.Identity {
		return true
	}
	low, high, ok := bounds(m, n.Inputs[0])
	switch op.Func {
	case ir.ReLU:
		return ok && low >= 0
	case ir.ClippedReLU:
		return ok && low >= 0 && high <= op.Clip
	}
	return false
}

// bounds is a range that holds every element of a value, where one is known
// from its op alone.
func bounds(m *ir.Model, value string) (low, high float32, ok bool) {
	n := m.Node(value)
	if n == nil {
		return 0, 0, false
	}
	f, clip := ir.Identity, float32(0)
	switch op := n.Op.(type) {
	case ir.Softmax:
		return 0, 1, true
	case ir.Activation:
		f, clip = op.Func, op.Clip
	case ir.RNN:
		f, clip = op.Func, op.Clip
	}
	switch f {
	case ir.Sigmoid:
		return 0, 1, true
	case ir.ReLU:
		return 0, math.MaxFloat32, true
	case ir.ClippedReLU:
		return 0, clip, true
	}
	return 0, 0, false
}
