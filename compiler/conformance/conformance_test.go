package conformance

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// TestOperators runs every test of single operators that there is.
func TestOperators(t *testing.T) {
	present(t)
	run(t, operatorCases(t))
}

// TestPublishedModels runs models that are in use.
func TestPublishedModels(t *testing.T) {
	present(t)
	run(t, publishedCases())
}

// run holds all backends against all cases. Every package is in one module with one
// program, which is built once.
func run(t *testing.T, cases []reference) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	m, err := golden.NewModule()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &builder{t: t, m: m}
	list := make([]*subject, len(cases))
	for i := range cases {
		t.Run(cases[i].name+"/interp", func(t *testing.T) { list[i] = b.subject(t, ctx, &cases[i]) })
	}
	if err := m.Build(ctx); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, s := range list {
		if s == nil {
			continue // its test has failed
		}
		counts[golden.Interpreter]++
		for _, k := range verify.Kernels() {
			t.Run(s.name+"/"+k, func(t *testing.T) {
				if s.compare(t, ctx, m, k) {
					counts[k]++
				}
			})
		}
	}
	t.Logf("%d cases; held by %v", len(cases), counts)
}

// builder fills a module with packages, one of each model and instruction set.
type builder struct {
	t     *testing.T
	m     *golden.Module
	built []*subject
}

// subject is a case with the packages of its model.
type subject struct {
	*reference
	bound    *golden.Case
	exact    *golden.Run
	packages map[string]string // by kernels
}

// subject imports and compiles a case and holds the interpreter against it; nil if
// that was not possible.
func (b *builder) subject(t *testing.T, ctx context.Context, r *reference) *subject {
	model, err := r.imported()
	if err != nil {
		t.Fatal(err)
	}
	file, err := golden.Read(r.vectors)
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{reference: r}
	if s.bound, err = golden.Bind(model, file, r.golden); err != nil {
		t.Fatal(err)
	}
	if s.exact, err = golden.Interpret(s.bound.Model, &s.bound.Sequence); err != nil {
		t.Fatal(err)
	}
	s.held(t, s.exact)
	if s.packages, err = b.packages(ctx, s); err != nil {
		t.Fatal(err)
	}
	b.built = append(b.built, s)
	return s
}

// packages compiles the model of a case, unless another case has the same.
func (b *builder) packages(ctx context.Context, s *subject) (map[string]string, error) {
	for _, other := range b.built {
		if other.model == s.model && other.description == s.description && reflect.DeepEqual(other.options, s.options) {
			return other.packages, nil
		}
	}
	packages := map[string]string{}
	for _, level := range kernel.Levels() {
		name := fmt.Sprintf("m%d%s", len(b.built), level)
		p, err := compile(ctx, s.bound.Model, name, level)
		if err != nil {
			return nil, fmt.Errorf("for %v: %w", level, err)
		}
		if err := b.m.Add(name, p.Files, p.Program); err != nil {
			return nil, err
		}
		packages[level.String()] = name
	}
	packages[verify.Generic] = packages[kernel.Levels()[0].String()]
	return packages, nil
}

// compile compiles a model for one instruction set. The search for an order of units
// is short: it changes the sums' order, not what is computed.
func compile(ctx context.Context, m *ir.Model, name string, level kernel.Level) (*compiler.Package, error) {
	return compiler.Compile(ctx, m, compiler.Options{
		Package: name, Frames: -1,
		Pass:     pass.Options{Permute: pass.PermuteOptions{Budget: 5_000}},
		Schedule: schedule.Options{Targets: []schedule.Target{schedule.Zen4(level)}},
	})
}

// compare runs the package with one kind of kernels and reports whether it was held
// against the file; not so where this machine lacks them.
func (s *subject) compare(t *testing.T, ctx context.Context, m *golden.Module, kernels string) bool {
	got, err := m.Run(ctx, s.packages[kernels], kernels, &s.bound.Sequence)
	if errors.Is(err, golden.ErrNoKernel) && kernels != verify.Generic {
		t.Skipf("this machine lacks %s", kernels)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.held(t, got)
}

// held fails the test for every tensor beyond the tolerance, and reports whether there
// is none.
func (s *subject) held(t *testing.T, r *golden.Run) bool {
	exact := s.exact
	if r == exact || s.strict {
		exact = nil
	}
	for _, d := range s.bound.Compare(r, exact, s.tolerance) {
		if d.OK() {
			t.Log(d.String())
		} else {
			t.Error(d.String())
		}
	}
	return !t.Failed()
}
