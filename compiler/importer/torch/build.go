package torch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// value is what a module makes of one frame: a vector, seen as a tensor.
type value struct {
	name  string
	shape []int // nil where a fault, reported elsewhere, keeps it from being known
	bound int   // of an input of indices

	// linear is the node of the product whose rows are the channels of the value, of
	// a Linear or Conv1d: a BatchNorm that alone reads it is folded into it.
	linear string
}

// width is the number of elements, −1 where it is not known.
func (v *value) width() int {
	if v == nil || v.shape == nil {
		return unknown
	}
	return product(v.shape)
}

// unknown is a size that agrees with all.
const unknown = -1

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// builder makes the model of a description.
type builder struct {
	origin     string
	dict       *stateDict
	model      *ir.Model
	values     map[string]*value  // by the name of the input or module
	readers    map[string]int     // modules and outputs that read a value
	states     map[string][]state // of modules, in PyTorch's order of layers and directions
	opaque     map[string]bool    // modules whose states are not those of PyTorch
	names      map[string]bool    // of nodes and inputs
	place      map[string]int     // of nodes, in the model
	params     map[string]*ir.Param
	shared     map[string]bool // parameters that several modules have
	batchFirst bool
	picked     int // elements of all Picks
	grown      int // elements of parameters that are larger than their tensors
	faults     []error
}

// state are the states of one layer in one direction; c is empty but for an LSTM.
type state struct {
	h, c         string
	sizeH, sizeC int
}

// build makes the model. The error lists every fault.
func build(name string, d *description, dict *stateDict) (*ir.Model, error) {
	b := &builder{
		origin: d.origin, dict: dict, model: &ir.Model{Name: name},
		values: map[string]*value{}, readers: map[string]int{}, states: map[string][]state{}, opaque: map[string]bool{},
		names: map[string]bool{}, place: map[string]int{}, params: map[string]*ir.Param{}, shared: map[string]bool{},
	}
	modules := b.modules(d)
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...) // what hangs on the modules would be faults of these
	}
	b.inputs(d, modules)
	b.count(d, modules)
	for _, m := range modules {
		m.build()
	}
	b.outputs(d, modules)
	b.faults = append(b.faults, dict.surplus()...)
	if len(b.faults) == 0 {
		b.tensors(d, modules)
	}
	if len(b.faults) == 0 {
		if err := b.model.Verify(); err != nil {
			b.faults = append(b.faults, named(b.origin, err))
		}
	}
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	return b.model, nil
}

func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("%s: "+format, append([]any{b.origin}, args...)...))
}

// inputs declares the inputs. Without any there is one, x, whose frame is what the
// first module wants.
func (b *builder) inputs(d *description, modules []*module) {
	list := d.Inputs
	if len(list) == 0 {
		list = []edge{{Name: defaultInput}}
	}
	for _, e := range list {
		v := &value{name: e.Name, shape: e.Shape, bound: e.Bound}
		told := v.shape != nil || v.bound != 0 || b.inferInput(v, modules)
		switch _, err := ir.Elements(v.shape); {
		case e.Name == "" || b.names[e.Name]:
			b.fault("input %q: want a name of its own", e.Name)
			continue
		case e.From != "" || e.Last:
			b.fault("input %q: from and last are of outputs", e.Name)
		case e.Bound != 0 && e.Shape != nil:
			b.fault("input %q: a shape and a bound, want one of them", e.Name)
		case v.bound > 0:
			b.model.Inputs = append(b.model.Inputs, ir.Input{Name: e.Name, Type: ir.IndexOf(v.bound)})
		case v.shape == nil && told: // the module that tells it lacks the tensor
		case v.shape == nil:
			b.fault("input %q: want a shape, that of a frame, or a bound for indices", e.Name)
		case err != nil:
			b.fault("input %q: %w", e.Name, err)
			v.shape = nil
		default:
			b.model.Inputs = append(b.model.Inputs, ir.Input{Name: e.Name, Type: ir.Vector(product(v.shape))})
		}
		b.names[e.Name] = true
		b.values[e.Name] = v
	}
}

const (
	defaultInput  = "x"
	defaultOutput = "y"
)

