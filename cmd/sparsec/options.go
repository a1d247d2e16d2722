package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// compileFlags are the flags of every verb that compiles: they decide what the
// package computes and how.
type compileFlags struct {
	from     importFlags
	isa      levelList
	exact    bool
	weights  weightsList
	permute  bool
	forces   forceList
	planPath string
	batch    int
}

func (c *compileFlags) define(fs *flag.FlagSet) {
	c.from.define(fs)
	c.isa = defaultLevels()
	fs.Var(&c.isa, "isa", "instruction `sets` to emit kernels for, divided by commas: avx2, avx512; the processor decides at start which run")
	fs.BoolVar(&c.exact, "exact", false, "keep every float32 weight as it is; else a kernel may move weights by up to 2^-21, where they do not fit its exact form")
	fs.Var(&c.weights, "weights", "`[GLOB=]FORMAT`: how the matrices that match, or all, store their weights: f32, q16 (16 bits, the index of a sparse weight inside), f16 or int8, with a scale a row; may be repeated, the first match decides (default f32)")
	fs.BoolVar(&c.permute, "permute", true, "reorder the units of states where that saves steps")
	fs.Var(&c.forces, "strategy", "`GLOB=NAME`: the strategy of the matrices that match, one of "+strategyNames()+"; may be repeated, the first match decides; with -batch, dense holds them to dense in lockstep too, every other to single weights")
	fs.IntVar(&c.batch, "batch", 0, fmt.Sprintf("also make a type Batch that steps this many `streams` in lockstep, 2 to %d", compiler.MaxStreams))
	fs.StringVar(&c.planPath, "plan", "", "take strategies from a plan in `FILE`, as compile -emit plan prints it, in place of the cost model's")
}

