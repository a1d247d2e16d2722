package compiler

import (
	"context"
	"fmt"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/lower"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Options are what a package depends on besides its model.
type Options struct {
	// Package is the name of the Go package.
	Package string
	// Input is the hex SHA-256 of the file that was compiled; it may be empty.
	Input string
	// Settings are the options of the compilation for the header, in order.
	Settings []string
	// Command is the command of the go:generate line; empty for none.
	Command string
	// Pass bounds the passes. What the units of states are ordered for follows from
	// the lowest level, see [Objective].
	Pass pass.Options
	// Schedule restricts the choice of strategies; with a Plan, only the choice
	// for a Batch, of a plan without one.
	Schedule schedule.Options
	// Batch is the number of streams of a type that steps them in lockstep, 2 to
	// MaxStreams; 0 for none.
	Batch int
	// Plan is a plan made before, for this model and these Pass options.
	Plan *schedule.Plan
	// Frames is the number of reference frames that the package's own test
	// runs; 0 stands for 16, fewer for a large model; a negative number for none.
	Frames int
	// Workers is the largest number of goroutines that the package can share the
	// large products of a step over, 2 or more; 0 for a package without them.
	Workers int
}

// MaxStreams is the largest Batch of Options.
const MaxStreams = codegen.MaxStreams

// Package is a compiled model and what the phases made on the way.
type Package struct {
	Files   []txtar.File
	Model   *ir.Model // behind the passes
	Passes  *pass.Report
	Plan    *schedule.Plan
	Program *kernel.Program
	Batch   *kernel.Program // for streams in lockstep; nil without them
}

// Compile runs all phases. The model is not written to. Errors of the model
// list all its faults.
func Compile(ctx context.Context, m *ir.Model, o Options) (*Package, error) {
	p, err := Lower(ctx, m, o)
	if err != nil {
		return nil, err
	}
	ref, err := reference(ctx, m, p, o.Frames)
	if err != nil {
		return nil, err
	}
	p.Files, err = codegen.Emit(p.Program, codegen.Options{
		Package: o.Package, Input: o.Input, Settings: o.Settings, Generate: o.Command, Workers: o.Workers,
		Vectors: ref.vectors, States: ref.states, Tolerance: ref.tolerance,
		Batch: codegen.Batch{Streams: o.Batch, Program: p.Batch},
	})
	if err != nil {
		return nil, err
	}
	return p, ctx.Err()
}

// Lower runs the phases up to the kernel program; the package has no files.
func Lower(ctx context.Context, m *ir.Model, o Options) (*Package, error) {
	if err := sound(m); err != nil {
		return nil, err
	}
	if err := o.steps(m); err != nil {
		return nil, err
	}
	o.Pass.Permute.Objective = o.objective()
	p := &Package{}
	var err error
	if p.Model, p.Passes, err = pass.Run(m, o.Pass); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.Plan, err = plan(p.Model, o); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.Program, err = lower.Lower(p.Model, p.Plan); err != nil {
		return nil, err
	}
	placeUnits(p)
	if err := share(p.Program, o.Workers); err != nil {
		return nil, err
	}
	if o.Workers == 0 {
		p.Program.Turn()
	}
	if err := p.Program.Verify(); err != nil {
		return nil, fmt.Errorf("lowering made a faulty program, which is a bug of it: %w", err)
	}
	if p.Batch, err = batch(p, o); err != nil {
		return nil, err
	}
	return p, ctx.Err()
}

// batch is the program for the streams in lockstep that the options ask for.
func batch(p *Package, o Options) (*kernel.Program, error) {
	if o.Batch == 0 {
		return nil, nil
	}
	b, err := lower.Batch(p.Program, p.Plan)
	if err != nil {
		return nil, err
	}
	if err := b.Verify(); err != nil {
		return nil, fmt.Errorf("lowering made a faulty program for %d streams, which is a bug of it: %w", p.Plan.Streams, err)
	}
	return b, nil
}

func sound(m *ir.Model) error {
	if err := m.Verify(); err != nil {
		return err
	}
	return m.Filled()
}

// share has workers share the large products, of which there must be one.
func share(p *kernel.Program, workers int) error {
	if workers != 0 && p.Share(workers, kernel.MinGain) == 0 {
		return fmt.Errorf("model %q: its layers are too small for workers: no product is predicted to take %.0f %% less time by %d of them", p.Name, 100*kernel.MinGain, workers)
	}
	return nil
}

// plan is the plan given, if it fits the model, or the cost model's, with choices for
// the streams in lockstep that the options ask for.
func plan(m *ir.Model, o Options) (p *schedule.Plan, err error) {
	if p = o.Plan; p != nil {
		err = p.Check(m)
	} else {
		p, err = schedule.Choose(m, o.Schedule)
	}
	if err != nil || o.Batch == 0 {
		return p, err
	}
	if o.Batch < 2 || o.Batch > MaxStreams {
		return nil, fmt.Errorf("%d streams in lockstep: want 2 to %d", o.Batch, MaxStreams)
	}
	switch _, lanes := codegen.Lockstep(o.Batch); p.Streams {
	case lanes:
		return p, nil
	case 0:
		return p.WithLockstep(m, o.Schedule, lanes), nil
	default:
		return nil, fmt.Errorf("plan: for blocks of %d streams in lockstep, want blocks of %d for %d streams", p.Streams, lanes, o.Batch)
	}
}
