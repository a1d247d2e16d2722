package golden

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/sparsec/sparsec/ir/eval"
)

// What goes to the program and comes from it is little-endian:
//
//	to it:   the stops: their number, and each
//	         for each state: whether it is set, and its elements if it is
//	         for each input: its elements in all frames
//	from it: for each output: its elements in all frames
//	         for each stop: each state
//
// Numbers are int64, elements float32, those of an index int32.

// encode is what the program reads.
func (c *compiled) encode(s *Sequence) ([]byte, error) {
	var w writer
	w.write(int64(len(s.Stops)))
	for _, stop := range s.Stops {
		w.write(int64(stop))
	}
	left := len(s.States)
	for _, st := range c.States {
		h, ok := s.States[st.State.Name]
		if !ok {
			w.write(int64(0))
			continue
		}
		left--
		w.write(int64(1))
		w.elements(h, false)
	}
	if left > 0 {
		return nil, fmt.Errorf("%d states of the sequence are not shown by the package", left)
	}
	for _, in := range c.Program.Inputs {
		for i, frame := range s.Frames {
			values := frame[in.Name]
			if len(values) != in.Size {
				return nil, fmt.Errorf("step %d: input %q has %d elements, want %d", i, in.Name, len(values), in.Size)
			}
			w.elements(values, in.Bound > 0)
		}
	}
	return w.Bytes(), w.err
}

// decode is what the program wrote.
func (c *compiled) decode(data []byte, s *Sequence) (*Run, error) {
	r := &Run{}
	for range s.Frames {
		r.Outputs = append(r.Outputs, eval.Frame{})
	}
	in := reader{Reader: bytes.NewReader(data)}
	for _, out := range c.Program.Outputs {
		for _, frame := range r.Outputs {
			frame[out.Name] = in.elements(out.Size)
		}
	}
	for range s.Stops {
		states := map[string][]float64{}
		for _, st := range c.States {
			states[st.State.Name] = in.elements(st.State.Size)
		}
		r.States = append(r.States, states)
	}
	if in.err == nil && in.Len() > 0 {
		in.err = fmt.Errorf("%d bytes more than wanted", in.Len())
	}
	if in.err != nil {
		return nil, fmt.Errorf("output of the package: %w", in.err)
	}
	return r, nil
}

// writer keeps the first error.
type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) write(v any) {
	if w.err == nil {
		w.err = binary.Write(&w.Buffer, binary.LittleEndian, v)
	}
}

func (w *writer) elements(values []float64, index bool) {
	for _, v := range values {
		if index {
			w.write(int32(v))
		} else {
			w.write(float32(v))
		}
	}
}

// reader keeps the first error.
type reader struct {
	*bytes.Reader
	err error
}

func (r *reader) elements(n int) []float64 {
	raw := make([]float32, n)
	if r.err == nil {
		r.err = binary.Read(r.Reader, binary.LittleEndian, raw)
	}
	values := make([]float64, n)
	for i, v := range raw {
		values[i] = float64(v)
	}
	return values
}
