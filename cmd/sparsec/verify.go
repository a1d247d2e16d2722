package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

var verifyVerb = &verb{
	name:    "verify",
	args:    modelArgs,
	summary: "hold the compiled package against the float64 reference",
	detail: `Compiles the checkpoint, vets and builds the package in a temporary folder, runs it
beside the float64 interpreter of the graph on given or random input, and reports
the largest error, the first step that diverges, and whether the zeros in the
emitted weights are those of the model. It exits with 1 if anything is beyond the
tolerance, which is derived from the model: what float32 rounding can make of it.

With -dir the files of a package on disk are run, compiled before with the same
flags. Where weights are stored with less than float32 (-weights), the reference
has the weights that are stored, and what these cost is said besides. With -batch the
streams in lockstep are held against the reference too, each with inputs of its own. Of an error, got
against want, the part relative to max(1, |want|) counts.

With -golden the model is held against outputs that another program got: the graph in
float64 (interp) as it was read, and packages of it with every kernel of this machine.
Each line has the largest error of an output or state over all steps: absolute;
relative to the largest element of that output (of a state: or of any output, if that
is larger), which the tolerance bounds in every step; and in units in the last place
of float32; then, for drift, the largest relative error in the first and in the last
quarter of the steps. The program that wrote the file rounds too: packages are allowed
as much besides as interp is off in a step, up to the tolerance again. Tensors and arrays belong
together by name; what is left over on either side is an error unless -ignore names
it. A package has kernels of an instruction set only where they pay; where they do
not, they are compiled by themselves and run.

` + modelFiles,
	example: `sparsec verify model.ckpt -steps 256 -backend generic,avx2
sparsec verify vad.onnx -set sr=16000 -golden ref.json -as input=audio:576:512 -as output=prob`,
	define: func(fs *flag.FlagSet) action {
		var v verifyRun
		fs.StringVar(&v.dir, "dir", "", "`folder` of a compiled package to run in place of a new one")
		fs.StringVar(&v.input, "input", "", "`file` of input: a line a step, its numbers divided by commas or tabs, the inputs of the model one behind the other (default: random)")
		fs.IntVar(&v.steps, "steps", 64, "random `steps`")
		fs.Uint64Var(&v.seed, "seed", 1, "`seed` of random steps")
		fs.StringVar(&v.backends, "backend", "", "`kernels` to run, divided by commas: avx512, avx2, generic, and with -golden interp, the float64 interpreter of the graph (default: all that this machine runs)")
		fs.Float64Var(&v.tolerance, "tol", 0, fmt.Sprintf("`tolerance` of the error (default: derived from the model; with -golden %g of the largest output)", golden.DefaultTolerance))
		v.vectors.define(fs)
		v.compile.define(fs)
		return v.run
	},
}

type verifyRun struct {
	dir, input, backends string
	steps                int
	seed                 uint64
	tolerance            float64
	compile              compileFlags
	vectors              goldenFlags
}

func (v *verifyRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	if err := v.check(); err != nil {
		return err
	}
	if v.vectors.path != "" {
		return v.golden(ctx, e, path)
	}
	return v.reference(ctx, e, path)
}

// reference holds the package against the float64 interpreter.
func (v *verifyRun) reference(ctx context.Context, e *env, path string) error {
	if len(v.vectors.as)+len(v.vectors.ignore) > 0 {
		return usagef("-as and -ignore are about golden vectors: want them with -golden")
	}
	kernels, err := v.backendList(verify.Kernels())
	if err != nil {
		return err
	}
	c, err := e.model(path, v.compile.from)
	if err != nil {
		return err
	}
	inputs, err := v.inputs(c.model)
	if err != nil {
		return err
	}
	p, err := v.compiled(ctx, c)
	if err != nil {
		return err
	}
	if err := printPassError(e.stdout, c.model, p.Model, inputs); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := printStoredError(e.stdout, p, inputs); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	tolerance, err := v.derive(e.stdout, p, inputs)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	report, err := verify.Run(ctx, &verify.Package{Files: p.Files, Program: p.Program, Batch: p.Batch, Streams: v.compile.batch, Model: p.Model}, inputs,
		verify.Options{Kernels: kernels, Tolerance: tolerance})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprint(e.stdout, report)
	if !report.OK() {
		return fmt.Errorf("%s: the package differs from the reference", path)
	}
	_, err = fmt.Fprintln(e.stdout, "ok: within the tolerance, and the emitted zeros are the model's")
	return err
}

// check is an error about flags that no model allows.
func (v *verifyRun) check() error {
	switch {
	case v.steps < 1:
		return usagef("-steps %d: want at least 1", v.steps)
	case !(v.tolerance >= 0) || math.IsInf(v.tolerance, 0):
		return usagef("-tol %v: want a positive number", v.tolerance)
	}
	return nil
}

// backendList is that of -backend, of those that there are; nil for none.
func (v *verifyRun) backendList(known []string) ([]string, error) {
	if v.backends == "" {
		return nil, nil
	}
	list := strings.Split(v.backends, ",")
	for i, k := range list {
		if slices.Contains(list[:i], k) {
			return nil, usagef("-backend: %s twice", k)
		}
		if !slices.Contains(known, k) {
			return nil, usagef("-backend %q: want %s", k, strings.Join(known, " or "))
		}
	}
	return list, nil
}

