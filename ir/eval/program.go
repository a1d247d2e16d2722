package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Program computes a kernel.Program in float32: products in the order of
// additions of the kernels, element-wise steps with every intermediate result
// in float64 and one rounding at the end. It holds the buffers of one stream
// and is not safe for concurrent use.
type Program struct {
	p       *kernel.Program
	buffers [][]float32
	indices []int           // [input]
	given   map[string]bool // states that SetState replaced since the last Run
}

// NewProgram returns the interpreter of a program without faults, with the
// states at their initial values.
func NewProgram(p *kernel.Program) (*Program, error) {
	if err := p.Verify(); err != nil {
		return nil, err
	}
	e := &Program{p: p, indices: make([]int, len(p.Inputs))}
	e.Reset()
	return e, nil
}

// Reset clears every buffer and puts every state to its initial value.
func (e *Program) Reset() {
	e.buffers, e.given = e.clear(), map[string]bool{}
	for _, s := range e.p.States {
		e.begin(s)
	}
}

// clear are buffers of zeros.
func (e *Program) clear() [][]float32 {
	buffers := make([][]float32, len(e.p.Buffers))
	for i, b := range e.p.Buffers {
		buffers[i] = make([]float32, kernel.Pad(b.Len)+kernel.Guard)
	}
	return buffers
}

// begin puts a state to its initial value.
func (e *Program) begin(s kernel.State) {
	clear(e.buffers[s.Buf])
	if s.Init >= 0 {
		copy(e.buffers[s.Buf], e.p.Consts[s.Init].Data[:s.Size])
	}
}

// State returns a copy of a state, or nil when there is none of that name.
func (e *Program) State(name string) []float32 {
	for _, s := range e.p.States {
		if s.Name == name {
			return slices.Clone(e.buffers[s.Buf][:s.Size])
		}
	}
	return nil
}

// SetState replaces a state by a copy of h.
func (e *Program) SetState(name string, h []float32) error {
	for _, s := range e.p.States {
		if s.Name != name {
			continue
		}
		if len(h) != s.Size {
			return fmt.Errorf("state %q: %d numbers, want %d", name, len(h), s.Size)
		}
		copy(e.buffers[s.Buf], h)
		e.given[name] = true
		return nil
	}
	return fmt.Errorf("state %q is not defined", name)
}

// Step computes one frame of the outputs and updates the states. Values of the
// frame are rounded to float32. Nothing changes if an input is at fault, or the
// program is not [kernel.Program.Streaming].
func (e *Program) Step(inputs Frame) (Frame, error) {
	if !e.p.Streaming() {
		return nil, errors.New("the program reads ahead: it needs whole sequences")
	}
	if err := e.check(inputs); err != nil {
		return nil, err
	}
	e.load(inputs)
	for i := range e.p.Layers {
		e.layer(&e.p.Layers[i])
	}
	return e.outputs(), nil
}

// load puts a frame in the buffers of the inputs.
func (e *Program) load(inputs Frame) {
	for i, in := range e.p.Inputs {
		x := inputs[in.Name]
		if in.Bound > 0 {
			e.indices[i] = int(x[0])
			continue
		}
		for k, v := range x {
			e.buffers[in.Buf][k] = float32(v)
		}
	}
}

// layer runs a layer on the buffers, unless its mask leaves it out.
func (e *Program) layer(l *kernel.Layer) {
	for _, in := range l.Instrs {
		if m, ok := in.(kernel.Masked); ok && e.at(m.Mask)[0] == 0 {
			clear(e.at(m.Value)[:m.Size])
			return
		}
		e.exec(in)
	}
}

// outputs is the frame that the buffers hold.
func (e *Program) outputs() Frame {
	outputs := Frame{}
	for _, out := range e.p.Outputs {
		y := make([]float64, out.Size)
		for k := range y {
			y[k] = float64(e.buffers[out.Buf][k])
		}
		outputs[out.Name] = y
	}
	return outputs
}

