package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Lower makes the kernel program of a model by a plan. The model must be sound
// ([ir.Model.Verify]) and hold its numbers; the plan must be one for it
// ([schedule.Plan.Check]). It fails when a strategy cannot hold a matrix. The
// program is one for whole sequences where the model is ([ir.Model.Streaming]).
func Lower(m *ir.Model, plan *schedule.Plan) (*kernel.Program, error) {
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	l := &lowerer{
		m: m, plan: plan, types: types,
		p:        &kernel.Program{Name: m.Name, Base: plan.Base, Level: plan.Level()},
		values:   map[string]kernel.Ref{},
		rows:     map[string]rows{},
		ports:    map[string]int{},
		states:   map[string]int{},
		products: productsOf(m),
		matrices: map[productKey]int{},
		consts:   map[constKey]int{},
		names:    map[string]bool{},
		shared:   map[string]int{},
	}
	l.inputs()
	l.stateBuffers()
	l.placeParts()
	for _, n := range m.Nodes {
		if err := l.node(n); err != nil {
			return nil, fmt.Errorf("node %q: %w", n.Name, err)
		}
	}
	l.outputs()
	l.orderMatrices()
	return l.p, nil
}

// lowerer is a program under construction.
type lowerer struct {
	m     *ir.Model
	plan  *schedule.Plan
	types map[string]ir.Type
	p     *kernel.Program

	values   map[string]kernel.Ref // where a value of float32 lies
	rows     map[string]rows       // of those that do not lie one element after the other
	ports    map[string]int        // input port of an index
	states   map[string]int        // buffer of a state
	parts    map[string]kernel.Ref // place in a concatenation that the node of that name writes
	products map[productKey]schedule.Product
	matrices map[productKey]int
	consts   map[constKey]int
	names    map[string]bool // of buffers
	shared   map[string]int  // buffers of sums that all cells share, by suffix
	layer    *kernel.Layer   // of the node being lowered
}

// inputs makes a port of every input, and a buffer of those that are float32.
func (l *lowerer) inputs() {
	for _, in := range l.m.Inputs {
		port := kernel.Port{Name: in.Name, Buf: -1, Size: in.Type.Len(), Bound: in.Type.Bound}
		if in.Type.DType == ir.Float32 {
			port.Buf = l.buffer(in.Name, port.Size)
			l.values[in.Name] = ref(port.Buf)
		}
		l.ports[in.Name] = len(l.p.Inputs)
		l.p.Inputs = append(l.p.Inputs, port)
	}
}

func (l *lowerer) stateBuffers() {
	for _, s := range l.m.States {
		buf := l.buffer(s.Name, s.Size)
		init := -1
		if s.Init != "" {
			init = l.vector(constKey{tensor: s.Init}, s.Init, l.m.Param(s.Init).Data)
		}
		l.states[s.Name] = buf
		l.p.States = append(l.p.States, kernel.State{Name: s.Name, Buf: buf, Size: s.Size, Init: init, Exposed: l.m.Exposed(s.Name)})
	}
}

// node appends the layer of a node, unless it needs no instruction.
func (l *lowerer) node(n ir.Node) error {
	l.layer = &kernel.Layer{Name: n.Name, Reverse: ir.Reversed(n.Op)}
	if err := l.op(n); err != nil {
		return err
	}
	l.mask(n)
	if len(l.layer.Instrs) > 0 {
		l.p.Layers = append(l.p.Layers, *l.layer)
	}
	return nil
}

func (l *lowerer) op(n ir.Node) error {
	switch op := n.Op.(type) {
	case ir.Linear:
		return l.linear(n, op)
	case ir.Embedding:
		return l.embedding(n, op)
	case ir.RNN:
		return l.rnn(n, op)
	case ir.GRU:
		return l.gru(n, op)
	case ir.LSTM:
		return l.lstm(n, op)
	case ir.Activation:
		return l.activation(n, op)
	case ir.Concat:
		return l.concat(n)
	case ir.Binary:
		return l.binary(n, op)
	case ir.Softmax:
		return l.softmax(n, op)
	case ir.Ahead:
		l.ahead(n, op)
		return nil
	case ir.Hold:
		l.hold(n, op)
		return nil
	case ir.Constant:
		return l.constantValue(n, op)
	case ir.Pick:
		return l.pick(n, op)
	case ir.Reduce:
		return l.reduce(n, op)
	case ir.Normalize:
		return l.normalize(n, op)
	case ir.Recall:
		return l.recall(n, op)
	case ir.Store:
		return l.store(n, op)
	}
	return fmt.Errorf("op %s has no lowering", n.Op.Kind())
}

// outputs makes the output ports. A port begins at the start of a buffer, so a
// value that lies inside another or is a constant is copied out.
func (l *lowerer) outputs() {
	l.layer = &kernel.Layer{Name: l.unique(l.layerNames(), "outputs"), Doc: "copy outputs that lie inside other buffers"}
	for _, name := range l.m.Outputs {
		at, size := l.value(name), l.types[name].Len()
		if at.Off != 0 || at.Space == kernel.Con {
			out := ref(l.buffer(name+".out", size))
			l.emit(kernel.Copy{Dst: out, Src: at, Size: size})
			at = out
		}
		l.p.Outputs = append(l.p.Outputs, kernel.Port{Name: name, Buf: at.ID, Size: size})
	}
	if len(l.layer.Instrs) > 0 {
		l.p.Layers = append(l.p.Layers, *l.layer)
	}
}

func (l *lowerer) layerNames() map[string]bool {
	names := map[string]bool{}
	for _, layer := range l.p.Layers {
		names[layer.Name] = true
	}
	return names
}

func (l *lowerer) emit(in ...kernel.Instr) { l.layer.Instrs = append(l.layer.Instrs, in...) }

// buffer adds a buffer of n elements and returns its number. Names of inputs,
// states and nodes may clash: the later one gets a number.
func (l *lowerer) buffer(name string, n int) int {
	l.p.Buffers = append(l.p.Buffers, kernel.Buffer{Name: l.unique(l.names, name), Len: n})
	return len(l.p.Buffers) - 1
}

// unique returns the name, or the first of name.2, name.3, … that is not taken,
// and takes it.
func (l *lowerer) unique(taken map[string]bool, name string) string {
	fresh := name
	for i := 2; taken[fresh]; i++ {
		fresh = fmt.Sprintf("%s.%d", name, i)
	}
	taken[fresh] = true
	return fresh
}

// result is where the value of a node goes: its place in a concatenation, or a
// buffer of its own.
func (l *lowerer) result(n ir.Node) kernel.Ref {
	at, ok := l.parts[n.Name]
	if !ok {
		at = ref(l.buffer(n.Name, l.types[n.Name].Len()))
	}
	l.values[n.Name] = at
	return at
}

func ref(buf int) kernel.Ref { return kernel.Ref{Space: kernel.Buf, ID: buf} }

func con(c int) kernel.Ref { return kernel.Ref{Space: kernel.Con, ID: c} }
