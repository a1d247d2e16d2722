package prune

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Options say what is pruned, how and how far.
type Options struct {
	Schedule Schedule
	Pattern  sparse.Pattern // the zero value prunes single weights
	// Density is the share of weights to keep, for schedules that want one
	// (Cubic, OneShot); it stays 0 for those that do not.
	Density float64
	// Diagonal keeps the units that hold a weight of a unit to itself, in
	// recurrent tensors whose gates are square, as LPCNet does (Valin and Skoglund
	// 2019). They count for the density.
	Diagonal bool
	Rules    []Rule
}

// setting is what rules leave for a gate.
type setting struct {
	schedule Schedule
	pattern  sparse.Pattern
	density  float64
	prune    bool // false: nobody asked for it
	own      bool // a budget of its own
	diagonal bool // kept
}

// part is the gates of a tensor that share a budget.
type part struct {
	setting
	gates []string // nil in a tensor without gates
	spans []sparse.Span
	level float64 // of the last mask; 0 before

	// threshold is that of the last mask, or what comes nearest to one: the least
	// worth of a unit that it kept.
	threshold float64
}

// targets resolves the rules: the parts of each parameter that are pruned. All
// faults are reported.
func (o Options) targets(params []Param) ([][]part, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("pruning: %w", err)
	}
	var faults []error
	used := make([]bool, len(o.Rules))
	names := map[string]bool{}
	resolved := make([][]part, len(params))
	for i := range params {
		p := &params[i]
		if err := p.validate(); err != nil {
			faults = append(faults, err)
			continue
		}
		if names[p.Name] {
			faults = append(faults, fmt.Errorf("tensor %q: two of this name", p.Name))
		}
		names[p.Name] = true
		resolved[i] = o.parts(p, used)
		for _, part := range resolved[i] {
			if err := errors.Join(part.validate(), part.holdsDiagonal(p)); err != nil {
				faults = append(faults, fmt.Errorf("tensor %q: %w", p.Name, err))
			}
		}
	}
	for i, r := range o.Rules {
		if !used[i] {
			faults = append(faults, unusedRule(r, params))
		}
	}
	return resolved, errors.Join(faults...)
}

// parts are the parts of a parameter that are pruned.
func (o Options) parts(p *Param, used []bool) []part {
	var parts []part
	shared := -1 // index of the part of the gates without a budget of their own
	for _, g := range p.gates() {
		s := o.setting(p, g, used)
		if !s.prune || s.pattern.Kind == sparse.KindDense {
			continue
		}
		at := shared
		if at < 0 || s.own {
			at = len(parts)
			parts = append(parts, part{setting: s})
			if !s.own {
				shared = at
			}
		}
		if g.Name != "" {
			parts[at].gates = append(parts[at].gates, g.Name)
		}
		parts[at].spans = append(parts[at].spans, g.Rows)
	}
	return parts
}

func (o Options) setting(p *Param, g Gate, used []bool) setting {
	s := setting{schedule: o.Schedule, pattern: o.Pattern, density: o.Density, prune: p.Prunable}
	s.diagonal = o.Diagonal && p.Recurrent && g.Rows.Len() == p.Cols
	for i, r := range o.Rules {
		if !r.applies(p, g) {
			continue
		}
		used[i] = true
		s.prune = true
		s.own = s.own || r.Gate != ""
		if r.Pattern != nil {
			s.pattern = *r.Pattern
		}
		if r.Density != nil {
			s.density = *r.Density
		}
		if r.Schedule != nil {
			s.schedule = r.Schedule
		}
	}
	return s
}

// validate checks what can be checked without parameters.
func (o Options) validate() error {
	if o.Schedule == nil {
		return errors.New("no schedule")
	}
	faults := []error{o.Schedule.Validate(), o.Pattern.Validate()}
	for _, r := range o.Rules {
		if r.Pattern != nil {
			faults = append(faults, r.Pattern.Validate())
		}
		if r.Schedule != nil {
			faults = append(faults, r.Schedule.Validate())
		}
	}
	return errors.Join(faults...)
}

// validate: a density is there exactly where the schedule wants one.
func (s setting) validate() error {
	if s.schedule.WantsDensity() {
		return checkDensity(s.density)
	}
	if s.density != 0 {
		return fmt.Errorf("density %v: want none with a schedule (%T) that does not prune to a density", s.density, s.schedule)
	}
	return nil
}

func unusedRule(r Rule, params []Param) error {
	var names []string
	for i := range params {
		p := &params[i]
		if !p.Prunable && p.vector() {
			if p.Name == r.Name {
				return fmt.Errorf("rule %q: %q is a vector, which is never pruned", r, r.Name)
			}
			continue
		}
		name := p.Name
		if len(p.Gates) > 0 {
			var gates []string
			for _, g := range p.Gates {
				gates = append(gates, g.Name)
			}
			name += "[" + strings.Join(gates, " ") + "]"
		}
		names = append(names, name)
	}
	return fmt.Errorf("rule %q: matches no tensor, want one of %s", r, strings.Join(names, ", "))
}