// inputs are the frames of -input, or random ones.
func (v *verifyRun) inputs(m *ir.Model) ([]eval.Frame, error) {
	if v.input == "" {
		return verify.RandomInputs(m, rand.New(rand.NewPCG(v.seed, 0)), v.steps), nil
	}
	return readFrames(v.input, m)
}

// compiled compiles the checkpoint and, with -dir, puts the files on disk in the
// place of those just compiled.
func (v *verifyRun) compiled(ctx context.Context, c *checkpoint) (*compiler.Package, error) {
	o, err := v.compile.options(c)
	if err != nil {
		return nil, err
	}
	o.Package, o.Frames = "model", -1
	p, err := v.compile.full(ctx, c, o)
	if err == nil && v.dir != "" {
		p.Files, err = readPackage(v.dir, p.Files)
	}
	return p, err
}

// readPackage reads the files of a package on disk that have the names given.
func readPackage(dir string, like []txtar.File) ([]txtar.File, error) {
	if err := sameOrigin(dir, like); err != nil {
		return nil, err
	}
	var files []txtar.File
	for _, f := range like {
		if strings.HasSuffix(f.Name, "_test.go") || strings.HasPrefix(f.Name, "testdata/") {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file, want a package that this checkpoint was compiled to with the same flags", path)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, txtar.File{Name: f.Name, Data: data})
	}
	return files, nil
}

// The manifest of a package says what it was compiled from and how.
const (
	manifest     = "doc.go"
	inputLine    = "// Input "
	optionsLine  = "// Options: "
	framesOption = "-frames=" // of the package's tests only
)

// sameOrigin is an error if a package on disk says that it was compiled from
// another checkpoint or with other flags than a new one.
func sameOrigin(dir string, like []txtar.File) error {
	path := filepath.Join(dir, manifest)
	disk, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such file, want a package that this checkpoint was compiled to", path)
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(like, func(f txtar.File) bool { return f.Name == manifest })
	fresh := like[at].Data
	if got, want := headLine(disk, inputLine), headLine(fresh, inputLine); got != want {
		return fmt.Errorf("%s: compiled from another checkpoint: %s want %s", path, strings.TrimSuffix(got, ".")+",", strings.TrimSuffix(want, "."))
	}
	if got, want := headLine(disk, optionsLine), headLine(fresh, optionsLine); got != want {
		return fmt.Errorf("%s: compiled with the flags %q, want those given here, %q", path, got, want)
	}
	return nil
}

// headLine is what follows a prefix in one of the first lines, without the
// options that change nothing of what runs.
func headLine(text []byte, prefix string) string {
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			words := slices.DeleteFunc(strings.Fields(rest), func(w string) bool { return strings.HasPrefix(w, framesOption) })
			return strings.Join(words, " ")
		}
		if !strings.HasPrefix(line, "//") {
			break
		}
	}
	return ""
}

// passTolerance bounds what the passes may change in float64: they reorder sums
// and fold constants into float32 biases.
const passTolerance = 1e-5

// printPassError holds the model behind the passes, which the package is held
// against, against the one in the checkpoint.
func printPassError(w io.Writer, before, after *ir.Model, inputs []eval.Frame) error {
	want, err := runReference(before, inputs)
	if err != nil {
		return err
	}
	got, err := runReference(after, inputs)
	if err != nil {
		return err
	}
	worst := 0.0
	for step := range want {
		worst = max(worst, largestError(got[step], want[step]))
	}
	fmt.Fprintf(w, "passes: outputs move by at most %.3g in float64\n", worst)
	if !(worst <= passTolerance) {
		return fmt.Errorf("the passes move an output by %.3g, want at most %.3g", worst, passTolerance)
	}
	return nil
}

// largestError is the largest |got − want| / max(1, |want|) of a frame; NaN
// where one is.
func largestError(got, want eval.Frame) float64 {
	worst := 0.0
	for name, values := range want {
		for i, x := range values {
			worst = max(worst, math.Abs(got[name][i]-x)/max(1, math.Abs(x)))
		}
	}
	return worst
}

func runReference(m *ir.Model, inputs []eval.Frame) ([]eval.Frame, error) {
	g, err := eval.New(m)
	if err != nil {
		return nil, err
	}
	return g.Run(inputs)
}

// derive is the tolerance asked for, or what rounding allows.
func (v *verifyRun) derive(w io.Writer, p *compiler.Package, inputs []eval.Frame) (float64, error) {
	if v.tolerance > 0 {
		fmt.Fprintf(w, "tolerance: %.3g as asked for\n", v.tolerance)
		return v.tolerance, nil
	}
	r, err := verify.EstimateRounding(p.Model, p.Program, inputs)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "tolerance: %.3g (rounding of sums is a change of weights by up to %.3g, which moves the reference by %.3g; four times that, and 2^-20)\n",
		r.Tolerance, r.Change, r.Deviation)
	return r.Tolerance, nil
}
