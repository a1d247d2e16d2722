package trainer

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// FromModel builds the network of a model, with copies of its values, so that it
// can be scored and trained further. Parameters are called by their nodes, as
// [Export] calls them. A Softmax at the end is left out, for losses read logits.
//
// The model must be a chain: one input, one output, and every node reads the one
// before it, but that two recurrent nodes of opposite directions over the same
// value, with the Concat of both behind them, are one bidirectional layer. States
// must begin at zero.
func FromModel(m *ir.Model) (*nn.Stack[float32], error) {
	if err := m.Verify(); err != nil {
		return nil, err
	}
	if err := m.Filled(); err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		return nil, fmt.Errorf("model %q: %d inputs and %d outputs, want one of each", m.Name, len(m.Inputs), len(m.Outputs))
	}
	for _, s := range m.States {
		if s.Init != "" {
			return nil, fmt.Errorf("model %q: state %q begins with parameter %q, want zero", m.Name, s.Name, s.Init)
		}
	}
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	i := &importer{model: m, types: types, value: m.Inputs[0].Name}
	if err := i.chain(); err != nil {
		return nil, fmt.Errorf("model %q: %w", m.Name, err)
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
}

func (i *importer) chain() error {
	nodes := i.model.Nodes
	for len(nodes) > 0 {
		used := i.several(nodes)
		if used == 0 {
			var err error
			if used, err = i.take(nodes); err != nil {
				return err
			}
			i.value = nodes[used-1].Name
		}
		nodes = nodes[used:]
	}
	if i.model.Outputs[0] != i.value {
		return fmt.Errorf("output is %q, want the last node %q", i.model.Outputs[0], i.value)
	}
	return nil
}

// take turns the first nodes into a layer and returns how many they are.
func (i *importer) take(nodes []ir.Node) (int, error) {
	n := nodes[0]
	if len(n.Inputs) != 1 || n.Inputs[0] != i.value {
		return 0, fmt.Errorf("node %q reads %q, want only %q: not a chain", n.Name, n.Inputs, i.value)
	}
	if forward, reverse, ok := i.bothDirections(nodes); ok {
		i.layers = append(i.layers, nn.NewBidirectional(forward, reverse))
		return 3, nil
	}
	if ir.Reversed(n.Op) {
		return 0, fmt.Errorf("node %q is reversed, want it beside a forward node, with the concat of both behind", n.Name)
	}
	if l := i.recurrent(n); l != nil {
		i.layers = append(i.layers, l)
		return 1, nil
	}
	return 1, i.simple(n, len(nodes) == 1)
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

// recurrent is nil for a node that does not go through time.
func (i *importer) recurrent(n ir.Node) nn.Recurrent[float32] {
	in := i.types[n.Inputs[0]].Len()
	hidden := i.types[n.Name].Len()
	switch op := n.Op.(type) {
	case ir.RNN:
		l := nn.NewRNN[float32](n.Name, in, hidden, nnFunc(op.Func), float64(op.Clip))
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	case ir.GRU:
		mode := nn.ResetAfter
		if op.Reset == ir.ResetBefore {
			mode = nn.ResetBefore
		}
		l := nn.NewGRU[float32](n.Name, in, hidden, mode, nnFunc(op.Func), 0)
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	case ir.LSTM:
		l := nn.NewLSTM[float32](n.Name, in, hidden)
		i.fill(l, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
		return l
	}
	return nil
}

// simple adds a layer that does not go through time.
func (i *importer) simple(n ir.Node, last bool) error {
	in := i.types[n.Inputs[0]]
	switch op := n.Op.(type) {
	case ir.Embedding:
		l := nn.NewEmbedding[float32](n.Name, in.Bound, i.types[n.Name].Len())
		i.fill(l, op.Weight)
		i.layers = append(i.layers, l)
	case ir.Linear:
		l := nn.NewLinear[float32](n.Name, in.Len(), i.types[n.Name].Len())
		if op.Bias == "" {
			l.NoBias()
		}
		l.Weight.Prunable = !i.convolves()
		i.fill(l, op.Weight, op.Bias)
		i.layers = append(i.layers, l)
	case ir.Activation:
		if op.Func != ir.Identity {
			i.layers = append(i.layers, nn.NewActivation[float32](in.Len(), nnFunc(op.Func), float64(op.Clip)))
		}
	case ir.Normalize:
		if op.Size != in.Len() {
			return fmt.Errorf("node %q: normalises %d elements each, want all %d", n.Name, op.Size, in.Len())
		}
		i.layers = append(i.layers, nn.NewNormalize[float32](in.Len(), op.Epsilon))
	case ir.Softmax:
		if !last {
			return fmt.Errorf("node %q: a softmax, want one at the end only", n.Name)
		}
	default:
		return fmt.Errorf("node %q: %s, which cannot be trained", n.Name, n.Op.Kind())
	}
	return nil
}

// fill copies the values of a layer's parameters, given in its order. Biases that
// are absent stay zero.
func (i *importer) fill(l nn.Layer[float32], names ...string) {
	for k, p := range l.Params() {
		if names[k] != "" {
			copy(p.Value, i.model.Param(names[k]).Data)
		}
	}
}

func nnFunc(f ir.Func) nn.Func {
	return map[ir.Func]nn.Func{ir.Tanh: nn.Tanh, ir.Sigmoid: nn.Sigmoid, ir.ReLU: nn.ReLU, ir.ClippedReLU: nn.ClippedReLU}[f]
}
