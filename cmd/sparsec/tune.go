package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/tune"
)

var tuneVerb = &verb{
	name:    "tune",
	args:    modelArgs,
	summary: "time the strategies of a model's matrices and write a plan",
	detail: `
Times, for each matrix of a model and each instruction set, the strategies that the
cost model predicts to be near the best, and dense, on this machine: each as the
kernel that a package would have, all in turns in one program pinned to one
processor. Before each call as much other memory is read as the rest of a step
reads of weights. The fastest go into a plan, which

    sparsec compile model.ckpt -plan plan.json

takes in place of the cost model's; the same plan gives the same package. Flags
that decide what is compiled (-exact, -weights, -permute, -strategy) hold as for
compile; -permute must be the same there. A plan that is there is replaced, once
the new one is complete.`,
	example: "sparsec tune model.ckpt -o plan.json",
	define: func(fs *flag.FlagSet) action {
		var t tuneRun
		t.compile.define(fs)
		fs.StringVar(&t.out, "o", "plan.json", "write the plan to `FILE`")
		fs.BoolVar(&t.options.All, "all", false, "time every strategy that can hold a matrix")
		fs.DurationVar(&t.options.Budget, "time", time.Second, "how long to measure each matrix and instruction set")
		return t.run
	},
}

type tuneRun struct {
	compile compileFlags
	out     string
	options tune.Options
}

func (t *tuneRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	if t.compile.planPath != "" {
		return usagef("tune makes a plan: want it without -plan")
	}
	c, err := e.model(path, t.compile.from)
	if err != nil {
		return err
	}
	o, err := t.compile.options(c)
	if err != nil {
		return err
	}
	lowered, err := t.compile.lower(ctx, c, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "compiling and timing the strategies of %d matrices\n", len(lowered.Plan.Matrices))
	plan, report, err := tune.Tune(ctx, lowered, t.options)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	text, err := plan.Encode()
	if err != nil {
		return err
	}
	printTimings(e.stdout, lowered, report)
	if err := replaceFile(t.out, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "wrote %s\n", t.out)
	return err
}

// printTimings prints what was predicted and measured; the cost model's own
// choice is marked where the measurement takes another.
func printTimings(w io.Writer, p *compiler.Package, r *tune.Report) {
	t := newTable(w, "matrix", "isa", "strategy", "predicted", "measured", "")
	for _, m := range r.Timings {
		mark := ""
		predicted := p.Plan.Choice(m.Entry, m.ISA).Strategy == m.Strategy
		switch {
		case m.Chosen:
			mark = "chosen"
		case predicted:
			mark = "the cost model's choice"
		}
		t.row(m.Matrix, m.ISA, m.Strategy, microseconds(m.Predicted), microseconds(m.Measured), mark)
	}
	t.flush()
	where := "not pinned to a processor"
	if r.CPU >= 0 {
		where = fmt.Sprintf("pinned to processor %d", r.CPU)
	}
	fmt.Fprintf(w, "(tenth percentile of %d turns, %s; the clock drifted by %s)\n", r.Rounds, where, percent(r.Drift))
}
