package pass

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// foldActivations lets readers of an activation that changes nothing read its
// input: the identity, and a rectifier or bound over values that it leaves alone. A
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
	low, high := bounds(m, n.Inputs[0])
	switch op.Func {
	case ir.Identity:
		return true
	case ir.Affine:
		return op.Alpha == 1 && op.Beta == 0
	case ir.Power:
		return op.Alpha == 1
	case ir.ReLU, ir.Abs, ir.LeakyReLU, ir.ELU:
		return low >= 0
	case ir.ClippedReLU:
		return low >= 0 && high <= float64(op.Clip)
	case ir.Clamp:
		return low >= float64(op.Alpha) && high <= float64(op.Beta)
	}
	return false
}

// bounds is a range that holds every element of a value, the widest where none is
// known from its op alone.
func bounds(m *ir.Model, value string) (low, high float64) {
	if n := m.Node(value); n != nil {
		switch op := n.Op.(type) {
		case ir.Softmax:
			return 0, 1
		case ir.Activation:
			return rangeOf(op.Function())
		case ir.RNN:
			low, high = rangeOf(op.Function())
			return min(low, 0), max(high, 0) // zero in a frame that does not count
		}
	}
	return math.Inf(-1), math.Inf(1)
}

// rangeOf is a range that holds every value of a function.
func rangeOf(f ir.Function) (low, high float64) {
	switch f.Func {
	case ir.Sigmoid, ir.HardSigmoid:
		return 0, 1
	case ir.Tanh, ir.Softsign, ir.Erf:
		return -1, 1
	case ir.ReLU, ir.Softplus, ir.Exp, ir.Sqrt, ir.Abs:
		return 0, math.Inf(1)
	case ir.ClippedReLU:
		return 0, float64(f.Clip)
	case ir.Clamp:
		return float64(f.Alpha), float64(f.Beta)
	}
	return math.Inf(-1), math.Inf(1)
}
