package bench

import (
	"context"
	"fmt"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Variant is a product compiled for one strategy.
type Variant struct {
	schedule.Candidate // with the predicted time
	// Chosen says that the compiler takes it by itself.
	Chosen bool
	pack   *compiler.Package
}

// Variants compiles y = W·x for each of the strategies that can hold W and that
// are wanted beside the one that the compiler takes, which comes first. Rows
// stay in their order.
func Variants(ctx context.Context, w *sparse.Matrix, o schedule.Options, want func(c, choice schedule.Candidate) bool) ([]Variant, error) {
	options := compiler.Options{Package: PackageName, Frames: -1, Schedule: o}
	options.Pass = pass.Options{Permute: pass.PermuteOptions{Disable: true}}
	m := linear(w)
	free, err := compiler.Compile(ctx, m, options)
	if err != nil {
		return nil, err
	}
	entry := free.Plan.Matrices[0]
	choice := schedule.Candidate{Strategy: entry.Strategy, Work: entry.Work, NS: entry.NS}
	list := []Variant{{Candidate: choice, Chosen: true, pack: free}}
	for _, c := range entry.Candidates {
		if c.Strategy == entry.Strategy || c.Excluded != "" || !want(c, choice) {
			continue
		}
		options.Plan = planWith(free.Plan, c)
		p, err := compiler.Compile(ctx, m, options)
		if err != nil {
			return nil, fmt.Errorf("strategy %s: %w", c.Strategy, err)
		}
		list = append(list, Variant{Candidate: c, pack: p})
	}
	return list, nil
}

// planWith is the plan of a product with another of its candidates.
func planWith(p *schedule.Plan, c schedule.Candidate) *schedule.Plan {
	changed := *p
	e := p.Matrices[0]
	e.Strategy, e.Work, e.NS, e.Reason, e.Candidates = c.Strategy, c.Work, c.NS, "to be timed", nil
	changed.Matrices = []schedule.Entry{e}
	return &changed
}

// Subject is the variant to be timed alone: its layers, without copies of x and
// y. The name tells subjects apart; beside is as in [Subject].
func (v *Variant) Subject(name string, portable bool, beside int) Subject {
	return Subject{Name: name, Files: v.pack.Files, Program: v.pack.Program, Portable: portable, Layers: true, Beside: beside}
}

// steps are those of the packed form.
func (v *Variant) steps() int { return v.matrix().Packed.Steps() }

// bytes are those of weights and indices that a kernel reads; in straight-line
// code, the indices are the code.
func (v *Variant) bytes() int {
	n := v.Work.Code
	for _, s := range v.matrix().Packed.Sections() {
		n += len(s.Data)
	}
	return n
}

func (v *Variant) matrix() *kernel.Matrix { return &v.pack.Program.Matrices[0] }
