package verify

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// TestRoundingCoversFloat32 runs the float32 interpreter of the program: its
// error is rounding alone, and stays within what is derived.
func TestRoundingCoversFloat32(t *testing.T) {
	pkg := compile(t, model())
	in := inputs(64)
	r, err := EstimateRounding(pkg.Model, pkg.Program, in)
	if err != nil {
		t.Fatal(err)
	}
	got := interpreted(t, pkg.Program, in)
	want, err := reference(pkg.Model, in)
	if err != nil {
		t.Fatal(err)
	}
	if d := deviation(pkg.Model.Outputs, got, want); d == 0 || d > r.Tolerance {
		t.Errorf("float32 deviates by %.3g, want more than 0 and at most %.3g", d, r.Tolerance)
	}
	if r.Tolerance > 1e-4 {
		t.Errorf("tolerance %.3g for a small model, want at most 1e-4", r.Tolerance)
	}
}

// TestRoundingShowsFaults: what rounding allows is less than one weight that is
// off by a thousandth does.
func TestRoundingShowsFaults(t *testing.T) {
	pkg := compile(t, model())
	in := inputs(64)
	r, err := EstimateRounding(pkg.Model, pkg.Program, in)
	if err != nil {
		t.Fatal(err)
	}
	want, err := reference(pkg.Model, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range matrixNames(pkg.Model) {
		faulty := pkg.Model.Clone()
		p := faulty.Param(name)
		p.Data = slices.Clone(p.Data)
		for i, w := range p.Data {
			p.Data[i] = w * 1.001
		}
		got, err := reference(faulty, in)
		if err != nil {
			t.Fatal(err)
		}
		if d := deviation(pkg.Model.Outputs, got, want); d <= r.Tolerance {
			t.Errorf("%s off by a thousandth deviates by %.3g, within the tolerance %.3g", name, d, r.Tolerance)
		}
	}
}

// TestRoundingIsDeterministic: the same model and inputs give the same tolerance.
func TestRoundingIsDeterministic(t *testing.T) {
	pkg := compile(t, model())
	in := RandomInputs(pkg.Model, rand.New(rand.NewPCG(1, 2)), 5)
	first, err := EstimateRounding(pkg.Model, pkg.Program, in)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := EstimateRounding(pkg.Model, pkg.Program, in); err != nil || second != first {
		t.Errorf("%+v and %v, then %+v", second, err, first)
	}
}

func interpreted(t *testing.T, p *kernel.Program, in []eval.Frame) []eval.Frame {
	t.Helper()
	e, err := eval.NewProgram(p)
	if err != nil {
		t.Fatal(err)
	}
	var out []eval.Frame
	for _, f := range in {
		y, err := e.Step(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, y)
	}
	return out
}

func matrixNames(m *ir.Model) []string {
	var names []string
	for _, p := range m.Params {
		if len(p.Shape) == 2 {
			names = append(names, p.Name)
		}
	}
	return names
}

// TestRoundingOfTheLargestWeight: a weight next to the largest float32 was
// changed to infinity, which the reference refuses.
func TestRoundingOfTheLargestWeight(t *testing.T) {
	m := model()
	m.Params[0].Data[0] = math.MaxFloat32
	for seed := range uint64(8) {
		changed, _ := perturbed(m, &kernel.Program{}, rand.New(rand.NewPCG(seed, 0)))
		if err := changed.Verify(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