func strategyNames() string {
	names := []string{"block", "window"}
	for _, s := range schedule.Strategies() {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// options are those of the compiler for a model.
func (c *compileFlags) options(from *checkpoint) (compiler.Options, error) {
	o := compiler.Options{
		Input:    from.sum,
		Settings: append(from.from.settings(), c.settings()...),
		Pass:     pass.Options{Permute: pass.PermuteOptions{Disable: !c.permute}},
		Schedule: schedule.Options{Targets: c.isa.targets(), Exact: c.exact, Force: c.forces, Weights: c.weights},
		Batch:    c.batch,
	}
	if c.exact && c.weights.reduced() {
		return o, usagef("-weights %s are not exact: want them without -exact", &c.weights)
	}
	if c.batch != 0 && (c.batch < 2 || c.batch > compiler.MaxStreams) {
		return o, usagef("-batch %d: want 2 to %d", c.batch, compiler.MaxStreams)
	}
	if c.planPath == "" {
		return o, nil
	}
	if c.exact || len(c.forces) > 0 || len(c.weights) > 0 || !slices.Equal(c.isa, defaultLevels()) {
		return o, usagef("-plan already names every strategy: want it without -isa, -exact, -weights and -strategy")
	}
	plan, err := readPlan(c.planPath)
	o.Plan = plan
	return o, err
}

// settings are the flags that differ from their defaults. A plan is told by its
// effect, the strategies in the package.
func (c *compileFlags) settings() []string {
	var s []string
	if !slices.Equal(c.isa, defaultLevels()) {
		s = append(s, "-isa="+c.isa.String())
	}
	if c.exact {
		s = append(s, "-exact")
	}
	for _, w := range c.weights {
		s = append(s, "-weights="+weightsText(w))
	}
	if !c.permute {
		s = append(s, "-permute=false")
	}
	if c.batch != 0 {
		s = append(s, fmt.Sprintf("-batch=%d", c.batch))
	}
	for _, f := range c.forces {
		s = append(s, "-strategy="+f.Tensor+"="+f.Strategy)
	}
	return s
}

// lower compiles up to the kernel program; full compiles to files.
func (c *compileFlags) lower(ctx context.Context, from *checkpoint, o compiler.Options) (*compiler.Package, error) {
	return c.phases(ctx, from, o, compiler.Lower)
}

func (c *compileFlags) full(ctx context.Context, from *checkpoint, o compiler.Options) (*compiler.Package, error) {
	return c.phases(ctx, from, o, compiler.Compile)
}

// compileByDefault compiles a model as compile does without flags, with no reference
// frames: for packages that are run here and not kept.
func compileByDefault(ctx context.Context, from *checkpoint, pkg string) (*compiler.Package, error) {
	flags := compileFlags{isa: defaultLevels(), permute: true}
	o, err := flags.options(from)
	if err != nil {
		return nil, err
	}
	o.Package, o.Frames = pkg, -1
	return flags.full(ctx, from, o)
}

func (c *compileFlags) phases(ctx context.Context, from *checkpoint, o compiler.Options,
	run func(context.Context, *ir.Model, compiler.Options) (*compiler.Package, error)) (*compiler.Package, error) {
	p, err := run(ctx, from.model, o)
	if err == nil {
		err = c.applied(p.Plan)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.path, err)
	}
	return p, nil
}

func readPlan(name string) (*schedule.Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plan, err := schedule.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return plan, nil
}

// levelList is the value of -isa: levels in rising order.
type levelList []kernel.Level

// defaultLevels are all there are: a second form of a matrix is in the package
// only where it pays.
func defaultLevels() levelList { return kernel.Levels() }

func (l *levelList) String() string {
	var names []string
	for _, level := range *l {
		names = append(names, level.String())
	}
	return strings.Join(names, ",")
}

func (l *levelList) Set(text string) error {
	var list levelList
	for name := range strings.SplitSeq(text, ",") {
		level, err := kernel.ParseLevel(name)
		if err != nil {
			return err
		}
		if slices.Contains(list, level) {
			return fmt.Errorf("%s twice", name)
		}
		list = append(list, level)
	}
	slices.Sort(list)
	*l = list
	return nil
}

func (l levelList) targets() []schedule.Target {
	var list []schedule.Target
	for _, level := range l {
		list = append(list, schedule.Zen4(level))
	}
	return list
}

// forceList is the value of repeated -strategy flags.
type forceList []schedule.Force

func (l *forceList) String() string {
	var all []string
	for _, f := range *l {
		all = append(all, f.Tensor+"="+f.Strategy)
	}
	return strings.Join(all, " ")
}

func (l *forceList) Set(text string) error {
	glob, name, ok := strings.Cut(text, "=")
	if !ok || glob == "" {
		return fmt.Errorf("want GLOB=NAME, as in gru0.*=dense")
	}
	if _, err := path.Match(glob, ""); err != nil {
		return fmt.Errorf("%s: %w", glob, err)
	}
	if !knownStrategy(name) {
		return fmt.Errorf("strategy %q: want one of %s", name, strategyNames())
	}
	*l = append(*l, schedule.Force{Tensor: glob, Strategy: name})
	return nil
}

// applied finds a -strategy or -weights that matches no matrix of the plan.
func (c *compileFlags) applied(p *schedule.Plan) error {
	for _, f := range c.forces {
		if err := matchesMatrix(p, f.Tensor); err != nil {
			return fmt.Errorf("-strategy %s=%s: %w", f.Tensor, f.Strategy, err)
		}
	}
	for _, w := range c.weights {
		if err := matchesMatrix(p, w.Tensor); err != nil && w.Tensor != "*" {
			return fmt.Errorf("-weights %s: %w", weightsText(w), err)
		}
	}
	return nil
}

func matchesMatrix(p *schedule.Plan, glob string) error {
	var names []string
	for _, e := range p.Matrices {
		tensor, _, _ := strings.Cut(e.Name, "[")
		if schedule.Match(glob, e.Name) || schedule.Match(glob, tensor) {
			return nil
		}
		names = append(names, e.Name)
	}
	return fmt.Errorf("matches no matrix, want one of %s", strings.Join(names, ", "))
}

func knownStrategy(name string) bool {
	for _, known := range strings.Split(strategyNames(), ", ") {
		if name == known {
			return true
		}
	}
	return false
}

// textList is the value of a flag that may be repeated.
type textList []string

func (l *textList) String() string { return strings.Join(*l, " ") }

func (l *textList) Set(text string) error {
	*l = append(*l, text)
	return nil
}
