package eval

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// Tensor is a whole tensor at the edge of the file that a model was imported from,
// row-major; an index is a whole number.
type Tensor struct {
	Shape []int
	Data  []float64
}

// Edge is the tensors at the edge of a model: [ir.Model.Tensors], or, of a model that
// was not imported, one for each input and output with a frame a row.
func Edge(m *ir.Model) []ir.Tensor {
	if m.Tensors != nil {
		return m.Tensors
	}
	types, _ := m.Infer()
	row := func(name string, output bool) ir.Tensor {
		return ir.Tensor{Name: name, Output: output, Shape: append([]int{1}, types[name].Shape...), Parts: []ir.Part{{Name: name}}}
	}
	var edge []ir.Tensor
	for _, in := range m.Inputs {
		edge = append(edge, row(in.Name, false))
	}
	for _, name := range m.Outputs {
		edge = append(edge, row(name, true))
	}
	return edge
}

// RunTensors computes the output tensors of input tensors, by name. States that no
// tensor gives begin as the last call left them; see [Frames] and [Assemble].
func (g *Graph) RunTensors(inputs map[string]Tensor) (map[string]Tensor, error) {
	frames, states, err := Frames(g.m, inputs)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if err := g.SetState(name, states[name]); err != nil {
			return nil, err
		}
	}
	outputs, err := g.Run(frames)
	if err != nil {
		return nil, err
	}
	return Assemble(g.m, outputs, g.states)
}

// Frames cuts the input tensors of a model (see [Edge]) into frames of its inputs,
// and the states that they give before the first. There are as many frames as the
// tensors with a time axis have, which must agree, and one where none has such an
// axis. A tensor of nothing but states may be missing: they are not in the map then.
func Frames(m *ir.Model, inputs map[string]Tensor) (frames []Frame, states map[string][]float64, err error) {
	types, err := m.Infer()
	if err != nil {
		return nil, nil, err
	}
	c := cutter{m: m, types: types, inputs: inputs, edge: inputsOf(Edge(m)), states: map[string][]float64{}}
	c.known()
	c.count()
	if len(c.faults) > 0 {
		return nil, nil, errors.Join(c.faults...)
	}
	for _, t := range c.edge {
		if _, ok := inputs[t.Name]; ok {
			c.cut(t)
		}
	}
	return c.frames, c.states, errors.Join(c.faults...)
}

// Assemble joins the outputs of every frame, and the states behind the last, into
// the output tensors of a model (see [Edge]), by name. What has no time axis is that
// of the last frame, or of the first where [ir.FirstPart] says so.
func Assemble(m *ir.Model, outputs []Frame, states map[string][]float64) (map[string]Tensor, error) {
	if len(outputs) == 0 {
		return nil, errors.New("no frames to make tensors of, want at least 1")
	}
	all := map[string]Tensor{}
	var faults []error
	for _, t := range Edge(m) {
		if !t.Output {
			continue
		}
		whole, err := assemble(t, outputs, states)
		if err != nil {
			faults = append(faults, fmt.Errorf("output tensor %q: %w", t.Name, err))
		}
		all[t.Name] = whole
	}
	return all, errors.Join(faults...)
}

func inputsOf(edge []ir.Tensor) []ir.Tensor {
	return slices.DeleteFunc(slices.Clone(edge), func(t ir.Tensor) bool { return t.Output })
}

// cutter makes frames of tensors.
type cutter struct {
	m      *ir.Model
	types  map[string]ir.Type
	inputs map[string]Tensor
	edge   []ir.Tensor // of inputs
	frames []Frame
	states map[string][]float64
	faults []error
}

func (c *cutter) fault(t ir.Tensor, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("input tensor %q: "+format, append([]any{t.Name}, args...)...))
}

// known reports tensors that the model does not have.
func (c *cutter) known() {
	var names []string
	for _, t := range c.edge {
		names = append(names, t.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.inputs)) {
		if !slices.Contains(names, name) {
			c.faults = append(c.faults, fmt.Errorf("input tensor %q: the model has none of that name, want one of %q", name, names))
		}
	}
}

// count holds the shapes against those wanted and makes the frames.
func (c *cutter) count() {
	frames := 0
	for _, t := range c.edge {
		x, ok := c.inputs[t.Name]
		if !ok {
			if !statesAlone(t) {
				c.fault(t, "is missing, want shape %s", t.ShapeText())
			}
			continue
		}
		n, err := countFrames(t, x)
		switch {
		case err != nil:
			c.fault(t, "%w", err)
		case t.Time < 0:
		case frames > 0 && frames != n:
			c.fault(t, "%d frames, want %d as in the tensors before", n, frames)
		default:
			frames = n
		}
	}
	c.frames = make([]Frame, max(frames, 1))
	for i := range c.frames {
		c.frames[i] = Frame{}
	}
}

