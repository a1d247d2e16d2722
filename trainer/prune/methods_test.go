package prune

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// picture draws a mask, a line a row: # is kept.
func picture(m *sparse.Mask) string {
	var b strings.Builder
	for r := range m.Rows() {
		for c := range m.Cols() {
			b.WriteByte(".#"[map[bool]int{true: 1}[m.At(r, c)]])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// drawn is a picture in a test, without its indentation.
func drawn(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\t", "") + "\n" }

// square is a recurrent matrix of 4 units.
func square() []Param {
	return []Param{{Name: "w", Rows: 4, Cols: 4, Prunable: true, Recurrent: true, Value: []float32{
		1, -16, 2, 3,
		4, 5, 15, 14,
		-6, 7, 8, 9,
		10, 11, 12, 13,
	}}}
}

// TestMasksByHand: what each pattern keeps of a small matrix, with and without its
// diagonal.
func TestMasksByHand(t *testing.T) {
	for _, row := range []struct {
		pattern  string
		density  float64
		diagonal bool
		want     string
	}{
		{"element", 0.25, false, `
			.#..
			..##
			....
			...#`},
		{"element", 0.375, true, `
			##..
			.##.
			..#.
			...#`},
		// Blocks have the squared norms 17 281 229 205 and 136 170 208 250.
		{"block2x1", 0.5, false, `
			.##.
			.##.
			..##
			..##`},
		// Those of a unit to itself cost whole blocks.
		{"block2x1", 0.625, true, `
			###.
			###.
			..##
			..##`},
		// The first steps of the cells have 256+25, 225+9, 49+121 and 81+169.
		{"lane2x2", 0.375, false, `
			.#.#
			.##.
			...#
			...#`},
		{"lane2x2", 0.25, true, `
			#...
			.#..
			..#.
			...#`},
	} {
		pattern, err := sparse.ParsePattern(row.pattern)
		if err != nil {
			t.Fatal(err)
		}
		params := square()
		p := newPruner(t, Options{Schedule: OneShot{At: 1}, Pattern: pattern, Density: row.density, Diagonal: row.diagonal}, params)
		afterStep(t, p, 1, params)
		if got, want := picture(p.Mask("w")), drawn(row.want); got != want {
			t.Errorf("%s at %v, diagonal kept: %v:\n%swant\n%s", row.pattern, row.density, row.diagonal, got, want)
		}
	}
}

// TestDiagonalOfEveryGate: a unit's weights to itself are kept in each gate of
// recurrent tensors only, also by a threshold; a density without room for them is
// refused.
func TestDiagonalOfEveryGate(t *testing.T) {
	params := gru(rand.New(rand.NewPCG(9, 9)))
	params[2].Recurrent = true
	p := newPruner(t, Options{Schedule: Ramp{Start: 0, Bend: 2, End: 4, Freq: 1, Theta: 100, Phi: 100}, Diagonal: true}, params)
	afterStep(t, p, 2, params)
	for _, report := range p.Report() {
		if want := map[string]int{"gru0.weight_hh": 60}[report.Name]; report.Kept != want {
			t.Errorf("%s keeps %d weights, want %d", report.Name, report.Kept, want)
		}
	}
	for r := range 60 {
		if !p.Mask("gru0.weight_hh").At(r, r%20) {
			t.Errorf("row %d has lost its diagonal", r)
		}
	}
	_, err := New(Options{Schedule: OneShot{}, Density: 0.04, Diagonal: true}, params)
	if err == nil || !strings.Contains(err.Error(), `tensor "gru0.weight_hh": density 0.04 has no room for the diagonal, which takes 0.05`) {
		t.Errorf("error %v, want that there is no room for the diagonal", err)
	}
}

// TestRigLByHand: the smallest weights go, those of the largest gradients grow
// from zero, whatever an update did to them meanwhile.
func TestRigLByHand(t *testing.T) {
	params := []Param{{Name: "w", Rows: 2, Cols: 4, Prunable: true,
		Value: []float32{9, 8, 1, 2, 7, -6, 3, 0},
		Grad:  []float32{0, 0, 0, 0, 0, 0, 0, 0},
	}}
	rigl := RigL{Begin: 1, End: 5, Freq: 2, Renew: 0.5}
	p := newPruner(t, Options{Schedule: rigl, Density: 0.5}, params)
	value, gradient := params[0].Value, params[0].Grad
	afterStep(t, p, 1, params)
	if want := fmt.Sprint([]float32{9, 8, 0, 0, 7, -6, 0, 0}); fmt.Sprint(value) != want {
		t.Fatalf("first mask leaves %v, want %s", value, want)
	}
	value[2], value[3] = 100, 100 // of an update; no reason to grow
	copy(gradient, []float32{50, 50, 1, -5, 50, 3, 2, 0.5})
	afterStep(t, p, 3, params) // half of the way: a share of 0.25, one weight
	if want := fmt.Sprint([]float32{9, 8, 0, 0, 7, 0, 0, 0}); fmt.Sprint(value) != want {
		t.Fatalf("second mask leaves %v, want %s", value, want)
	}
	if got := p.Report()[0]; got.Kept != 4 || got.Regrown != 1 {
		t.Errorf("%d kept and %d regrown, want 4 and 1", got.Kept, got.Regrown)
	}
	value[3] = 0.1 // an update
	copy(gradient, []float32{0, 0, 9, 0, 0, 9, 0, 0})
	if share := rigl.Share(5); share > 1e-15 {
		t.Errorf("share at the end %v, want 0", share)
	}
	afterStep(t, p, 5, params)
	if !p.Mask("w").At(0, 3) {
		t.Error("a weight that grew is gone when nothing is exchanged")
	}
}

// TestRigLHoldsPattern: exchanges stay in the pattern at the density, with the
// diagonal, and give the same masks when a run is resumed.
func TestRigLHoldsPattern(t *testing.T) {
	for _, pattern := range []sparse.Pattern{{}, lane8, block8, {Kind: sparse.KindSlide, R: 4, C: 4}} {
		o := Options{Schedule: RigL{Begin: 2, End: 40, Freq: 3, Renew: 0.3}, Pattern: pattern, Density: 0.45, Diagonal: true}
		noise, again := rand.New(rand.NewPCG(11, 1)), rand.New(rand.NewPCG(11, 1))
		whole, broken := withGradients(12), withGradients(12)
		p, q := newPruner(t, o, whole), newPruner(t, o, broken)
		for itr := 1; itr <= 45; itr++ {
			update(noise, whole, 0.1)
			update(again, broken, 0.1)
			afterStep(t, p, itr, whole)
			afterStep(t, q, itr, broken)
			if itr >= 2 {
				checkMasks(t, p, whole, pattern)
			}
			if itr == 12 {
				state := q.Export()
				q = newPruner(t, o, broken)
				if err := q.Import(state); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !reflect.DeepEqual(whole, broken) {
			t.Errorf("%v: weights differ after a resumed run", pattern)
		}
		for _, r := range p.Report() {
			if r.Density > 0.45 || r.Density < 0.4 || r.RegrownTotal == 0 {
				t.Errorf("%v: %s has density %v with %d regrown, want 0.45 and some", pattern, r.Name, r.Density, r.RegrownTotal)
			}
		}
	}
}

// withGradients is [gru] with random gradients, its recurrent tensor marked.
func withGradients(seed uint64) []Param {
	r := rand.New(rand.NewPCG(seed, 0))
	params := gru(r)
	for i := range params {
		p := &params[i]
		p.Recurrent = p.Name == "gru0.weight_hh"
		for range p.Value {
			p.Grad = append(p.Grad, float32(r.NormFloat64()))
		}
	}
	return params
}

func TestRigLWantsGradients(t *testing.T) {
	params := square()
	p := newPruner(t, Options{Schedule: RigL{End: 4, Freq: 1, Renew: 0.3}, Density: 0.5}, params)
	err := p.AfterStep(1, params)
	if want := `tensor "w": 0 gradients, want 16, by which weights grow`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestShrinkByHand: the root mean square of each block falls by the amount; a
// smaller block is zero. Other patterns are left alone.
func TestShrinkByHand(t *testing.T) {
	params := []Param{{Name: "w", Rows: 2, Cols: 3, Prunable: true, Value: []float32{3, 0.1, 0, 5, -0.1, 0}}}
	p := newPruner(t, Options{Schedule: OneShot{At: 9}, Pattern: sparse.Pattern{Kind: sparse.KindBlock, R: 2, C: 1}, Density: 0.5}, params)
	if err := p.Shrink(0.5, params); err != nil {
		t.Fatal(err)
	}
	factor := 1 - 0.5/math.Sqrt(17) // of the block 3, 5
	for i, want := range []float64{3 * factor, 0, 0, 5 * factor, 0, 0} {
		if got := float64(params[0].Value[i]); math.Abs(got-want) > 1e-6 {
			t.Errorf("weight %d: %v, want %v", i, got, want)
		}
	}
	others := square()
	p = newPruner(t, Options{Schedule: OneShot{At: 9}, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 2, C: 2}, Density: 0.5}, others)
	if err := p.Shrink(0.5, others); err != nil || !reflect.DeepEqual(others, square()) {
		t.Errorf("a lane pattern has been shrunk to %v, %v", others[0].Value, err)
	}
}

// TestShrinkIsProximal: the step solves min ½‖v−w‖² + by·√N·‖v‖ for each block:
// no other point nearby is lower.
func TestShrinkIsProximal(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	const by = 0.3
	before := []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
	params := []Param{{Name: "w", Rows: 2, Cols: 2, Prunable: true}}
	for _, w := range before {
		params[0].Value = append(params[0].Value, float32(w))
	}
	p := newPruner(t, Options{Schedule: OneShot{At: 9}, Pattern: sparse.Pattern{Kind: sparse.KindBlock, R: 2, C: 2}, Density: 1}, params)
	if err := p.Shrink(by, params); err != nil {
		t.Fatal(err)
	}
	cost := func(v [4]float64) float64 {
		distance, norm := 0.0, 0.0
		for i, x := range v {
			distance, norm = distance+(x-before[i])*(x-before[i]), norm+x*x
		}
		return distance/2 + by*math.Sqrt(4*norm)
	}
	var v [4]float64
	for i, x := range params[0].Value {
		v[i] = float64(x)
	}
	for range 100 {
		other := v
		for i := range other {
			other[i] += 1e-3 * r.NormFloat64()
		}
		if cost(other) < cost(v)-1e-9 {
			t.Fatalf("%v costs %v, less than %v of %v", other, cost(other), cost(v), v)
		}
	}
}
