package compiler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
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

// placeUnits tells of the states that users see where their units were before the
// passes put them in another order.
func placeUnits(p *Package) {
	for i := range p.Program.States {
		s := &p.Program.States[i]
		units := p.Passes.Units[s.Name]
		if s.Exposed && !slices.IsSorted(units) {
			s.Units = units
		}
	}
}