func statesAlone(t ir.Tensor) bool {
	return !slices.ContainsFunc(t.Parts, func(p ir.Part) bool { return p.Kind != ir.StatePart })
}

// countFrames is how many frames a tensor has, 1 without a time axis.
func countFrames(t ir.Tensor, x Tensor) (int, error) {
	if len(x.Shape) != len(t.Shape) {
		return 0, fmt.Errorf("shape %v, want %s", x.Shape, t.ShapeText())
	}
	frames, size := 1, 1
	for i, d := range x.Shape {
		size *= d
		switch {
		case i == t.Time && d > 0 && d%t.Shape[i] == 0:
			frames = d / t.Shape[i]
		case i == t.Time || d != t.Shape[i]:
			return 0, fmt.Errorf("shape %v, want %s", x.Shape, t.ShapeText())
		}
	}
	if len(x.Data) != size {
		return 0, fmt.Errorf("%d numbers for shape %v, want %d", len(x.Data), x.Shape, size)
	}
	return frames, nil
}

// cut gives every frame its part of a tensor.
func (c *cutter) cut(t ir.Tensor) {
	data := c.inputs[t.Name].Data
	for f := range c.frames {
		elements := data
		if t.Time >= 0 {
			elements = stripsOf(t).take(data, len(c.frames), f)
		}
		for _, p := range t.Parts {
			n := partLen(c.m, c.types, p)
			c.part(t, p, f, elements[:n])
			elements = elements[n:]
		}
	}
}

// part gives frame f its elements of a part.
func (c *cutter) part(t ir.Tensor, p ir.Part, f int, elements []float64) {
	switch p.Kind {
	case ir.StatePart:
		c.states[p.Name] = slices.Clone(elements)
	case ir.LengthPart:
		length := elements[0]
		if f == 0 && !(length >= 0 && length <= float64(len(c.frames)) && length == math.Trunc(length)) {
			c.fault(t, "length %v, want a whole number from 0 to the %d frames", length, len(c.frames))
		}
		counts := 0.0
		if float64(f) < length {
			counts = 1
		}
		c.frames[f][p.Name] = []float64{counts}
	default:
		c.frames[f][p.Name] = slices.Clone(elements)
	}
}

// partLen is the number of elements of a part.
func partLen(m *ir.Model, types map[string]ir.Type, p ir.Part) int {
	if p.Kind == ir.StatePart {
		return m.State(p.Name).Size
	}
	return types[p.Name].Len()
}

// strips says where a frame lies in a tensor with a time axis: count strips of size
// elements, those of one frame as far apart as those of all frames are long.
type strips struct{ count, size int }

func stripsOf(t ir.Tensor) strips {
	s := strips{1, 1}
	for i, d := range t.Shape {
		if i < t.Time {
			s.count *= d
		} else {
			s.size *= d
		}
	}
	return s
}

// take is frame f of a tensor of so many.
func (s strips) take(data []float64, frames, f int) []float64 {
	frame := make([]float64, 0, s.count*s.size)
	for i := range s.count {
		frame = append(frame, data[(i*frames+f)*s.size:][:s.size]...)
	}
	return frame
}

// put stores frame f of a tensor of so many.
func (s strips) put(data, frame []float64, frames, f int) {
	for i := range s.count {
		copy(data[(i*frames+f)*s.size:], frame[i*s.size:][:s.size])
	}
}

// assemble makes an output tensor.
func assemble(t ir.Tensor, outputs []Frame, states map[string][]float64) (Tensor, error) {
	last := len(outputs) - 1
	if t.Time < 0 {
		data, err := joined(t, outputs[0], outputs[last], states)
		return Tensor{slices.Clone(t.Shape), data}, err
	}
	whole := Tensor{Shape: slices.Clone(t.Shape)}
	whole.Shape[t.Time] *= len(outputs)
	s := stripsOf(t)
	whole.Data = make([]float64, s.count*s.size*len(outputs))
	for f, frame := range outputs {
		data, err := joined(t, frame, frame, states)
		if err != nil {
			return Tensor{}, fmt.Errorf("frame %d: %w", f, err)
		}
		s.put(whole.Data, data, len(outputs), f)
	}
	return whole, nil
}

// joined is the parts of a tensor one after the other.
func joined(t ir.Tensor, first, frame Frame, states map[string][]float64) ([]float64, error) {
	var all []float64
	for _, p := range t.Parts {
		from := frame
		switch p.Kind {
		case ir.FirstPart:
			from = first
		case ir.StatePart:
			from = states
		}
		elements, ok := from[p.Name]
		if !ok {
			return nil, fmt.Errorf("%v %q is missing", p.Kind, p.Name)
		}
		all = append(all, elements...)
	}
	if want, _ := ir.Elements(t.Shape); len(all) != want {
		return nil, fmt.Errorf("parts have %d elements, want %d of shape %v", len(all), want, t.Shape)
	}
	return all, nil
}
