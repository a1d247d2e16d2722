package golden

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// Run is what a backend made of a sequence.
type Run struct {
	Backend string
	Outputs []eval.Frame           // by step
	States  []map[string][]float64 // by stop of the sequence: those that a tensor shows
}

// Interpreter is the name of the backend of [Interpret].
const Interpreter = "interp"

// Interpret runs a sequence with the float64 interpreter of the graph as it is,
// before any pass.
func Interpret(m *ir.Model, s *Sequence) (*Run, error) {
	g, err := eval.New(m)
	if err != nil {
		return nil, err
	}
	for name, h := range s.States {
		if err := g.SetState(name, h); err != nil {
			return nil, err
		}
	}
	r := &Run{Backend: Interpreter}
	from := 0
	for _, stop := range s.Stops {
		if from > 0 && !m.Streaming() {
			return nil, errAhead(m, from)
		}
		outputs, err := g.Run(s.Frames[from:stop])
		if err != nil {
			return nil, fmt.Errorf("steps from %d on: %w", from, err)
		}
		from = stop
		r.Outputs = append(r.Outputs, outputs...)
		states := map[string][]float64{}
		for _, st := range m.States {
			if m.Exposed(st.Name) {
				states[st.Name] = g.State(st.Name)
			}
		}
		r.States = append(r.States, states)
	}
	return r, nil
}

func errAhead(m *ir.Model, stop int) error {
	return fmt.Errorf("model %q reads ahead: its states are those behind the whole sequence, not behind %d steps", m.Name, stop)
}
