package onnx

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// emitter makes a model of what its outputs need of a graph.
type emitter struct {
	*graph
	im     *importer
	live   []bool          // by vector
	both   map[vector]bool // LSTMs whose state c is read
	names  []string        // by vector
	done   []bool          // by vector: its node is made
	taken  map[string]bool
	shown  map[string]bool // states of tensors
	m      *ir.Model
	opened map[string]bool // states recalled and not yet stored
}

func (e *emitter) model() (*ir.Model, error) {
	e.m = &ir.Model{}
	e.mark()
	e.named()
	if err := e.nodes(); err != nil {
		return nil, err
	}
	if err := e.edges(); err != nil {
		return nil, err
	}
	e.used()
	return e.m, nil
}

// mark finds the values that outputs and states that tensors show need.
func (e *emitter) mark() {
	e.live, e.both = make([]bool, len(e.values)), map[vector]bool{}
	e.shown = map[string]bool{}
	for _, r := range e.im.results {
		for _, p := range r.parts {
			if p.state != "" {
				e.show(p.state)
			} else {
				e.need(p.value)
			}
		}
	}
	for _, in := range e.im.inputs {
		for _, state := range in.states {
			e.show(state)
		}
	}
}

// show makes what a state belongs to live.
func (e *emitter) show(state string) {
	e.shown[state] = true
	e.need(e.im.owner[state])
}

// need marks a value and what it is made of.
func (e *emitter) need(v vector) {
	pending := []vector{v}
	for len(pending) > 0 {
		v = pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if v == 0 || e.live[v] {
			continue
		}
		e.live[v] = true
		x := e.values[v]
		if x.half {
			e.both[e.origin(x.same)] = true
		}
		if x.same != 0 {
			pending = append(pending, x.same)
		}
		pending = append(pending, x.inputs...)
		if o, ok := x.op.(ir.Recall); ok {
			pending = append(pending, e.stores[o.State])
		}
	}
}

// named names the live values: inputs, then outputs, then what is left.
func (e *emitter) named() {
	for _, in := range e.im.inputs {
		e.nameInput(in)
	}
	for _, r := range e.im.results {
		if len(r.parts) == 1 && r.parts[0].state == "" {
			v := e.origin(r.parts[0].value)
			if e.names[v] == "" && !e.taken[r.name] {
				e.names[v] = r.name
				e.taken[r.name] = true
			}
		}
	}
	for v := range e.values {
		if x := e.values[v]; v > 0 && e.live[v] && e.names[v] == "" && (x.op != nil || x.half) {
			e.names[v] = e.free(x.name)
		}
	}
}

// nameInput names the vectors of an input that are inputs of the model.
func (e *emitter) nameInput(in *input) {
	switch {
	case len(in.states) > 0:
		return
	case !in.single:
		e.nameVector(in.vector, e.values[in.vector].typ)
		return
	}
	t, ok := e.read(in)
	if !ok {
		return
	}
	for i := range in.tensor.size() {
		e.nameVector(e.single(in, i), e.typeOf(in, i, t))
	}
}

// nameVector makes a vector an input of the model.
func (e *emitter) nameVector(v vector, t ir.Type) {
	e.live[v] = true
	e.names[v] = e.free(e.values[v].name)
	e.m.Inputs = append(e.m.Inputs, ir.Input{Name: e.names[v], Type: t})
}

// typeOf is the type of an element: that of one that is read, where it is an index that
// is not.
func (e *emitter) typeOf(in *input, i int, read ir.Type) ir.Type {
	if own := e.values[e.single(in, i)].typ; own.Bound != ir.MaxElements {
		return own
	}
	return read
}

// single is the vector of an element of an input of integers: what it is read as, or
// an index.
func (e *emitter) single(in *input, i int) vector {
	if r, ok := in.others[int32(i)]; ok {
		return r.vector
	}
	return in.first + vector(i)
}

// read is the type of the elements of an input of integers that the model reads;
// false when it reads none.
func (e *emitter) read(in *input) (ir.Type, bool) {
	for i := range in.tensor.size() {
		if v := e.single(in, i); e.live[v] {
			return e.values[v].typ, true
		}
	}
	return ir.Type{}, false
}

// free is a name that no value has.
func (e *emitter) free(name string) string {
	wanted := name
	for n := 2; e.taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", wanted, n)
	}
	e.taken[name] = true
	return name
}

// nodes emits the live nodes in an order in which nothing that reads ahead lies
// between the Recall and the Store of a state, if there is one: nodes that wait for
// no Recall first, then states one after the other.
func (e *emitter) nodes() error {
	e.opened = map[string]bool{}
	for e.pass() {
	}
	for v := range e.values {
		if e.live[v] && e.values[v].op != nil && !e.done[v] {
			return fmt.Errorf("value %q waits for itself", e.values[v].name)
		}
	}
	return nil
}