// inferInput gives an input the frame that the first module that reads it wants, and
// reports whether that module is of a type whose tensors tell it.
func (b *builder) inferInput(v *value, modules []*module) bool {
	for _, m := range modules {
		if slices.Contains(m.from, v.name) && m.kind.want != nil {
			m.kind.want(m, v)
			return true
		}
	}
	return false
}

// count counts who reads each value.
func (b *builder) count(d *description, modules []*module) {
	for _, m := range modules {
		for _, name := range m.from {
			b.readers[name]++
		}
	}
	for _, e := range outputEdges(d, modules) {
		b.readers[e.From]++
	}
}

// outputEdges are the outputs; without any the last module is y.
func outputEdges(d *description, modules []*module) []edge {
	if len(d.Outputs) > 0 || len(modules) == 0 {
		return d.Outputs
	}
	return []edge{{Name: defaultOutput, From: modules[len(modules)-1].name}}
}

func (b *builder) outputs(d *description, modules []*module) {
	edges := outputEdges(d, modules)
	if len(edges) == 0 {
		b.fault("no modules")
	}
	shown := map[string]bool{}
	for _, e := range edges {
		v := b.values[e.From]
		switch {
		case e.Name == "" || e.Shape != nil || e.Bound != 0:
			b.fault("output %q: want a name and from, no shape and no bound", e.Name)
		case v == nil:
			b.fault("output %q: from %q, want the name of a module", e.Name, e.From)
		case v.bound > 0:
			b.fault("output %q: from %q, which is indices", e.Name, e.From)
		case !shown[v.name]:
			shown[v.name] = true
			b.model.Outputs = append(b.model.Outputs, v.name)
		}
	}
}

// node adds a node and returns its name: that wanted, or with a number where that
// is taken.
func (b *builder) node(name string, op ir.Op, inputs ...string) string {
	name = b.unused(name)
	b.add(name, op, inputs...)
	return name
}

// add adds a node of a name that unused has given.
func (b *builder) add(name string, op ir.Op, inputs ...string) {
	b.place[name] = len(b.model.Nodes)
	b.model.Nodes = append(b.model.Nodes, ir.Node{Name: name, Op: op, Inputs: inputs})
}

// unused makes a name for a node.
func (b *builder) unused(name string) string {
	free := name
	for i := 2; b.names[free]; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	b.names[free] = true
	return free
}

// state adds a state of zeros.
func (b *builder) state(name string, size int) string {
	b.model.States = append(b.model.States, ir.State{Name: name, Size: size})
	return name
}

// param adds a parameter, or finds the same one where modules share it.
func (b *builder) param(name string, shape []int, data []float32) string {
	free := name
	for i := 2; b.params[free] != nil; i++ {
		if p := b.params[free]; slices.Equal(p.Shape, shape) && (&p.Data[0] == &data[0] || slices.Equal(p.Data, data)) {
			b.shared[free] = true
			return free
		}
		free = fmt.Sprintf("%s_%d", name, i)
	}
	p := &ir.Param{Name: free, Shape: shape, Data: data}
	b.params[free] = p
	b.model.Params = append(b.model.Params, p)
	return free
}

// maxPicked bounds the elements that all Picks of a model make, so that a few
// words of a description do not become a large model: a window of 3 over 4,096
// channels at 64 places has 786,432.
const maxPicked = 1 << 22

// maxGrown bounds the elements of parameters that are larger than the tensors they
// are made of: 64 MiB.
const maxGrown = 1 << 24

// grow takes n elements of what such parameters may have in all.
func (m *module) grow(n int) bool {
	if n < 0 || n > maxGrown-m.b.grown {
		m.fault("makes weights of more than %d elements of smaller ones", maxGrown)
		return false
	}
	m.b.grown += n
	return true
}

// room takes n elements of what Picks may make in all.
func (m *module) room(n int) bool {
	if n < 0 || n > maxPicked-m.b.picked {
		m.fault("moves more than %d elements about in a frame", maxPicked)
		return false
	}
	m.b.picked += n
	return true
}

// pick adds a Pick of a vector of width. A pick of all in their order is the vector.
func (b *builder) pick(name, from string, elements []int, width int) string {
	same := len(elements) == width
	for i := 0; same && i < width; i++ {
		same = elements[i] == i
	}
	if same {
		return from
	}
	return b.node(name, ir.Pick{Spans: ir.SpansOf(elements)}, from)
}

// listed are texts for errors.
func listed(words []string) string { return strings.Join(words, ", ") }
