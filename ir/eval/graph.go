package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// Frame holds values by name. An index is one whole number.
type Frame map[string][]float64

// Graph computes an ir.Model in float64, op by op as package ir defines them.
// It is what every faster form of the model is held against. It holds the
// states of one stream and is not safe for concurrent use.
type Graph struct {
	m      *ir.Model
	types  map[string]ir.Type
	params map[string]*ir.Param
	states map[string][]float64
	given  map[string]bool // states that SetState replaced since the last call

	stretches []stretch
	picked    map[ir.Spans][]int // elements of the spans of Picks, as they come up
}

// New returns the interpreter of a model, with the states at their initial
// values. The model must have no fault and data in every parameter; it is read,
// not copied.
func New(m *ir.Model) (*Graph, error) {
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
	g := &Graph{m: m, types: types, params: map[string]*ir.Param{}, states: map[string][]float64{}, stretches: stretches(m), picked: map[ir.Spans][]int{}}
	for _, p := range m.Params {
		g.params[p.Name] = p
	}
	g.Reset()
	return g, nil
}

// Reset puts every state to its initial value.
func (g *Graph) Reset() {
	g.given = map[string]bool{}
	for _, s := range g.m.States {
		g.states[s.Name] = g.initial(s)
	}
}

func (g *Graph) initial(s ir.State) []float64 {
	h := make([]float64, s.Size)
	if s.Init != "" {
		for i, v := range g.params[s.Init].Data {
			h[i] = float64(v)
		}
	}
	return h
}

// State returns a copy of a state, or nil when there is none of that name.
func (g *Graph) State(name string) []float64 { return slices.Clone(g.states[name]) }

// SetState replaces a state by a copy of h.
func (g *Graph) SetState(name string, h []float64) error {
	old, ok := g.states[name]
	if !ok {
		return fmt.Errorf("state %q is not defined", name)
	}
	if len(h) != len(old) {
		return fmt.Errorf("state %q: %d numbers, want %d", name, len(h), len(old))
	}
	g.states[name] = slices.Clone(h)
	g.given[name] = true
	return nil
}

// Step computes one frame of the outputs and updates the states. A model that reads
// ahead cannot be stepped.
func (g *Graph) Step(inputs Frame) (Frame, error) {
	if !g.m.Streaming() {
		return nil, errors.New("the model reads ahead: it needs whole sequences")
	}
	outputs, err := g.Run([]Frame{inputs})
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// Run computes the outputs of a sequence, frame by frame. See [Graph.Trace].
func (g *Graph) Run(inputs []Frame) ([]Frame, error) {
	values, err := g.Trace(inputs)
	if err != nil {
		return nil, err
	}
	outputs := make([]Frame, len(values))
	for t, all := range values {
		outputs[t] = Frame{}
		for _, name := range g.m.Outputs {
			outputs[t][name] = all[name]
		}
	}
	return outputs, nil
}

// Trace computes every value of a sequence: inputs and nodes. A node that goes
// forwards begins with its state as the last call left it. A reversed node
// begins, at the last frame, with the initial value of its state, or that which
// [Graph.SetState] gave it since the last call. Afterwards the states are those
// behind the frame that each node read last. Nothing changes if an input is at
// fault.
func (g *Graph) Trace(inputs []Frame) ([]Frame, error) {
	values := make([]Frame, len(inputs))
	for t, frame := range inputs {
		checked, err := g.checkInputs(frame)
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", t, err)
		}
		values[t] = checked
	}
	for _, s := range g.stretches {
		g.stretch(g.m.Nodes[s.from:s.to], values)
	}
	clear(g.given)
	return values, nil
}

// checkInputs returns a copy of a frame that has just the inputs of the model.
func (g *Graph) checkInputs(frame Frame) (Frame, error) {
	checked := make(Frame, len(g.types))
	var faults []error
	for _, in := range g.m.Inputs {
		x, ok := frame[in.Name]
		if !ok {
			faults = append(faults, fmt.Errorf("input %q is missing", in.Name))
		} else if err := checkInput(in.Type, x); err != nil {
			faults = append(faults, fmt.Errorf("input %q: %w", in.Name, err))
		}
		checked[in.Name] = slices.Clone(x)
	}
	if len(faults) == 0 && len(frame) > len(checked) {
		faults = append(faults, fmt.Errorf("%d values for %d inputs", len(frame), len(checked)))
	}
	return checked, errors.Join(faults...)
}

func checkInput(t ir.Type, x []float64) error {
	if len(x) != t.Len() {
		return fmt.Errorf("%d numbers, want %d", len(x), t.Len())
	}
	if t.DType == ir.Index && !(x[0] >= 0 && x[0] < float64(t.Bound) && x[0] == math.Trunc(x[0])) {
		return fmt.Errorf("index %v, want a whole number from 0 to %d", x[0], t.Bound-1)
	}
	return nil
}
