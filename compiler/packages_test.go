package compiler

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestRandomPackages compiles made-up models, puts the packages into one module
// and runs their own tests, with the kernels of this machine and with the
// portable ones. Weights are stored in every precision, and streams in lockstep
// take one block or two.
func TestRandomPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	m, err := scratch.New("random.invalid")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i, seed := range []uint64{1, 12, 100, 212, 305, 2397} {
		name := fmt.Sprintf("m%d", seed)
		weights := schedule.Weights{Tensor: "*", Precision: sparse.Precisions()[i%4]}
		p, err := Compile(ctx, randomModel(t, seed), Options{
			Package: name, Pass: quick, Schedule: schedule.Options{Weights: []schedule.Weights{weights}}, Batch: 2 + 9*i,
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := m.Add(name, p.Files); err != nil {
			t.Fatal(err)
		}
	}
	// Products of several vectors, dense and sparse, at the levels of this machine.
	for i, density := range []float64{1, 0.3} {
		name := fmt.Sprintf("voice%d", i)
		p, err := Compile(ctx, model(t, "voice", 100, density, 1), Options{Package: name, Pass: quick, Batch: 8,
			Schedule: schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: []string{"dense", "window"}[i]}}}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := m.Add(name, p.Files); err != nil {
			t.Fatal(err)
		}
	}
	addAhead(ctx, t, m)
	for _, tags := range []string{"", "purego"} {
		if out, err := m.Command(ctx, "go", "test", "-short", "-tags", tags, "./...").CombinedOutput(); err != nil {
			t.Errorf("-tags %q: %v\n%s", tags, err, out)
		}
	}
}

// addAhead adds a package of two layers of which the second has products in chunks
// ahead in Run.
func addAhead(ctx context.Context, t *testing.T, m *scratch.Module) {
	t.Helper()
	p, err := Compile(ctx, withoutSmall(model(t, "gru before, two layers", 100, 0.2, 1)), Options{Package: "ahead", Pass: quick, Schedule: schedule.Options{
		Targets: []schedule.Target{schedule.Zen4(kernel.AVX2), schedule.Zen4(kernel.AVX512)},
		Force:   []schedule.Force{{Tensor: "*", Strategy: "chunk/fixed"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Files, func(f txtar.File) bool {
		return f.Name == "kernels_amd64.go" && bytes.Contains(f.Data, []byte("severalF32ChunkFixedAVX512"))
	}) {
		t.Error("no product in chunks goes ahead")
	}
	if err := m.Add("ahead", p.Files); err != nil {
		t.Fatal(err)
	}
}
