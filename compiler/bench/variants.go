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

// Variant is a product y = W·x compiled for one strategy and instruction set.
type Variant struct {
	schedule.Candidate // with the predicted time

	pack *compiler.Package
}

// NewVariant compiles y = W·x for a candidate of W. Rows stay in their order.
func NewVariant(ctx context.Context, w *sparse.Matrix, level kernel.Level, c schedule.Candidate) (*Variant, error) {
	plan := &schedule.Plan{Format: schedule.PlanFormat, Base: level, Matrices: []schedule.Entry{{
		Name: "w", Node: "y", Rows: w.Rows, Cols: w.Cols, NNZ: w.NNZ(),
		Choice: schedule.Choice{Strategy: c.Strategy, Work: c.Work, NS: c.NS},
	}}}
	p, err := compileLinear(ctx, w, compiler.Options{Plan: plan})
	if err != nil {
		return nil, fmt.Errorf("strategy %s: %w", c.Strategy, err)
	}
	return &Variant{c, p}, nil
}

// compileLinear compiles y = W·x. Rows stay in their order.
func compileLinear(ctx context.Context, w *sparse.Matrix, o compiler.Options) (*compiler.Package, error) {
	o.Package, o.Frames = PackageName, -1
	o.Pass = pass.Options{Permute: pass.PermuteOptions{Disable: true}}
	return compiler.Compile(ctx, linear(w), o)
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
func (v *Variant) bytes() int { return v.Work.Code + v.matrix().Size() }

func (v *Variant) matrix() *kernel.Matrix { return &v.pack.Program.Matrices[0] }
