package prune

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestRampByHand holds the ramp against ε worked out by hand from the paper's
// formulas: 12 epochs of 100 iterations, q = 0.2, so θ = 2·0.2·100/(2·200+3·300)
// = 4/130 and φ = 6/130.
func TestRampByHand(t *testing.T) {
	r, err := NewRamp(12, 100, 100, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Ramp{Start: 100, Bend: 300, End: 600, Freq: 100, Theta: 4.0 / 130, Phi: 6.0 / 130}); !closeRamp(r, want) {
		t.Fatalf("%+v, want %+v", r, want)
	}
	for _, row := range []struct {
		itr     int
		epsilon float64
	}{
		{101, 4.0 / 130 * 2 / 100},
		{200, 4.0 / 130 * 101 / 100},
		{299, 4.0 / 130 * 200 / 100},
		{300, (4.0/130*201 + 6.0/130*1) / 100},
		{400, (4.0/130*201 + 6.0/130*101) / 100},
		{500, (4.0/130*201 + 6.0/130*201) / 100},
		{600, (4.0/130*201 + 6.0/130*301) / 100},
	} {
		if got := r.Level(row.itr, 0); math.Abs(got-row.epsilon) > 1e-15 {
			t.Errorf("ε(%d) = %v, want %v", row.itr, got, row.epsilon)
		}
	}
	// 2610/13000: the +1 in the formulas make it a little more than q.
	if end := r.Level(r.End, 0); math.Abs(end-0.2) > 0.002 {
		t.Errorf("ε ends at %v, want about q = 0.2", end)
	}
	if got, want := dueIn(r, 1200), []int{200, 300, 400, 500}; !slices.Equal(got, want) {
		t.Errorf("masks at %v, want %v: multiples of 100 strictly between 100 and 600", got, want)
	}
}

func closeRamp(a, b Ramp) bool {
	return a.Start == b.Start && a.Bend == b.Bend && a.End == b.End && a.Freq == b.Freq &&
		math.Abs(a.Theta-b.Theta) < 1e-15 && math.Abs(a.Phi-b.Phi) < 1e-15
}

func dueIn(s Schedule, iterations int) []int {
	var due []int
	for itr := range iterations + 1 {
		if s.Due(itr) {
			due = append(due, itr)
		}
	}
	return due
}

func TestNewRampOfShortRuns(t *testing.T) {
	for epochs := 1; epochs <= 4; epochs++ {
		r, err := NewRamp(epochs, 1200/epochs, 10, 1)
		if err != nil || r.Start != 60 || r.Bend != 300 || r.End != 600 {
			t.Errorf("%d epochs: %+v, %v, want 60, 300, 600", epochs, r, err)
		}
	}
	for name, call := range map[string]func() (Ramp, error){
		"no epochs":     func() (Ramp, error) { return NewRamp(0, 10, 1, 1) },
		"no iterations": func() (Ramp, error) { return NewRamp(10, 0, 1, 1) },
		"no q":          func() (Ramp, error) { return NewRamp(10, 10, 1, 0) },
		"NaN q":         func() (Ramp, error) { return NewRamp(10, 10, 1, math.NaN()) },
		"no freq":       func() (Ramp, error) { return NewRamp(10, 10, 0, 1) },
		"never due":     func() (Ramp, error) { return NewRamp(10, 10, 100, 1) },
	} {
		if r, err := call(); err == nil {
			t.Errorf("%s: %+v, want an error", name, r)
		}
	}
}

// TestRampThresholdByPattern: blocks have N^(1/4) times the threshold.
func TestRampThresholdByPattern(t *testing.T) {
	m := sparse.NewMatrix(16, 1)
	for i := range m.Data {
		m.Data[i] = 1.9
	}
	r := Ramp{Freq: 1}
	for _, c := range []struct {
		pattern sparse.Pattern
		level   float64
		kept    int
	}{
		{sparse.Pattern{}, 1.89, 16},
		{sparse.Pattern{}, 1.91, 0},
		{sparse.Pattern{Kind: sparse.KindLane, R: 16, C: 8}, 1.89, 16},
		{sparse.Pattern{Kind: sparse.KindLane, R: 16, C: 8}, 1.91, 0},
		{sparse.Pattern{Kind: sparse.KindBlock, R: 16, C: 1}, 0.94, 16}, // 16^(1/4) = 2
		{sparse.Pattern{Kind: sparse.KindBlock, R: 16, C: 1}, 0.96, 0},
	} {
		u, err := c.pattern.Units(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Keep(u, c.pattern, c.level).Count(); got != c.kept {
			t.Errorf("%v at ε %v keeps %d, want %d", c.pattern, c.level, got, c.kept)
		}
	}
	// A ragged block of one weight has the threshold of one weight.
	p := sparse.Pattern{Kind: sparse.KindBlock, R: 15, C: 1}
	u, err := p.Units(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Keep(u, p, 1.5); got.Count() != 1 || !got.At(15, 0) {
		t.Errorf("at ε 1.5, %d weights are kept, want the last alone", got.Count())
	}
}

func TestCubicByHand(t *testing.T) {
	c := Cubic{Begin: 100, End: 500, Freq: 150}
	for itr, want := range map[int]float64{0: 1, 100: 1, 200: 0.1 + 0.9*27/64, 300: 0.1 + 0.9/8, 400: 0.1 + 0.9/64, 500: 0.1, 900: 0.1} {
		if got := c.Level(itr, 0.1); math.Abs(got-want) > 1e-15 {
			t.Errorf("density at %d is %v, want %v", itr, got, want)
		}
	}
	if got, want := dueIn(c, 1000), []int{100, 250, 400, 500}; !slices.Equal(got, want) {
		t.Errorf("masks at %v, want %v", got, want)
	}
	for _, bad := range []Cubic{{0, 0, 1}, {-1, 5, 1}, {5, 3, 1}, {0, 5, 0}} {
		if bad.Validate() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestQuantile(t *testing.T) {
	w := []float32{-10, 1, -2, 3, 4, 5, -6, 7, 8, 9}
	for p, want := range map[float64]float64{0.9: 9, 0.91: 10, 0: 1, 1: 10, 0.5: 5} {
		if got := Quantile(w, p); got != want {
			t.Errorf("quantile %v is %v, want %v", p, got, want)
		}
	}
	if w[0] != -10 || w[2] != -2 {
		t.Error("Quantile changes its argument")
	}
	r := rand.New(rand.NewPCG(1, 1))
	layer := make([]float32, 256*256)
	for i := range layer {
		layer[i] = float32(r.NormFloat64() / 16)
	}
	if got, want := GuessQ(256), Quantile(layer, 0.9); math.Abs(got/want-1) > 0.02 {
		t.Errorf("GuessQ is %v, a normal layer has %v", got, want)
	}
}
