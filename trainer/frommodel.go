package trainer

import (
	"errors"
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// FromModel builds the network of a model, with copies of its values, so that it
// can be scored and trained further. Its parameters have the names of the model's
// tensors; biases that a model does not have are fixed at zero, and called by their
// nodes. A Softmax or its logarithm at the end is left out, for losses read logits.
//
// The model must be a chain: one input, one output, and every node reads the one
// before it, but that two recurrent nodes of opposite directions over the same
// value, with the Concat of both behind them, are one bidirectional layer. States
// must begin at zero. The error lists every node that is not of this kind.
func FromModel(m *ir.Model) (*nn.Stack[float32], error) {
	if err := m.Verify(); err != nil {
		return nil, err
	}
	if err := m.Filled(); err != nil {
		return nil, err
	}
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) == 0 {
		return nil, fmt.Errorf("model %q: no input, want one", m.Name)
	}
	i := &importer{model: m, types: types, value: m.Inputs[0].Name}
	if len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		i.faults = append(i.faults, fmt.Errorf("model %q: %d inputs and %d outputs, want one of each", m.Name, len(m.Inputs), len(m.Outputs)))
	}
	i.states()
	i.chain()
	if err := errors.Join(i.faults...); err != nil {
		return nil, err
	}
	in := m.Inputs[0].Type
	kind := nn.InputKind{Width: in.Len()}
	if in.DType == ir.Index {
		kind = nn.InputKind{Bound: in.Bound}
	}
	return nn.NewStack(kind, i.layers...)
}

// importer turns nodes into layers.
type importer struct {
	model  *ir.Model
	types  map[string]ir.Type
	layers []nn.Layer[float32]
	value  string // that the last layer makes
	faults []error
}

func (i *importer) fault(n ir.Node, format string, args ...any) {
	i.faults = append(i.faults, fmt.Errorf("model %q: node %q: "+format, append([]any{i.model.Name, n.Name}, args...)...))
}

// states reports those that do not begin at zero.
func (i *importer) states() {
	for _, s := range i.model.States {
		if s.Init != "" {
			i.faults = append(i.faults, fmt.Errorf("model %q: state %q begins with parameter %q, want zero", i.model.Name, s.Name, s.Init))
		}
	}
}

func (i *importer) chain() {
	nodes, last := i.logits()
	for len(nodes) > 0 {
		used := i.several(nodes)
		if used == 0 {
			used = i.take(nodes)
			i.value = nodes[used-1].Name
		}
		nodes = nodes[used:]
	}
	if i.value != last && len(i.faults) == 0 {
		i.faults = append(i.faults, fmt.Errorf("model %q: output is %q, want the last node %q", i.model.Name, last, i.value))
	}
}

// take turns the first nodes into a layer, or reports the first of them, and returns
// how many they are.
func (i *importer) take(nodes []ir.Node) int {
	if l, used := i.affine(nodes); l != nil {
		i.layers = append(i.layers, l)
		return used
	}
	n := nodes[0]
	if len(n.Inputs) != 1 || n.Inputs[0] != i.value {
		i.fault(n, "%s reads %q, want only %q: not a chain", n.Op.Kind(), n.Inputs, i.value)
		return 1
	}
	if forward, reverse, ok := i.bothDirections(nodes); ok {
		i.layers = append(i.layers, nn.NewBidirectional(forward, reverse))
		return 3
	}
	if ir.Reversed(n.Op) {
		i.fault(n, "%s is reversed, want it beside a forward node, with the concat of both behind", n.Op.Kind())
		return 1
	}
	l := i.layer(n)
	switch {
	case l != nil:
		i.layers = append(i.layers, l)
	case !isIdentity(n.Op):
		i.fault(n, "%s, which cannot be trained", n.Op.Kind())
	}
	return 1
}

