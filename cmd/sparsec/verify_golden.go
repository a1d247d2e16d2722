package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/kernel"
)

// goldenFlags are those of verify that ask for golden vectors.
type goldenFlags struct {
	path   string
	as     asList
	ignore textList
}

func (g *goldenFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&g.path, "golden", "", "`file` of golden vectors, .npz or the .json beside a .bin: run the model on its inputs and hold it against its outputs")
	fs.Var(&g.as, "as", "`TENSOR=ARRAY` of the file where names differ, an array of steps along a leading axis too; TENSOR=ARRAY:WINDOW:HOP for windows of a signal; may be repeated")
	fs.Var(&g.ignore, "ignore", "`NAME` of a tensor or an array that is not compared; may be repeated")
}

// asList is the value of repeated -as flags.
type asList []golden.As

func (l *asList) String() string {
	var words []string
	for _, a := range *l {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

func (l *asList) Set(text string) error {
	a, err := golden.ParseAs(text)
	*l = append(*l, a)
	return err
}

// goldenRun is one verification against golden vectors.
type goldenRun struct {
	*verifyRun
	e     *env
	c     *checkpoint
	bound *golden.Case
	exact *golden.Run // of the interpreter
	bad   int         // lines beyond the tolerance
	slack int         // lines beyond it by no more than float64 is off there itself
}

// golden holds the model and its packages against a file.
func (v *verifyRun) golden(ctx context.Context, e *env, path string) error {
	backends, err := v.goldenBackends()
	if err != nil {
		return err
	}
	g := &goldenRun{verifyRun: v, e: e}
	if g.c, err = e.model(path, v.compile.from); err != nil {
		return err
	}
	file, err := golden.Read(v.vectors.path)
	if err != nil {
		return err
	}
	if g.bound, err = golden.Bind(g.c.model, file, golden.Options{As: v.vectors.as, Ignore: v.vectors.ignore}); err != nil {
		return err
	}
	g.c.model = g.bound.Model
	if err := g.run(ctx, backends); err != nil {
		return err
	}
	if g.bad > 0 {
		return fmt.Errorf("%s: differs from %s", path, v.vectors.path)
	}
	_, err = fmt.Fprintln(e.stdout, g.verdict())
	return err
}

// verdict is the last line when nothing is beyond what is allowed.
func (g *goldenRun) verdict() string {
	if g.slack == 0 {
		return fmt.Sprintf("ok: all within %g of the largest output", g.tolerance())
	}
	return fmt.Sprintf("ok: within %g of the largest output, but for %d of the lines, which are beyond it by no more than float64 is off the file itself",
		g.tolerance(), g.slack)
}

// goldenBackends are those of -backend, nil for none, where no other flag is at odds
// with golden vectors.
func (v *verifyRun) goldenBackends() ([]string, error) {
	if v.input != "" || v.dir != "" {
		return nil, usagef("-golden has its own inputs and compiles by itself: want it without -input and -dir")
	}
	backends, err := v.backendList(append([]string{golden.Interpreter}, verify.Kernels()...))
	for _, b := range backends {
		if level, err := kernel.ParseLevel(b); err == nil && !slices.Contains(v.compile.isa, level) {
			return nil, usagef("-backend %s: want it among those of -isa, %s", b, &v.compile.isa)
		}
	}
	return backends, err
}

func (g *goldenRun) tolerance() float64 {
	if g.verifyRun.tolerance > 0 {
		return g.verifyRun.tolerance
	}
	return golden.DefaultTolerance
}

// run runs the backends one after the other: those named, or the interpreter and all
// kernels that this machine has.
func (g *goldenRun) run(ctx context.Context, backends []string) error {
	g.introduce()
	all := len(backends) == 0
	if all {
		backends = append([]string{golden.Interpreter, verify.Generic}, strings.Split(g.compile.isa.String(), ",")...)
	}
	exact, err := golden.Interpret(g.bound.Model, &g.bound.Sequence)
	if err != nil {
		return fmt.Errorf("%s: %w", g.c.path, err)
	}
	if slices.Contains(backends, golden.Interpreter) {
		g.report(exact, "")
	}
	g.exact = exact
	kernels := slices.DeleteFunc(slices.Clone(backends), func(b string) bool { return b == golden.Interpreter })
	if len(kernels) == 0 {
		return nil
	}
	return g.packages(ctx, kernels, all)
}

// introduce says what is run.
func (g *goldenRun) introduce() {
	fmt.Fprintf(g.e.stdout, "%s: %d steps; tolerance %g of the largest output, in every step\n",
		g.vectors.path, len(g.bound.Sequence.Frames), g.tolerance())
	if unset := g.bound.Unset; len(unset) > 0 {
		fmt.Fprintf(g.e.stdout, "%s: not in the file, begin as the model says\n", strings.Join(unset, ", "))
	}
	if untold := g.bound.Untold; len(untold) > 0 {
		fmt.Fprintf(g.e.stdout, "%s: not in the file, not compared\n", strings.Join(untold, ", "))
	}
	if spare := g.bound.Spare; len(spare) > 0 {
		fmt.Fprintf(g.e.stdout, "%s: inputs of the file that the model does not take\n", strings.Join(spare, ", "))
	}
}

// packages compiles the model and runs it with each of the kernels. Those of this
// machine are all that count where none is asked for by name.
func (g *goldenRun) packages(ctx context.Context, kernels []string, any bool) (err error) {
	m, err := golden.NewModule()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	builds := map[string]build{}
	for _, k := range kernels {
		if builds[k], err = g.build(ctx, m, k, builds); err != nil {
			return err
		}
	}
	if err := m.Build(ctx); err != nil {
		return err
	}
	for _, k := range kernels {
		r, err := m.Run(ctx, builds[k].name, k, &g.bound.Sequence)
		switch {
		case any && errors.Is(err, golden.ErrNoKernel):
			fmt.Fprintf(g.e.stdout, "%s: not run: this machine lacks it\n", k)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", g.c.path, err)
		}
		g.report(r, builds[k].note)
	}
	return nil
}

// build is where in the module kernels are.
type build struct {
	name   string
	levels []kernel.Level
	note   string // how the package was compiled, where not as the flags say
}

// defaultPackage is the name of the package as the flags have it.
const defaultPackage = "model"

// build finds kernels among the packages of the module, or compiles another. The
// package as it is has those of a level only where these pay; so those of a level
// that is missing are compiled by themselves.
func (g *goldenRun) build(ctx context.Context, m *golden.Module, kernels string, builds map[string]build) (build, error) {
	base, ok := builds[defaultPackage]
	if !ok {
		var err error
		if base, err = g.add(ctx, m, defaultPackage, g.compile.isa); err != nil {
			return build{}, err
		}
		builds[defaultPackage] = base
	}
	if kernels == verify.Generic {
		return base, nil
	}
	level, err := kernel.ParseLevel(kernels)
	if err != nil {
		return build{}, err
	}
	if slices.Contains(base.levels, level) {
		return base, nil
	}
	alone, err := g.add(ctx, m, kernels, levelList{level})
	alone.note = " (compiled with -isa " + kernels + ")"
	return alone, err
}

// add compiles the model for some levels into the module.
func (g *goldenRun) add(ctx context.Context, m *golden.Module, name string, isa levelList) (build, error) {
	o, err := g.compile.options(g.c)
	if err != nil {
		return build{}, err
	}
	o.Package, o.Frames = name, -1
	o.Schedule.Targets = isa.targets()
	p, err := g.compile.full(ctx, g.c, o)
	if err != nil {
		return build{}, err
	}
	g.moved(name, p.Plan)
	return build{name: name, levels: codegen.Levels(p.Program)}, m.Add(name, p.Files, p.Program)
}

// moved names the matrices whose weights a package does not keep to the last bit, which
// may be why it is further from the file than the interpreter.
func (g *goldenRun) moved(name string, p *schedule.Plan) {
	for _, e := range p.Matrices {
		for _, choice := range []*schedule.Choice{&e.Choice, e.Wide} {
			if choice != nil && !choice.Strategy.Exact() {
				fmt.Fprintf(g.e.stdout, "package %s: %s as %s moves weights\n", name, e.Name, choice.Strategy)
			}
		}
	}
}

// report prints a line for each output and state.
func (g *goldenRun) report(r *golden.Run, note string) {
	for _, d := range g.bound.Compare(r, g.exact, g.tolerance()) {
		fmt.Fprintf(g.e.stdout, "%s%s: %s\n", r.Backend, note, &d)
		switch {
		case !d.OK():
			g.bad++
		case d.MaxRel > g.tolerance():
			g.slack++
		}
	}
}
