package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/baseline"
)

var demoVerb = &verb{
	name:    "demo",
	summary: "train, prune, compile and time a model of Go source text, in minutes",
	detail: `
Trains two character models with a GRU on the sources of Go's standard library,
or on a text of yours: a dense one and one that is pruned while it trains. Both
are compiled; the sparse package is built, verified against a float64 reference,
timed beside the dense one, and lets its model make up some text. The package
and both checkpoints are left in a folder.

Takes about four minutes on two cores, with -quick less than one; on a slower
machine the models are trained for fewer steps instead.`,
	example: "sparsec demo -quick",
	define: func(fs *flag.FlagSet) action {
		var d demo
		fs.BoolVar(&d.quick, "quick", false, "train for half a minute only")
		fs.StringVar(&d.data, "data", "", "text `FILE` to learn; empty for Go's standard library")
		fs.StringVar(&d.out, "o", "", "new `folder` for the package and the checkpoints; empty for a temporary one")
		fs.IntVar(&d.hidden, "hidden", 256, "units of the GRU")
		fs.Float64Var(&d.sparsity, "sparsity", 0.9, "share of the weights to prune")
		fs.TextVar(&d.pattern, "pattern", sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}, "`pattern` of what is kept: element, lane8x8, block8x1, …")
		fs.Uint64Var(&d.seed, "seed", 1, "of the first weights")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("want no argument; got %q", args[0])
			}
			if err := d.check(); err != nil {
				return err
			}
			size := fullDemo
			if d.quick {
				size = quickDemo
			}
			return d.run(ctx, e, size)
		}
	},
}

// demo is the command line.
type demo struct {
	quick     bool
	data, out string
	hidden    int
	sparsity  float64
	pattern   sparse.Pattern
	seed      uint64
}

func (d *demo) check() error {
	if d.hidden < 8 || d.hidden > 2048 {
		return usagef("-hidden %d: want 8 to 2048", d.hidden)
	}
	if !(d.sparsity > 0 && d.sparsity < 1) {
		return usagef("-sparsity %v: want more than 0 and less than 1", d.sparsity)
	}
	if d.pattern.Kind == sparse.KindDense {
		return usagef("-pattern dense: nothing would be pruned")
	}
	return nil
}

// demoSize is how much work a demo is.
type demoSize struct {
	text            int // bytes at most
	embed           int
	streams, window int
	steps           int
	rate            float64
	training        time.Duration // at most
	timing          time.Duration
	sample          int // characters
}

var (
	fullDemo  = demoSize{text: 8 << 20, embed: 48, streams: 32, window: 64, steps: 4000, rate: 6e-3, training: 210 * time.Second, timing: 3 * time.Second, sample: 600}
	quickDemo = demoSize{text: 1 << 20, embed: 48, streams: 16, window: 32, steps: 1600, rate: 8e-3, training: 29 * time.Second, timing: 1500 * time.Millisecond, sample: 400}
)