// pass emits every node that can be, and when there is none a Recall, or else what
// reads ahead although a state is open. It reports whether it emitted one.
func (e *emitter) pass() bool {
	var recall, ahead vector
	some := false
	for v := range e.values {
		x := &e.values[v]
		if !e.live[v] || x.op == nil || e.done[v] || !e.ready(vector(v)) {
			continue
		}
		if _, ok := x.op.(ir.Recall); ok {
			recall = first(recall, vector(v))
			continue
		}
		if len(e.opened) > 0 && ir.ReadsAhead(x.op) {
			ahead = first(ahead, vector(v))
			continue
		}
		e.emit(vector(v))
		some = true
	}
	if v := first(recall, ahead); !some && v != 0 {
		e.emit(v)
		return true
	}
	return some
}

// first is the first of two vectors that there is.
func first(a, b vector) vector {
	if a != 0 {
		return a
	}
	return b
}

// ready reports whether all inputs of a node are made, and before a Store its Recall.
func (e *emitter) ready(v vector) bool {
	if o, ok := e.values[v].op.(ir.Store); ok && !e.opened[o.State] {
		return false
	}
	for _, in := range e.values[v].inputs {
		if in = e.parent(in); e.values[in].op != nil && !e.done[in] {
			return false
		}
	}
	return true
}

// parent is the node that makes a value.
func (e *emitter) parent(v vector) vector {
	v = e.origin(v)
	if e.values[v].half {
		return e.origin(e.values[v].same)
	}
	return v
}

// emit makes the node of a value. An LSTM whose state c is read makes both, which are
// then taken apart.
func (e *emitter) emit(v vector) {
	x := e.values[v]
	e.done[v] = true
	switch o := x.op.(type) {
	case ir.Recall:
		e.opened[o.State] = true
	case ir.Store:
		delete(e.opened, o.State)
	}
	inputs := make([]string, len(x.inputs))
	for i, in := range x.inputs {
		inputs[i] = e.names[e.origin(in)]
	}
	if len(inputs) == 0 {
		inputs = nil
	}
	node := ir.Node{Name: e.names[v], Op: x.op, Inputs: inputs}
	if !e.both[v] {
		e.m.Nodes = append(e.m.Nodes, node)
		return
	}
	lstm := x.op.(ir.LSTM)
	lstm.Both = true
	node.Name, node.Op = e.free(e.names[v]+".states"), lstm
	e.m.Nodes = append(e.m.Nodes, node,
		ir.Node{Name: e.names[v], Op: ir.Pick{Spans: ir.MakeSpans([]ir.Span{{From: 0, Count: x.size, Step: 1}})}, Inputs: []string{node.Name}})
	for c := range e.values {
		if half := &e.values[c]; half.half && e.live[c] && e.origin(half.same) == v {
			spans := ir.MakeSpans([]ir.Span{{From: x.size, Count: x.size, Step: 1}})
			e.m.Nodes = append(e.m.Nodes, ir.Node{Name: e.names[c], Op: ir.Pick{Spans: spans}, Inputs: []string{node.Name}})
		}
	}
}

// edges lists outputs and describes the tensors of the file. A model whose outputs
// are all states has the values of what they belong to for outputs.
func (e *emitter) edges() error {
	for _, in := range e.im.inputs {
		if _, ok := e.read(in); in.single && !ok {
			continue
		}
		t, err := e.inputTensor(in)
		if err != nil {
			return err
		}
		e.m.Tensors = append(e.m.Tensors, t)
	}
	for _, r := range e.im.results {
		t := ir.Tensor{Name: r.name, Output: true, Shape: r.tensor.shape, Time: r.tensor.time}
		for _, p := range r.parts {
			if p.state != "" {
				t.Parts = append(t.Parts, ir.Part{Kind: ir.StatePart, Name: p.state})
				continue
			}
			name := e.names[e.origin(p.value)]
			e.output(name)
			t.Parts = append(t.Parts, ir.Part{Name: name})
		}
		e.m.Tensors = append(e.m.Tensors, t)
	}
	if len(e.m.Outputs) == 0 {
		for _, t := range e.m.Tensors {
			for _, p := range t.Parts {
				if t.Output {
					e.output(e.names[e.origin(e.im.owner[p.Name])])
				}
			}
		}
	}
	return nil
}

func (e *emitter) output(name string) {
	if !slices.Contains(e.m.Outputs, name) {
		e.m.Outputs = append(e.m.Outputs, name)
	}
}

// used adds the states and parameters that the nodes name.
func (e *emitter) used() {
	states, params := map[string]bool{}, map[string]bool{}
	for _, n := range e.m.Nodes {
		for _, s := range ir.StateNames(n.Op) {
			states[s] = true
		}
		for _, p := range ir.ParamNames(n.Op) {
			params[p] = true
		}
	}
	for _, s := range e.states {
		if states[s.Name] {
			e.m.States = append(e.m.States, s)
			params[s.Init] = true
		}
	}
	for _, name := range e.order {
		if params[name] {
			e.m.Params = append(e.m.Params, e.params[name])
		}
	}
}
