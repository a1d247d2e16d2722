package main

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// TestPhases holds what each phase makes of the fixtures, as text, and runs what
// the text stands for: the kernel program in float32 beside the graph as it was
// before the passes, in float64.
func TestPhases(t *testing.T) {
	for i := range fixtures {
		f := &fixtures[i]
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			m, p := lowered(t, f)
			comparePhases(t, filepath.Join("testdata", "phases", f.name+".txtar"), phases(t, p))
			compareNumbers(t, m, p)
		})
	}
}

// lowered is the model of a fixture and what its flags compile it to.
func lowered(t *testing.T, f *fixture) (*ir.Model, *compiler.Package) {
	t.Helper()
	c, err := readCheckpoint(f.path())
	if err != nil {
		t.Fatal(err)
	}
	var flags compileFlags
	fs := flag.NewFlagSet(f.name, flag.ContinueOnError)
	flags.define(fs)
	if err := fs.Parse(f.flags); err != nil {
		t.Fatal(err)
	}
	o, err := flags.options(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := flags.lower(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return c.model, p
}

func phases(t *testing.T, p *compiler.Package) []txtar.File {
	t.Helper()
	var graph, plan bytes.Buffer
	if err := p.Passes.Print(&graph); err != nil {
		t.Fatal(err)
	}
	if err := ir.PrintTypes(&graph, p.Model); err != nil {
		t.Fatal(err)
	}
	printPlan(&plan, p.Plan)
	return []txtar.File{
		{Name: "ir", Data: graph.Bytes()},
		{Name: "plan", Data: plan.Bytes()},
		{Name: "kernel", Data: []byte(p.Program.String())},
	}
}

func comparePhases(t *testing.T, path string, files []txtar.File) {
	t.Helper()
	got := txtar.Format(&txtar.Archive{Files: files})
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: run go test ./cmd/sparsec -update if this is wanted\n%s", path, diff.Diff("want", want, "got", got))
	}
}

func compareNumbers(t *testing.T, m *ir.Model, p *compiler.Package) {
	t.Helper()
	inputs := verify.RandomInputs(m, rand.New(rand.NewPCG(2, 0)), 40)
	want, err := runReference(m, inputs)
	if err != nil {
		t.Fatal(err)
	}
	rounding, err := verify.EstimateRounding(p.Model, p.Program, inputs)
	if err != nil {
		t.Fatal(err)
	}
	e, err := eval.NewProgram(p.Program)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Run(inputs)
	if err != nil {
		t.Fatal(err)
	}
	for step := range inputs {
		if d := largestError(got[step], want[step]); !(d <= rounding.Tolerance) {
			t.Fatalf("step %d is off by %.3g, want at most %.3g\n%s", step, d, rounding.Tolerance, p.Program)
		}
	}
}