// run is the demo from the text to the table. Nothing is left of it when it
// fails or ctx ends.
func (d *demo) run(ctx context.Context, e *env, size demoSize) (err error) {
	say := func(format string, args ...any) { fmt.Fprintf(e.stderr, format+"\n", args...) }
	if err := checkDemoFolder(d.out); err != nil {
		return err
	}
	data, name, err := demoData(ctx, d.data, size.text)
	if err != nil {
		return err
	}
	corpus, err := trainer.LoadCorpus(data, d.seed)
	if err != nil {
		return err
	}
	say("text: %s; %d characters of %d kinds, %d more held out", name, corpus.Len(trainer.Train), corpus.Vocabulary.Size(), corpus.Len(trainer.Valid))

	say("training two GRUs of %d units, one dense, one pruned to %s in the pattern %v", d.hidden, percent(1-d.sparsity), d.pattern)
	denseRun, sparseRun, err := trainBoth(ctx, corpus, d.config(data, size, corpus.Outputs), size.training, newDemoProgress(e.stderr, time.Now, "dense", "sparse"))
	if err != nil {
		return err
	}

	say("compiling both")
	dense, err := bench.CompileDense(ctx, denseRun.Model, compiler.Options{Package: demoPackage, Frames: -1})
	if err != nil {
		return err
	}
	pruned, err := compiler.Compile(ctx, sparseRun.Model, compiler.Options{Package: demoPackage})
	if err != nil {
		return err
	}
	folder, err := newDemoFolder(d.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.discard()) }()
	if err := folder.write(pruned, denseRun, sparseRun, corpus.Vocabulary, promptFor(d.data)); err != nil {
		return err
	}

	say("building the package and verifying it against the float64 reference")
	report, err := verify.Run(ctx, &verify.Package{Files: pruned.Files, Program: pruned.Program, Model: pruned.Model},
		randomFrames(pruned.Model.Inputs[0]), verify.Options{})
	if err != nil {
		return err
	}
	if !report.OK() {
		return fmt.Errorf("the compiled package differs from the reference:\n%s", report)
	}

	say("timing")
	gonum, err := gonumLoop(denseRun.Model)
	if err != nil {
		return err
	}
	times, err := bench.Run(ctx, demoSubjects(dense, pruned), []bench.Local{gonum}, bench.Options{Budget: size.timing})
	if err != nil {
		return err
	}
	sample, err := folder.sample(ctx, size.sample)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := folder.keep(); err != nil {
		return err
	}
	r := demoReport{
		denseBits: denseRun.Valid.Value, sparseBits: sparseRun.Valid.Value,
		denseBytes: weightBytes(dense.Program), sparseBytes: weightBytes(pruned.Program),
		label: fmt.Sprintf("%v, %s zero", d.pattern, percent(d.sparsity)),
		times: times, verified: report, sample: sample, folder: folder.Dir, command: ownCommand(),
	}
	return r.print(e.stdout)
}

// config is that of the sparse run, for a text of that many classes.
func (d *demo) config(data trainer.DataConfig, size demoSize, classes int) trainer.Config {
	return trainer.Config{
		Data:          data,
		Model:         trainer.ModelConfig{Cell: trainer.GRU, Hidden: []int{d.hidden}, Embed: size.embed},
		Optimizer:     trainer.OptimizerConfig{Rate: size.rate, Floor: .02},
		Pruning:       trainer.PruningConfig{Density: 1 - d.sparsity, Pattern: d.pattern, Begin: .05, End: .4, Rules: d.budget(size.embed, classes)},
		Streams:       size.streams,
		Segment:       size.window,
		Steps:         size.steps,
		ValidateEvery: size.steps, // at the end, that is
		Seed:          d.seed,
	}
}

// Small matrices at both ends of the network suffer more from pruning than the
// recurrent one: they keep that many times the density asked for.
const (
	inputShare  = 2.5
	outputShare = 1.5
)

// budget divides the density among the matrices so that it is that of all
// together. There are no rules where too little would be left for the recurrent
// matrix.
func (d *demo) budget(embed, classes int) []string {
	density := 1 - d.sparsity
	input, recurrent, output := float64(3*d.hidden*embed), float64(3*d.hidden*d.hidden), float64(classes*d.hidden)
	in, out := min(1, inputShare*density), min(1, outputShare*density)
	left := (density*(input+recurrent+output) - in*input - out*output) / recurrent
	if left < density/4 {
		return nil
	}
	return []string{
		fmt.Sprintf("gru0.weight_ih=%.4f", in),
		fmt.Sprintf("gru0.weight_hh=%.4f", left),
		fmt.Sprintf("out.weight=%.4f", out),
	}
}

// promptFor begins the sampled text.
func promptFor(file string) string {
	if file == "" {
		return "func "
	}
	return ""
}

// verifiedFrames is the number of steps that the package is verified on.
const verifiedFrames = 200

