package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

var benchVerb = &verb{
	name:    "bench",
	args:    "[MODEL]",
	summary: "time a compiled model beside its dense twin",
	detail: `
Compiles a model twice, as it is and with every matrix held to the dense
strategy, builds both into one program and times them in turn, the portable Go
of the sparse package beside them. The model is a file, or a stack of
recurrent layers with random weights by -cell and -hidden. Times are medians
over many short rounds, pinned to one processor where the system allows it; of a model
that takes whole sequences, they are those of a frame in sequences of 64.`,
	example: "sparsec bench -cell gru -hidden 2560 -sparsity 0.95",
	subs:    []*verb{benchKernelsVerb},
	define: func(fs *flag.FlagSet) action {
		b := &benchmark{}
		fs.StringVar(&b.layer.Cell, "cell", "", "gru, lstm or rnn: time random layers of that `cell`")
		fs.IntVar(&b.layer.Hidden, "hidden", 512, "units of each random layer")
		fs.IntVar(&b.layer.Input, "input", 0, "elements of a frame of the random layers; 0 for as many as -hidden")
		fs.IntVar(&b.layer.Layers, "layers", 1, "number of random layers")
		fs.Float64Var(&b.layer.Sparsity, "sparsity", 0.9, "share of the random weights that are zero")
		fs.TextVar(&b.layer.Pattern, "pattern", sparse.Pattern{}, "`pattern` of the random weights: element, lane8x8, block8x1, …")
		fs.Uint64Var(&b.layer.Seed, "seed", 0, "of the random weights")
		fs.DurationVar(&b.budget, "time", 3*time.Second, "how long to measure")
		fs.BoolVar(&b.json, "json", false, "print JSON")
		b.compile.define(fs)
		return func(ctx context.Context, e *env, args []string) error {
			fs.Visit(func(f *flag.Flag) { b.given = append(b.given, f.Name) })
			return b.run(ctx, e, args)
		}
	},
}

// benchmark is one call of the verb.
type benchmark struct {
	layer   bench.Layer
	compile compileFlags
	budget  time.Duration
	json    bool
	given   []string // flags of the command line
}

// benchReport is what -json prints.
type benchReport struct {
	Model      string           `json:"model"`
	Matrices   []schedule.Entry `json:"matrices"`
	DenseSize  int              `json:"dense_bytes"`  // weights.bin of the dense twin
	SparseSize int              `json:"sparse_bytes"` // weights.bin, indices included
	Result     *bench.Result    `json:"result"`

	programs []*kernel.Program // of the rows of the result
}

func (b *benchmark) run(ctx context.Context, e *env, args []string) error {
	c, err := b.model(e, args)
	if err != nil {
		return err
	}
	o, err := b.compile.options(c)
	if err != nil {
		return err
	}
	o.Package, o.Frames = "model", -1
	fmt.Fprintf(e.stderr, "compiling %q\n", c.model.Name)
	compiled, err := compiler.Compile(ctx, c.model, o)
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	fmt.Fprintln(e.stderr, "compiling its dense twin")
	dense, err := bench.CompileDense(ctx, c.model, o)
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	fmt.Fprintf(e.stderr, "building and timing, about %v\n", b.budget)
	subjects := bench.Twins(dense, compiled)
	result, err := bench.Run(ctx, subjects, nil, bench.Options{Budget: b.budget})
	if err != nil {
		return err
	}
	report := &benchReport{
		Model: c.model.Name, Matrices: compiled.Plan.Matrices,
		DenseSize: weightBytes(dense.Program), SparseSize: weightBytes(compiled.Program), Result: result,
	}
	for _, s := range subjects {
		report.programs = append(report.programs, s.Program)
	}
	if b.json {
		return report.printJSON(e.stdout)
	}
	return report.print(e.stdout)
}

