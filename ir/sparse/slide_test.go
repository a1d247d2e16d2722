package sparse

import (
	"math/rand/v2"
	"testing"
)

var slide8x8 = Pattern{KindSlide, 8, 8}

// TestSlideFillsWindows holds that every step of the window kernel has a weight
// in every lane, for ragged columns, and that masks follow the pattern.
func TestSlideFillsWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	for range 30 {
		m := normalMatrix(r, 8*(1+r.IntN(6)), 1+r.IntN(150))
		density := 0.6 * r.Float64()
		mask, err := slide8x8.Select(m, density)
		if err != nil {
			t.Fatal(err)
		}
		if !slide8x8.Matches(mask) {
			t.Errorf("%d×%d at %.2f: does not match", m.Rows, m.Cols, density)
		}
		if steps := mask.WindowSteps(); 8*steps != mask.Count() {
			t.Errorf("%d×%d at %.2f: %d weights in %d steps, want 8 in each", m.Rows, m.Cols, density, mask.Count(), steps)
		}
	}
}

// TestSlideNests holds that a lower density, or a higher threshold, keeps a
// subset, and that the ends keep all and nothing; rows of spans are ragged.
func TestSlideNests(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	m := normalMatrix(r, 37, 50)
	spans := []Span{{0, 20}, {20, 37}}
	u, err := slide8x8.Units(m, spans...)
	if err != nil {
		t.Fatal(err)
	}
	last := NewMask(m.Rows, m.Cols)
	for _, density := range []float64{0, 0.05, 0.1, 0.3, 0.6, 1} {
		mask := u.Best(density)
		if last.AndNot(mask).Count() > 0 {
			t.Errorf("density %v does not keep all that a lower one keeps", density)
		}
		if !slide8x8.Matches(mask, spans...) {
			t.Errorf("density %v: does not match", density)
		}
		last = mask
	}
	if last.Count() != m.Rows*m.Cols {
		t.Errorf("density 1 keeps %d weights, want all %d", last.Count(), m.Rows*m.Cols)
	}
	for _, limit := range []float64{0.5, 1, 1.5, 2} {
		mask := u.Above(func(int) float64 { return limit })
		if !slide8x8.Matches(mask, spans...) || mask.AndNot(last).Count() > 0 {
			t.Errorf("threshold %v: not in the pattern, or not within what a lower one keeps", limit)
		}
		last = mask
	}
}

func TestSlideMatches(t *testing.T) {
	mask := NewMask(8, 30)
	for row := range 8 {
		mask.Set(row, 5+row, true)
		mask.Set(row, 20-row, true)
	}
	if !slide8x8.Matches(mask) || (Pattern{KindLane, 8, 8}).Matches(mask) {
		t.Error("windows at 5 and 13: want a slide pattern and no lane pattern")
	}
	if got := Recognise(mask)[0]; got != slide8x8 {
		t.Errorf("recognised %v, want %v", got, slide8x8)
	}
	mask.Set(3, 8, false)
	if slide8x8.Matches(mask) {
		t.Error("a row with a weight less: matches")
	}
	mask.Set(3, 13, true) // as many again, but 8 columns from the first of row 0
	if slide8x8.Matches(mask) {
		t.Error("weights 8 columns apart: matches")
	}
}

// TestSlideKeepsMore holds that windows at any column keep more than aligned
// chunks at as many steps.
func TestSlideKeepsMore(t *testing.T) {
	m := normalMatrix(rand.New(rand.NewPCG(13, 13)), 384, 256)
	for _, density := range []float64{0.2, 0.1, 0.05} {
		aligned, err := Pattern{KindLane, 8, 8}.Select(m, density)
		if err != nil {
			t.Fatal(err)
		}
		sliding, err := slide8x8.Select(m, density)
		if err != nil {
			t.Fatal(err)
		}
		a, s := KeptEnergy(aligned, m), KeptEnergy(sliding, m)
		t.Logf("density %.2f: aligned %.3f in %d steps, sliding %.3f in %d", density, a, aligned.WindowSteps(), s, sliding.WindowSteps())
		if s < a*1.02 || sliding.WindowSteps() > aligned.WindowSteps() {
			t.Errorf("density %v: %v of the squared norm, aligned %v", density, s, a)
		}
	}
}