func randomFrames(in ir.Input) []eval.Frame {
	rng := rand.New(rand.NewPCG(2, 0))
	frames := make([]eval.Frame, verifiedFrames)
	for i := range frames {
		frames[i] = eval.Frame{in.Name: {float64(rng.IntN(in.Type.Bound))}}
	}
	return frames
}

// gonumRow is the row of the table for what Go programs do today.
const gonumRow = "gonum loop"

func demoSubjects(dense, pruned *compiler.Package) []bench.Subject {
	return []bench.Subject{
		{Name: bench.Dense, Files: dense.Files, Program: dense.Program},
		{Name: bench.Sparse, Files: pruned.Files, Program: pruned.Program},
		{Name: bench.Portable, Files: pruned.Files, Program: pruned.Program, Portable: true, Twin: bench.Sparse},
	}
}

// gonumLoop steps the dense model through random characters.
func gonumLoop(m *ir.Model) (bench.Local, error) {
	s, err := baseline.New(m)
	if err != nil {
		return bench.Local{}, err
	}
	in := m.Inputs[0]
	rng := rand.New(rand.NewPCG(1, 0))
	x := s.Index(in.Name)
	return bench.Local{Name: gonumRow, Step: func() {
		*x = rng.IntN(in.Type.Bound)
		s.Step()
	}}, nil
}

// ownCommand is how this program was called: by `go run`, or by its name.
func ownCommand() string {
	if path, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(path), "/go-build") {
		return "go run ./cmd/sparsec"
	}
	return "sparsec"
}

// demoReport is what the demo shows at its end.
type demoReport struct {
	denseBits, sparseBits   float64
	denseBytes, sparseBytes int
	label                   string // of the sparse model
	times                   *bench.Result
	verified                *verify.Report
	sample                  string
	folder, command         string
}

func (r *demoReport) print(w io.Writer) error {
	fmt.Fprintln(w)
	t := newTable(w, "", "bits per character", "size", "µs per step", "times faster")
	for _, row := range r.times.Rows {
		name, bits, bytes := "dense, compiled", r.denseBits, r.denseBytes
		switch row.Name {
		case bench.Sparse:
			name, bits, bytes = "sparse, compiled", r.sparseBits, r.sparseBytes
		case bench.Portable:
			name, bits, bytes = "sparse, portable Go", r.sparseBits, r.sparseBytes
		case gonumRow:
			name = "dense, gonum loop"
		}
		t.row(name, fmt.Sprintf("%.3f", bits), size(bytes), stepTime(row.NS), fmt.Sprintf("%.2f", row.Ratio))
	}
	t.flush()
	fmt.Fprintf(w, "(sparse: %s; bits: of held-out text; size: weights with indices;\n%s)\n", r.label, measured(r.times))
	fmt.Fprintf(w, "\nverified against the float64 reference:\n%s", indent(worstErrors(r.verified)))
	fmt.Fprintf(w, "\ntext from the compiled sparse model:\n%s", indent(r.sample))
	fmt.Fprintf(w, "\nThe package is in %s\n", filepath.Join(r.folder, demoPackage))
	_, err := fmt.Fprintf(w, `Try next:
  cd %[1]s && go run . -seed 2 -n 1000
  cd %[1]s && go test ./... && go test -bench . ./%[3]s
  %[2]s inspect %[4]s
  %[2]s bench %[4]s
`, r.folder, r.command, demoPackage, filepath.Join(r.folder, sparseFile))
	return err
}

// worstErrors is a line for each kernel that was run.
func worstErrors(r *verify.Report) string {
	var b strings.Builder
	for _, run := range r.Runs {
		for _, o := range run.Outputs {
			fmt.Fprintf(&b, "%s: largest error of %q over %d steps %.2g; masks equal\n", run.Kernel, o.Name, r.Frames, o.MaxAbs)
		}
	}
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}