// model is the checkpoint of the arguments, or random layers.
func (b *benchmark) model(e *env, args []string) (*checkpoint, error) {
	if b.layer.Cell == "" {
		for _, name := range b.given {
			switch name {
			case "hidden", "input", "layers", "sparsity", "pattern", "seed":
				return nil, usagef("-%s is about random layers: want it with -cell", name)
			}
		}
		path, err := one(args, "a model, or -cell for random layers")
		if err != nil {
			return nil, err
		}
		return e.model(path, b.compile.from)
	}
	if len(args) > 0 {
		return nil, usagef("want a model or -cell, not both; got %q", args[0])
	}
	m, err := bench.Random(b.layer)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return &checkpoint{path: "random " + b.layer.Cell, model: m}, nil
}

// weightBytes is the size of the data that a package embeds.
func weightBytes(p *kernel.Program) int { return p.Layout().Size }

func (r *benchReport) printJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	for i := range r.Matrices {
		r.Matrices[i].Candidates = nil // inspect and compile -emit plan tell them
	}
	return enc.Encode(r)
}

func (r *benchReport) print(w io.Writer) error {
	t := newTable(w, "matrix", "shape", "density", "pattern", "strategy", "bytes", "dense bytes")
	kernels := r.Result.Row(bench.Sparse).Kernel
	for _, e := range r.Matrices {
		runs := e.Choice
		if e.Wide != nil && kernels == kernel.AVX512.String() {
			runs = *e.Wide
		}
		t.row(e.Name, shape(e.Rows, e.Cols), percent(e.Density), e.Pattern, runs.Strategy, size(runs.Work.Bytes), size(denseBytes(e)))
	}
	t.flush()
	printWeightErrors(w, r.Matrices)
	fmt.Fprintln(w)
	t = newTable(w, "", "kernels", "weights.bin", "µs per step", "10–90 %", "times faster")
	for i, row := range r.Result.Rows {
		bytes := r.SparseSize
		if row.Name == bench.Dense {
			bytes = r.DenseSize
		}
		t.row(row.Name, kernelsOf(row, r.programs[i]), size(bytes), stepTime(row.NS), stepTime(row.Low)+"–"+stepTime(row.High), fmt.Sprintf("%.2f", row.Ratio))
	}
	t.flush()
	_, err := fmt.Fprintf(w, "(%s)\n", inTurn(r.Result))
	return err
}

// kernelsOf are the kernels that a package ran. In one with kernels of AVX-512 some
// matrices may have those of AVX2.
func kernelsOf(row bench.Row, p *kernel.Program) string {
	wide := 0
	for i := range p.Matrices {
		if p.Matrices[i].Wide != nil {
			wide++
		}
	}
	if row.Kernel != kernel.AVX512.String() || p.Base == kernel.AVX512 || wide == len(p.Matrices) {
		return row.Kernel
	}
	return fmt.Sprintf("%s in %d of %d matrices", row.Kernel, wide, len(p.Matrices))
}

// stepTime is a time in µs without its unit, with three digits or more.
func stepTime(ns float64) string {
	switch us := ns / 1e3; {
	case us < 10:
		return fmt.Sprintf("%.2f", us)
	case us < 100:
		return fmt.Sprintf("%.1f", us)
	default:
		return fmt.Sprintf("%.0f", us)
	}
}

// measured says what ran and how the times came about.
func measured(r *bench.Result) string {
	var kernels []string
	for _, row := range r.Rows {
		if row.Kernel != "" && !slices.Contains(kernels, row.Kernel) {
			kernels = append(kernels, row.Kernel)
		}
	}
	return fmt.Sprintf("kernels %s; %s", strings.Join(kernels, ", "), inTurn(r))
}

// inTurn says how the times came about.
func inTurn(r *bench.Result) string {
	where := "not pinned to a processor"
	if r.CPU >= 0 {
		where = fmt.Sprintf("one thread pinned to processor %d", r.CPU)
	}
	return fmt.Sprintf("medians over %d rounds in turn, %s; the clock drifted by %s",
		r.Rounds, where, percent(r.Drift))
}
