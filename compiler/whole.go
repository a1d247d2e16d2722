package compiler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// steps is an error where the options ask for what only a model has that is
// stepped frame by frame.
func (o *Options) steps(m *ir.Model) error {
	what := ""
	switch {
	case o.Batch != 0:
		what = "streams in lockstep"
	case o.Workers != 0:
		what = "workers"
	default:
		return nil
	}
	if m.Streaming() {
		return o.unmasked(m)
	}
	var ahead []string
	for _, n := range m.Nodes {
		if ir.ReadsAhead(n.Op) {
			ahead = append(ahead, fmt.Sprintf("%q", n.Name))
		}
	}
	return fmt.Errorf("model %q: node %s reads later frames: a package of it takes whole sequences, for which there are no %s",
		m.Name, strings.Join(ahead, ", "), what)
}

// unmasked is an error where the options ask for streams in lockstep of a model
// that leaves frames of some of them out.
func (o *Options) unmasked(m *ir.Model) error {
	if o.Batch == 0 {
		return nil
	}
	var masked []string
	for _, n := range m.Nodes {
		if len(ir.StateNames(n.Op)) > 0 && len(n.Inputs) == 2 {
			masked = append(masked, fmt.Sprintf("%q", n.Name))
		}
	}
	if masked == nil {
		return nil
	}
	return fmt.Errorf("model %q: node %s has a mask: streams in lockstep cannot leave out frames one by one", m.Name, strings.Join(masked, ", "))
}

// expose marks the states of the program that users see, whose units the passes
// may have put in another order.
func expose(p *Package) {
	for i := range p.Program.States {
		s := &p.Program.States[i]
		if s.Exposed = p.Model.Exposed(s.Name); !s.Exposed {
			continue
		}
		units := p.Passes.Units[s.Name]
		for at, u := range units {
			if u != at {
				s.Units = units
				break
			}
		}
	}
}

// seen is a state of the model behind the passes as users see it.
func seen(s kernel.State, h []float64) []float64 {
	if s.Units == nil {
		return h
	}
	in := make([]float64, len(h))
	for i, u := range s.Units {
		in[u] = h[i]
	}
	return in
}

// estimate is what rounding may do to the outputs, and to the values of the nodes
// that update states which users see.
func estimate(p *Package, inputs []eval.Frame) (verify.Rounding, error) {
	m, program := p.Model.Clone(), *p.Program
	program.Outputs = slices.Clone(program.Outputs)
	for _, n := range m.Nodes {
		if slices.ContainsFunc(ir.StateNames(n.Op), m.Exposed) && !slices.Contains(m.Outputs, n.Name) {
			m.Outputs = append(m.Outputs, n.Name)
			program.Outputs = append(program.Outputs, kernel.Port{Name: n.Name})
		}
	}
	return verify.EstimateRounding(m, &program, inputs)
}
