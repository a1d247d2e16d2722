package compiler

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir"
)

// TestWorkers wants the large layers of a model shared and no others, at all
// levels, and a model without any refused.
func TestWorkers(t *testing.T) {
	dense := schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: "dense"}}}
	p, err := Compile(t.Context(), model(t, "mlp", 1024, .5, 1), Options{Package: "m", Pass: quick, Schedule: dense, Frames: -1, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Program.Layers {
		if shared := len(l.Phases) > 0; shared != (l.Name == "s") {
			t.Errorf("layer %q: shared %v\n%s", l.Name, shared, p.Program)
		}
	}
	if !slices.ContainsFunc(p.Files, func(f txtar.File) bool { return f.Name == "workers.go" }) {
		t.Error("the package has no workers.go")
	}
	_, err = Compile(t.Context(), model(t, "mlp", 32, .5, 1), Options{Package: "m", Pass: quick, Frames: -1, Workers: 2})
	if err == nil || !strings.Contains(err.Error(), `model "m": its layers are too small for workers`) {
		t.Errorf("small layers: error %v", err)
	}
}

// TestWorkersBatch runs the tests of a package that has both workers, for products
// of one stream, and streams in lockstep, whose products they have no part in.
func TestWorkersBatch(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package")
	}
	dense := schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: "dense"}}}
	p, err := Compile(t.Context(), model(t, "mlp", 1024, .5, 1),
		Options{Package: "m", Pass: quick, Schedule: dense, Frames: 2, Workers: 2, Batch: 5})
	if err != nil {
		t.Fatal(err)
	}
	testPackage(t, p.Files)
}

// testPackage runs the tests of a package.
func testPackage(t *testing.T, files []txtar.File) {
	t.Helper()
	m, err := scratch.New("workers.invalid")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := m.Add("m", files); err != nil {
		t.Fatal(err)
	}
	if out, err := m.GoRun(t.Context(), "test", "-short", "./m"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestWorkersPanels runs the tests of a package whose workers share products in panels
// of columns, each of which makes copies of src for itself.
func TestWorkersPanels(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package")
	}
	copies := schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: "copies"}}}
	p, err := Compile(t.Context(), model(t, "mlp", 1024, .4, 1), Options{Package: "m", Pass: quick, Schedule: copies, Frames: 2, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	testPackage(t, p.Files)
}

// TestWorkersMasked runs the tests of a package whose workers share the products of
// a cell that is left out in some frames.
func TestWorkersMasked(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package")
	}
	masked := model(t, "gru after", 512, .5, 1)
	masked.Inputs = append(masked.Inputs, ir.Input{Name: "counts", Type: ir.Vector(1)})
	masked.Nodes[1].Inputs = append(masked.Nodes[1].Inputs, "counts")
	dense := schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: "dense"}}}
	p, err := Compile(t.Context(), masked, Options{Package: "m", Pass: quick, Schedule: dense, Frames: 4, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Program.Layers {
		if l.Name == "gru" && len(l.Phases) == 0 {
			t.Errorf("no product of the cell is shared\n%s", p.Program)
		}
	}
	testPackage(t, p.Files)
}