// bothDirections recognises a bidirectional layer.
func (i *importer) bothDirections(nodes []ir.Node) (forward, reverse nn.Recurrent[float32], ok bool) {
	if len(nodes) < 3 || ir.Reversed(nodes[0].Op) || !ir.Reversed(nodes[1].Op) || nodes[1].Inputs[0] != i.value {
		return nil, nil, false
	}
	join := nodes[2]
	if _, ok := join.Op.(ir.Concat); !ok || len(join.Inputs) != 2 || join.Inputs[0] != nodes[0].Name || join.Inputs[1] != nodes[1].Name {
		return nil, nil, false
	}
	forward, reverse = i.recurrent(nodes[0]), i.recurrent(nodes[1])
	return forward, reverse, forward != nil && reverse != nil
}

// layer is that of a node, nil where there is none.
func (i *importer) layer(n ir.Node) nn.Layer[float32] {
	if l := i.recurrent(n); l != nil {
		return l
	}
	in := i.types[n.Inputs[0]]
	switch op := n.Op.(type) {
	case ir.Embedding:
		l := nn.NewEmbedding[float32](n.Name, in.Bound, i.types[n.Name].Len())
		i.fill(l, op.Weight)
		return l
	case ir.Linear:
		if op.Rows > 1 {
			return nil
		}
		l := nn.NewLinear[float32](n.Name, in.Len(), i.types[n.Name].Len())
		if op.Bias == "" {
			l.NoBias()
		}
		l.Weight.Prunable = !i.convolves()
		i.fill(l, op.Weight, op.Bias)
		return l
	case ir.Activation:
		if f, ok := nnFunc(op.Func); ok {
			return nn.NewActivation[float32](in.Len(), f, float64(op.Clip))
		}
		if op.Func == ir.Affine {
			return affineOf(n.Name, in.Len(), op)
		}
	case ir.Normalize:
		if op.Size == in.Len() {
			return nn.NewNormalize[float32](in.Len(), op.Epsilon)
		}
	}
	return nil
}

func isIdentity(op ir.Op) bool {
	a, ok := op.(ir.Activation)
	return ok && a.Func == ir.Identity
}

// recurrent is nil for a node that does not go through time, and for a cell that has
// more than the layers have: other functions of its gates, bounds, peepholes.
func (i *importer) recurrent(n ir.Node) nn.Recurrent[float32] {
	in := i.types[n.Inputs[0]].Len()
	hidden := i.types[n.Name].Len()
	switch op := n.Op.(type) {
	case ir.RNN:
		f, ok := nnFunc(op.Func)
		if !ok || op.Bound != 0 {
			return nil
		}
		l := nn.NewRNN[float32](n.Name, in, hidden, f, float64(op.Clip))
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	case ir.GRU:
		f, ok := nnFunc(op.Func)
		if !ok || op.Gate != "" || op.Bound != 0 {
			return nil
		}
		mode := nn.ResetAfter
		if op.Reset == ir.ResetBefore {
			mode = nn.ResetBefore
		}
		l := nn.NewGRU[float32](n.Name, in, hidden, mode, f, 0)
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	case ir.LSTM:
		plain := ir.LSTM{WeightIH: op.WeightIH, WeightHH: op.WeightHH, BiasIH: op.BiasIH, BiasHH: op.BiasHH, H: op.H, C: op.C, Direction: op.Direction}
		if op != plain {
			return nil
		}
		l := nn.NewLSTM[float32](n.Name, in, hidden)
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	}
	return nil
}

// fill copies the names and values of a layer's parameters, given in its order.
func (i *importer) fill(l nn.Layer[float32], names ...string) {
	for k, p := range l.Params() {
		if names[k] == "" {
			p.Fixed = true
			continue
		}
		p.Name = names[k]
		copy(p.Value, i.model.Param(names[k]).Data)
	}
}

// nnFunc is a function that layers have too.
func nnFunc(f ir.Func) (nn.Func, bool) {
	g, ok := map[ir.Func]nn.Func{ir.Tanh: nn.Tanh, ir.Sigmoid: nn.Sigmoid, ir.ReLU: nn.ReLU, ir.ClippedReLU: nn.ClippedReLU}[f]
	return g, ok
}
