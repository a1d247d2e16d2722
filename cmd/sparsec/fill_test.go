package main

import (
	"testing"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

// TestFillLanes holds that a filled model has more weights, all of the original,
// and that the compiled package needs no more steps for them than for the pruned
// one, whichever order of units the compiler then finds.
func TestFillLanes(t *testing.T) {
	quick := pass.PermuteOptions{Budget: 300_000}
	for _, name := range []string{"gru", "lstm", "holes"} {
		for _, density := range []float64{0.05, 0.1, 0.2} {
			original := denseModel(t, findFixture(name))
			pruned := clone(original)
			reports, err := prune.Once(prune.Options{Density: density}, pruningParams(pruned))
			if err != nil {
				t.Fatal(err)
			}
			out, fills, err := fillLanes(pruned, original, reports, quick)
			if err != nil {
				t.Fatal(err)
			}
			if err := out.Verify(); err != nil {
				t.Fatal(err)
			}
			for _, f := range fills {
				if f.after.kept <= f.before.kept || f.after.energy <= f.before.energy || f.after.steps > f.before.steps {
					t.Errorf("%s at %g: %s is %+v, before %+v", name, density, f.name, f.after, f.before)
				}
			}
			if before, after := compiledSteps(t, pruned, quick), compiledSteps(t, out, quick); after > before {
				t.Errorf("%s at %g: %d window steps compiled, %d before", name, density, after, before)
			}
		}
	}
}

// denseModel is a fixture's model before pruning.
func denseModel(t *testing.T, f *fixture) *ir.Model {
	t.Helper()
	dense := *f
	dense.pattern, dense.density, dense.rules, dense.alter = "element", 1, nil, nil
	m, err := dense.model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compiledSteps counts the window steps of all matrices behind the passes.
func compiledSteps(t *testing.T, m *ir.Model, o pass.PermuteOptions) int {
	t.Helper()
	m, _, err := pass.Run(m, pass.Options{Permute: o})
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for _, p := range pruningParams(m) {
		if !p.Prunable {
			continue
		}
		var spans []sparse.Span
		for _, g := range p.Gates {
			spans = append(spans, g.Rows)
		}
		steps += sparse.MaskOf(&sparse.Matrix{Rows: p.Rows, Cols: p.Cols, Data: p.Value}).WindowSteps(spans...)
	}
	return steps
}
