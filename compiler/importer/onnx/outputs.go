package onnx

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
)

// result is an output of the graph.
type result struct {
	name   string
	tensor *tensor
	parts  []part
}

// part is a part of a tensor before values have their names: a state, or a value.
type part struct {
	state string
	value vector
}

// outputs reads the outputs of the graph.
func (im *importer) outputs(top *scope) {
	if len(im.model.graph.outputs) == 0 {
		im.faults.add("the graph has no output")
	}
	seen := map[string]bool{}
	for _, o := range im.model.graph.outputs {
		t, ok := top.find(o.name)
		switch {
		case seen[o.name]:
			im.faults.add("output %q is listed twice", o.name)
			continue
		case !ok:
			im.faults.add("output %q is not defined", o.name)
			t = lost
		case t.loose != nil:
			im.faults.add("output %q has %d elements along the time axis beside the frames", o.name, t.loose.extra)
			t = lost
		case !t.lost && t.kind != float:
			im.faults.add("output %q is not of floats", o.name)
			t = lost
		case !t.lost && t.size() == 0:
			im.faults.add("output %q of shape %v has no elements", o.name, t.shape)
			t = lost
		}
		seen[o.name] = true
		im.results = append(im.results, result{name: o.name, tensor: t})
	}
	for _, pair := range im.o.States {
		if !hasInput(im.model.graph, pair[0]) {
			im.faults.add("state %q: no such input", pair[0])
		}
		if im.result(pair[1]) == nil {
			im.faults.add("state %q: output %q is not there", pair[0], pair[1])
		}
	}
}

// partsOf cuts an output into states behind the last frame and values. That with
// which an input is paired that is a state is that state.
func (im *importer) partsOf(r *result) []part {
	for _, in := range im.inputs {
		p := im.axes.plan[in.name]
		if p == nil || p.output != r.name {
			continue
		}
		var parts []part
		for _, s := range p.parts {
			parts = append(parts, part{state: in.states[int32(s.at)]})
		}
		return parts
	}
	g := im.g
	view := im.elements(r.name, r.tensor)
	var parts []part
	from := 0
	value := func(to int) {
		if from < to {
			parts = append(parts, part{value: g.joined(r.name, view[from:to])})
		}
	}
	for i := 0; i < len(view); {
		v := g.values[view[i].v]
		if v.end == "" || i+v.size > len(view) || g.whole(view[i:i+v.size]) != view[i].v {
			i++
			continue
		}
		value(i)
		parts = append(parts, part{state: v.end})
		i += v.size
		from = i
	}
	value(len(view))
	return parts
}

// finish makes the model.
func (im *importer) finish() (*ir.Model, error) {
	if len(im.faults.list) == 0 {
		im.storeStates()
		im.givenStates()
	}
	if err := im.faults.err(); err != nil {
		return nil, err
	}
	for i := range im.results {
		im.results[i].parts = im.partsOf(&im.results[i])
	}
	e := &emitter{graph: im.g, im: im, names: make([]string, len(im.g.values)), done: make([]bool, len(im.g.values)), taken: map[string]bool{}}
	return e.model()
}

// givenStates reports inputs that the options call states and that are none.
func (im *importer) givenStates() {
	for _, pair := range im.o.States {
		for _, in := range im.inputs {
			if in.name == pair[0] && len(in.states) == 0 {
				im.faults.add("state %q: with a time axis, only the initial states of recurrent nodes are states", in.name)
			}
		}
	}
}

// inputTensor describes an input of the graph.
func (e *emitter) inputTensor(in *input) (ir.Tensor, error) {
	t := ir.Tensor{Name: in.name, Shape: in.tensor.shape, Time: in.tensor.time}
	switch {
	case len(in.states) > 0:
		return t, e.stateParts(in, &t)
	case !in.single:
		t.Parts = []ir.Part{{Name: e.names[in.vector]}}
		return t, nil
	}
	for i := range in.tensor.size() {
		t.Parts = append(t.Parts, ir.Part{Kind: in.others[int32(i)].kind, Name: e.names[e.single(in, i)]})
	}
	return t, nil
}

// stateParts lists the states of an input, which must fill it.
func (e *emitter) stateParts(in *input, t *ir.Tensor) error {
	if in.vector != 0 && e.live[in.vector] {
		return fmt.Errorf("input %q is the state of a recurrent node and read by others too", in.name)
	}
	for at := 0; at < in.tensor.size(); {
		name, ok := in.states[int32(at)]
		if !ok {
			return fmt.Errorf("input %q: element %d of %v is no state, others are", in.name, at, in.tensor.shape)
		}
		t.Parts = append(t.Parts, ir.Part{Kind: ir.StatePart, Name: name})
		for _, s := range e.states {
			if s.Name == name {
				at += s.Size
			}
		}
	}
	return nil
}
