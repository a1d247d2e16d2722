package eval

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Run computes the outputs of a sequence. A program that is not
// [kernel.Program.Streaming] takes all frames through one stage after the other,
// those that go backwards from the last frame to the first: these begin with the
// initial values of their states, or those that [Program.SetState] gave them since
// the last Run. Nothing changes if an input is at fault or there is none.
func (e *Program) Run(inputs []Frame) ([]Frame, error) {
	for t, frame := range inputs {
		if err := e.check(frame); err != nil {
			return nil, fmt.Errorf("frame %d: %w", t, err)
		}
	}
	if e.p.Streaming() {
		outputs := make([]Frame, len(inputs))
		for t, frame := range inputs {
			outputs[t], _ = e.Step(frame) // which finds no fault but those of the frame
		}
		return outputs, nil
	}
	if len(inputs) == 0 {
		return nil, nil
	}
	return e.whole(inputs), nil
}

// held are the buffers and indices of every frame.
type held struct {
	buffers [][][]float32
	indices [][]int
}

// whole takes at least one frame through the stages.
func (e *Program) whole(inputs []Frame) []Frame {
	for _, s := range e.p.States {
		if e.p.Reversed(s.Buf) && !e.given[s.Name] {
			e.begin(s)
		}
	}
	states := e.buffers
	var q held
	for _, frame := range inputs {
		e.buffers, e.indices = e.clear(), make([]int, len(e.p.Inputs))
		e.load(frame)
		q.buffers, q.indices = append(q.buffers, e.buffers), append(q.indices, e.indices)
	}
	for _, stage := range e.p.Stages() {
		if l := &e.p.Layers[stage.From]; l.Shifts() {
			e.shift(l, q)
		} else {
			e.stage(stage, states, q)
		}
	}
	outputs := make([]Frame, len(inputs))
	for t := range inputs {
		e.buffers = q.buffers[t]
		outputs[t] = e.outputs()
	}
	e.buffers = states
	clear(e.given)
	return outputs
}

// stage takes the frames through the layers of a stage, beginning with the states
// and leaving them behind.
func (e *Program) stage(stage kernel.Stage, states [][]float32, q held) {
	carry := func(to, from [][]float32) {
		for _, buf := range stage.States {
			copy(to[buf], from[buf])
		}
	}
	before := states
	for i := range q.buffers {
		t := i
		if stage.Reverse {
			t = len(q.buffers) - 1 - i
		}
		e.buffers, e.indices = q.buffers[t], q.indices[t]
		carry(e.buffers, before)
		for k := stage.From; k < stage.To; k++ {
			e.layer(&e.p.Layers[k])
		}
		before = e.buffers
	}
	carry(states, before)
}

// shift moves what a layer reads in other frames.
func (e *Program) shift(l *kernel.Layer, q held) {
	last := len(q.buffers) - 1
	at := func(t int, r kernel.Ref) []float32 {
		e.buffers = q.buffers[t]
		return e.at(r)
	}
	for t := range q.buffers {
		for _, in := range l.Instrs {
			switch in := in.(type) {
			case kernel.Ahead:
				dst := at(t, in.Dst)[:in.Size]
				clear(dst)
				if in.By <= last-t {
					copy(dst, at(t+in.By, in.Src))
				}
			case kernel.Hold:
				from := 0
				if in.At == kernel.Last {
					from = last
				}
				copy(at(t, in.Dst)[:in.Size], at(from, in.Src))
			}
		}
	}
}
