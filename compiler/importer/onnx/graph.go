package onnx

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// vector is the number of a value in a graph; 0 is none, or zeros.
type vector int32

// value is a vector of one frame: what a node of the model will make, an input of the
// model, or another name of such a vector.
type value struct {
	name   string
	size   int
	op     ir.Op // nil for an input and another name
	inputs []vector
	typ    ir.Type // of an input
	same   vector  // what it is another name of
	half   bool    // it is the state c of the LSTM that is same
	end    string  // the state that has this value behind the last frame
	held   string  // the state that it is, of a cell that alone reads it
}

// graph is the model under construction. What nothing reads in the end is left out.
type graph struct {
	values []value
	params map[string]*ir.Param
	order  []string // of params
	states []ir.State
	stores map[string]vector // by state
	made   map[string]vector // by what they are made of, for sharing
	labels map[string]int    // how often a name was given
}

func newGraph() *graph {
	return &graph{values: make([]value, 1), params: map[string]*ir.Param{}, stores: map[string]vector{}, made: map[string]vector{}, labels: map[string]int{}}
}

// add appends a value.
func (g *graph) add(v value) vector {
	g.values = append(g.values, v)
	return vector(len(g.values) - 1)
}

// input appends an input.
func (g *graph) input(name string, t ir.Type) vector {
	return g.add(value{name: name, size: t.Len(), typ: t})
}

// node is the value of an op over others; the same op over the same is made once,
// unless it has a state.
func (g *graph) node(name string, op ir.Op, size int, inputs ...vector) vector {
	for i, v := range inputs {
		inputs[i] = g.origin(v)
	}
	if len(ir.StateNames(op)) > 0 {
		return g.add(value{name: name, size: size, op: op, inputs: inputs})
	}
	key := fmt.Sprintf("%T%v%v", op, op, inputs)
	if v, ok := g.made[key]; ok {
		return v
	}
	v := g.add(value{name: name, size: size, op: op, inputs: inputs})
	g.made[key] = v
	return v
}

// origin follows other names, but not to the half of an LSTM.
func (g *graph) origin(v vector) vector {
	for g.values[v].same != 0 && !g.values[v].half {
		v = g.values[v].same
	}
	return v
}

// unique is a name that was not given before in its space.
func (g *graph) unique(space, name string) string {
	key := space + "\x00" + name
	g.labels[key]++
	if n := g.labels[key]; n > 1 {
		return g.unique(space, fmt.Sprintf("%s_%d", name, n))
	}
	return name
}

// param adds a parameter and is its name. Data is not copied.
func (g *graph) param(name string, shape []int, data []float32) string {
	name = g.unique("param", name)
	g.params[name] = &ir.Param{Name: name, Shape: shape, Data: data}
	g.order = append(g.order, name)
	return name
}

// state adds a state and is its name.
func (g *graph) state(name string, size int, init []float32) string {
	name = g.unique("state", name)
	s := ir.State{Name: name, Size: size}
	if slices.ContainsFunc(init, func(x float32) bool { return x != 0 }) {
		s.Init = g.param(name+".init", []int{size}, init)
	}
	g.states = append(g.states, s)
	return name
}

// store says what a state, which is recalled, is at the next frame.
func (g *graph) store(name, state string, v vector) {
	g.stores[state] = g.add(value{name: name, size: g.values[v].size, op: ir.Store{State: state}, inputs: []vector{g.origin(v)}})
}

// constant is a vector of numbers.
func (g *graph) constant(name string, data []float32) vector {
	hash := sha256.New()
	var b [4]byte
	for _, x := range data {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(x))
		hash.Write(b[:])
	}
	key := "constant" + string(hash.Sum(nil))
	if v, ok := g.made[key]; ok {
		return v
	}
	p := g.param(name, []int{len(data)}, data)
	v := g.add(value{name: name, size: len(data), op: ir.Constant{Value: p}})
	g.made[key] = v
	return v
}

// joined is a vector of elements of others.
func (g *graph) joined(name string, view []element) vector {
	view = slices.Clone(view)
	for i := range view {
		view[i].v = g.origin(view[i].v)
	}
	if v := g.whole(view); v != 0 {
		return v
	}
	key := viewKey(view)
	if v, ok := g.made[key]; ok {
		return v
	}
	v := g.assemble(name, view)
	g.made[key] = v
	return v
}

// viewKey is a view as a key.
func viewKey(view []element) string {
	hash := sha256.New()
	var b [8]byte
	for _, e := range view {
		binary.LittleEndian.PutUint32(b[:], uint32(e.v))
		binary.LittleEndian.PutUint32(b[4:], uint32(e.i))
		hash.Write(b[:])
	}
	return "view" + string(hash.Sum(nil))
}

// whole is the value that a view is the whole of, or 0.
func (g *graph) whole(view []element) vector {
	if len(view) == 0 || view[0].v == 0 || g.values[view[0].v].size != len(view) {
		return 0
	}
	for i, e := range view {
		if e.v != view[0].v || int(e.i) != i {
			return 0
		}
	}
	return view[0].v
}

// assemble makes a vector of a view: a Pick, or a Concat of Picks, or a Pick of a
// Concat where that takes fewer parts.
func (g *graph) assemble(name string, view []element) vector {
	runs, sources := runsOf(view)
	switch {
	case len(sources) == 0:
		return g.constant("zeros", make([]float32, len(view)))
	case len(sources) == 1:
		return g.pick(name, sources[0], view)
	case len(runs) <= 2*len(sources)+2:
		parts := make([]vector, len(runs))
		for i, r := range runs {
			part := view[r[0]:r[1]]
			if parts[i] = g.whole(part); parts[i] == 0 {
				parts[i] = g.assemble(name, part)
			}
		}
		return g.node(name, ir.Concat{}, len(view), parts...)
	}
	at := map[vector]int32{}
	all := 0
	for _, s := range sources {
		at[s] = int32(all)
		all += g.values[s].size
	}
	joint := g.node(name, ir.Concat{}, all, sources...)
	moved := make([]element, len(view))
	for i, e := range view {
		if e.v != 0 {
			moved[i] = element{joint, at[e.v] + e.i}
		}
	}
	if v := g.whole(moved); v != 0 {
		return v
	}
	return g.pick(name, joint, moved)
}

// runsOf cuts a view where its source changes, zeros belonging to what is before
// them or, at the beginning, behind, and lists the sources.
func runsOf(view []element) (runs [][2]int, sources []vector) {
	seen := map[vector]bool{}
	from, current := 0, vector(0)
	for i, e := range view {
		if e.v == 0 {
			continue
		}
		if !seen[e.v] {
			seen[e.v] = true
			sources = append(sources, e.v)
		}
		if current != 0 && e.v != current {
			runs = append(runs, [2]int{from, i})
			from = i
		}
		current = e.v
	}
	return append(runs, [2]int{from, len(view)}), sources
}

// pick is a Pick of one source.
func (g *graph) pick(name string, source vector, view []element) vector {
	places := make([]int, len(view))
	for i, e := range view {
		places[i] = -1
		if e.v != 0 {
			places[i] = int(e.i)
		}
	}
	return g.node(name, ir.Pick{Spans: ir.SpansOf(places)}, len(view), source)
}

// viewOf is the whole of a value as a view.
func viewOf(v vector, size int) []element {
	view := make([]element, size)
	for i := range view {
		view[i] = element{v, int32(i)}
	}
	return view
}
