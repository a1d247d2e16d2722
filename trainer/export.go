package trainer

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Export is the graph of a network and copies of its values. Parameters have the
// names of the network; a node is called by its layer, and a state by layer and
// letter: gru0.weight_ih, gru0, gru0.h. The input is x.
//
// Dropout and Mask, which do nothing after training, are left out, and so is LastStep: a
// model is a function of frames, and that of a sequence classifier yields logits
// at every step, of which those of the last step are its answer.
func Export(name string, s *nn.Stack[float32]) (*ir.Model, error) {
	e := &exporter{model: &ir.Model{Name: name}, value: inputName}
	input := ir.Vector(s.Input.Width)
	if s.Input.Bound > 0 {
		input = ir.IndexOf(s.Input.Bound)
	}
	e.model.Inputs = []ir.Input{{Name: inputName, Type: input}}
	for i, l := range s.Layers {
		if err := e.layer(l, i); err != nil {
			return nil, err
		}
	}
	e.model.Outputs = []string{e.value}
	if err := e.model.Verify(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return e.model, nil
}

const inputName = "x"

// exporter adds layers to a model.
type exporter struct {
	model *ir.Model
	value string // that the next layer reads
}

func (e *exporter) layer(l nn.Layer[float32], i int) error {
	e.params(l)
	switch l := l.(type) {
	case *nn.Embedding[float32]:
		e.node(layerName(l.Weight.Name), ir.Embedding{Weight: l.Weight.Name})
	case *nn.Normalize[float32]:
		e.node(fmt.Sprintf("normalize%d", i), ir.Normalize{Size: l.OutputWidth(), Epsilon: l.Epsilon})
	case *nn.Scale[float32]:
		e.scale(l)
	case *nn.BatchNorm[float32]:
		e.batchNorm(l)
	case *nn.Window[float32]:
		e.window(l)
	case *nn.Depthwise[float32]:
		e.depthwise(l)
	case *nn.Linear[float32]:
		op := ir.Linear{Weight: l.Weight.Name}
		if l.Bias != nil {
			op.Bias = l.Bias.Name
		}
		e.node(layerName(l.Weight.Name), op)
	case *nn.Activation[float32]:
		fn, clip := l.Func()
		e.node(fmt.Sprintf("activation%d", i), ir.Activation{Func: irFunc(fn), Clip: irClip(fn, clip)})
	case *nn.Bidirectional[float32]:
		read := e.value
		forward := e.recurrent(l.Forwards, ir.Forward)
		e.value = read
		reverse := e.recurrent(l.Reverse, ir.Reverse)
		e.model.Nodes = append(e.model.Nodes, ir.Node{Name: forward + "_concat", Op: ir.Concat{}, Inputs: []string{forward, reverse}})
		e.value = forward + "_concat"
	case nn.Recurrent[float32]:
		e.recurrent(l, ir.Forward)
	case *nn.Dropout[float32], *nn.Mask[float32], *nn.LastStep[float32]:
	default:
		return fmt.Errorf("export: layer %d is a %T, which the graph has no op for", i, l)
	}
	return nil
}

// recurrent adds a layer that goes through time and returns its node.
func (e *exporter) recurrent(l nn.Recurrent[float32], way ir.Direction) string {
	p := l.Params()
	name := layerName(p[0].Name)
	h := e.state(name+".h", l.OutputWidth())
	wih, whh, bih, bhh := p[0].Name, p[1].Name, p[2].Name, p[3].Name
	switch l := l.(type) {
	case *nn.RNN[float32]:
		fn, clip := l.Func()
		e.node(name, ir.RNN{WeightIH: wih, WeightHH: whh, BiasIH: bih, BiasHH: bhh, H: h, Func: irFunc(fn), Clip: irClip(fn, clip), Direction: way})
	case *nn.GRU[float32]:
		fn, _ := l.Func()
		e.node(name, ir.GRU{WeightIH: wih, WeightHH: whh, BiasIH: bih, BiasHH: bhh, H: h, Reset: irReset(l.ResetMode()), Func: irFunc(fn), Direction: way})
	case *nn.LSTM[float32]:
		c := e.state(name+".c", l.OutputWidth())
		e.node(name, ir.LSTM{WeightIH: wih, WeightHH: whh, BiasIH: bih, BiasHH: bhh, H: h, C: c, Direction: way})
	default:
		panic(fmt.Sprintf("trainer: export of a %T", l))
	}
	return name
}

func (e *exporter) node(name string, op ir.Op) {
	e.model.Nodes = append(e.model.Nodes, ir.Node{Name: name, Op: op, Inputs: []string{e.value}})
	e.value = name
}

func (e *exporter) state(name string, size int) string {
	e.model.States = append(e.model.States, ir.State{Name: name, Size: size})
	return name
}

// params copies parameters; a bias is a vector in the graph.
func (e *exporter) params(l nn.Layer[float32]) {
	for _, p := range l.Params() {
		shape := []int{p.Rows, p.Cols}
		if isBias(p) {
			shape = []int{p.Rows}
		}
		e.model.Params = append(e.model.Params, &ir.Param{Name: p.Name, Shape: shape, Data: slices.Clone(p.Value)})
	}
}

// isBias: vectors are biases, and of the matrices with one column all but the
// embedding of width 1 are prunable.
func isBias(p *nn.Param[float32]) bool {
	return !p.Prunable && p.Cols == 1 && layerSuffix(p.Name) != "weight"
}

func irFunc(f nn.Func) ir.Func {
	return map[nn.Func]ir.Func{nn.Tanh: ir.Tanh, nn.Sigmoid: ir.Sigmoid, nn.ReLU: ir.ReLU, nn.ClippedReLU: ir.ClippedReLU}[f]
}

func irClip(f nn.Func, clip float64) float32 {
	if f != nn.ClippedReLU {
		return 0
	}
	return float32(clip)
}

func irReset(r nn.ResetMode) ir.ResetMode {
	if r == nn.ResetBefore {
		return ir.ResetBefore
	}
	return ir.ResetAfter
}