func (e *Program) check(inputs Frame) error {
	var faults []error
	for _, in := range e.p.Inputs {
		x, ok := inputs[in.Name]
		size := in.Size
		if in.Bound > 0 {
			size = 1
		}
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("input %q is missing", in.Name))
		case len(x) != size:
			faults = append(faults, fmt.Errorf("input %q: %d numbers, want %d", in.Name, len(x), size))
		case in.Bound > 0 && !(x[0] >= 0 && x[0] < float64(in.Bound) && x[0] == math.Trunc(x[0])):
			faults = append(faults, fmt.Errorf("input %q: index %v, want a whole number from 0 to %d", in.Name, x[0], in.Bound-1))
		}
	}
	return errors.Join(faults...)
}

// exec runs one instruction. Verify has seen that it is one of package kernel.
func (e *Program) exec(in kernel.Instr) {
	switch in := in.(type) {
	case kernel.MatVec:
		for i := range max(1, in.Vectors) {
			e.p.Matrices[in.Matrix].Packed.MulAdd(e.at(in.Dst)[i*in.DstStep:], e.at(in.Init), e.at(in.Src)[i*in.SrcStep:])
		}
	case kernel.Lookup:
		table := e.p.Consts[in.Table]
		width := kernel.Pad(table.Cols)
		copy(e.at(in.Dst)[:width], table.Data[e.indices[in.Input]*width:])
	case kernel.Activate:
		e.activate(in)
	case kernel.Binary:
		e.binary(in)
	case kernel.Copy:
		copy(e.at(in.Dst)[:in.Size], e.at(in.Src)[:in.Size])
	case kernel.Softmax:
		e.softmaxStep(in)
	case kernel.GRUCell:
		e.gruCell(in)
	case kernel.GRUReset:
		e.gruReset(in)
	case kernel.GRUUpdate:
		e.gruUpdate(in)
	case kernel.LSTMCell:
		e.lstmCell(in)
	case kernel.Pick:
		e.pick(in)
	case kernel.Reduce:
		e.reduce(in)
	case kernel.Normalize:
		e.normalize(in)
	}
}

// at is what lies from a place to the end of its buffer or constant.
func (e *Program) at(r kernel.Ref) []float32 {
	if r.Space == kernel.Con {
		return e.p.Consts[r.ID].Data[r.Off:]
	}
	return e.buffers[r.ID][r.Off:]
}

func (e *Program) gruCell(in kernel.GRUCell) {
	h, x, r := e.at(in.H), e.at(in.X), e.at(in.R)
	block := kernel.Pad(in.Size)
	for i := range block {
		reset := sigmoid(float64(x[i]) + float64(r[i]))
		update := sigmoid(float64(x[block+i]) + float64(r[block+i]))
		n := candidate(in.Func)(float64(x[2*block+i]) + reset*float64(r[2*block+i]))
		h[i] = float32(n + update*(float64(h[i])-n))
	}
}

func (e *Program) gruReset(in kernel.GRUReset) {
	rh, h, x, r := e.at(in.RH), e.at(in.H), e.at(in.X), e.at(in.R)
	for i := range kernel.Pad(in.Size) {
		rh[i] = float32(sigmoid(float64(x[i])+float64(r[i])) * float64(h[i]))
	}
}

func (e *Program) gruUpdate(in kernel.GRUUpdate) {
	h, x, r, p := e.at(in.H), e.at(in.X), e.at(in.R), e.at(in.N)
	block := kernel.Pad(in.Size)
	for i := range block {
		update := sigmoid(float64(x[block+i]) + float64(r[block+i]))
		n := candidate(in.Func)(float64(x[2*block+i]) + float64(p[i]))
		h[i] = float32(n + update*(float64(h[i])-n))
	}
}

func (e *Program) lstmCell(in kernel.LSTMCell) {
	h, c, x := e.at(in.H), e.at(in.C), e.at(in.X)
	block := kernel.Pad(in.Size)
	for i := range block {
		gate := func(k int) float64 { return float64(x[k*block+i]) }
		cell := sigmoid(gate(1))*float64(c[i]) + sigmoid(gate(0))*math.Tanh(gate(2))
		h[i] = float32(sigmoid(gate(3)) * math.Tanh(cell))
		c[i] = float32(cell)
	}
}
