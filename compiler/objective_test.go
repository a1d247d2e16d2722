package compiler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestObjective holds that units are ordered by chunks where the lowest level is
// AVX-512, weights are float32 and not too few, also by a plan made before, and
// that this takes fewer steps in chunks than the order by windows.
func TestObjective(t *testing.T) {
	m, little := hidden(rand.New(rand.NewPCG(6, 6)), 128, 512), hidden(rand.New(rand.NewPCG(6, 7)), 64, 128)
	avx2, avx512 := schedule.Zen4(kernel.AVX2), schedule.Zen4(kernel.AVX512)
	q16 := []schedule.Weights{{Tensor: "*", Precision: sparse.Fixed16}}
	search := pass.Options{Permute: pass.PermuteOptions{Budget: 5_000_000}}
	steps := map[string]int{}
	for _, c := range []struct {
		name    string
		model   *ir.Model
		targets []schedule.Target
		weights []schedule.Weights
		note    string
	}{
		{"default", m, nil, nil, "window steps"},
		{"avx2", m, []schedule.Target{avx2}, nil, "window steps"},
		{"both", m, []schedule.Target{avx2, avx512}, nil, "window steps"},
		{"avx512", m, []schedule.Target{avx512}, nil, "chunk steps"},
		{"avx512, few weights", little, []schedule.Target{avx512}, nil, "window steps"},
		{"avx512 q16", m, []schedule.Target{avx512}, q16, "window steps"},
	} {
		o := Options{Package: "p", Pass: search, Schedule: schedule.Options{Targets: c.targets, Weights: c.weights}}
		p := lowered(t, c.model, o)
		steps[c.name] = sparse.ChunkSteps(weightsOf(p.Model)).Steps
		o.Plan, o.Schedule = p.Plan, schedule.Options{}
		for by, p := range map[string]*Package{"options": p, "plan": lowered(t, c.model, o)} {
			if notes := fmt.Sprint(p.Passes.Notes); !strings.Contains(notes, c.note) {
				t.Errorf("%s by %s: notes %s, want %s", c.name, by, notes, c.note)
			}
		}
	}
	if steps["avx512"] >= steps["avx2"] {
		t.Errorf("%d chunk steps, want less than the %d of an order by windows", steps["avx512"], steps["avx2"])
	}
}

func lowered(t *testing.T, m *ir.Model, o Options) *Package {
	t.Helper()
	p, err := Lower(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hidden is a model of one sparse layer between others, whose units can be put in
// another order.
func hidden(rng *rand.Rand, inputs, units int) *ir.Model {
	param := func(name string, rows, cols int, density float64) *ir.Param {
		p := &ir.Param{Name: name, Shape: []int{rows, cols}, Data: make([]float32, rows*cols)}
		for i := range p.Data {
			if rng.Float64() < density {
				p.Data[i] = 1 + rng.Float32()
			}
		}
		return p
	}
	return &ir.Model{
		Name:   "hidden",
		Inputs: []ir.Input{{Name: "x", Type: ir.Vector(inputs)}},
		Params: []*ir.Param{param("w", units, inputs, 0.1), param("v", 3, units, 1)},
		Nodes: []ir.Node{
			{Name: "h", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}},
			{Name: "y", Op: ir.Linear{Weight: "v"}, Inputs: []string{"h"}},
		},
		Outputs: []string{"y"},
	}
}

func weightsOf(m *ir.Model) *sparse.Matrix {
	w := m.Param("w")
	return &sparse.Matrix{Rows: w.Shape[0], Cols: w.Shape[1], Data: w.Data}
}
