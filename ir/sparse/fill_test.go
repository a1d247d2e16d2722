package sparse

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// TestFillWindows holds that filling keeps what was kept and takes no more
// steps, for random matrices, densities and spans.
func TestFillWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for range 60 {
		m := normalMatrix(r, 1+r.IntN(40), 1+r.IntN(120))
		spans := []Span{{0, m.Rows / 2}, {m.Rows / 2, m.Rows}}
		mask, err := Pattern{}.Select(m, r.Float64()*0.4, spans...)
		if err != nil {
			t.Fatal(err)
		}
		filled := FillWindows(mask, m, spans...)
		if lost := mask.AndNot(filled).Count(); lost > 0 {
			t.Errorf("%d×%d: %d weights lost", m.Rows, m.Cols, lost)
		}
		if before, after := mask.WindowSteps(spans...), filled.WindowSteps(spans...); after > before {
			t.Errorf("%d×%d: %d steps, %d before", m.Rows, m.Cols, after, before)
		}
	}
}

// TestFillWindowsIsOptimal tries every larger set of each row: none that needs
// no other windows is worth more.
func TestFillWindowsIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 40 {
		m := normalMatrix(r, 3, 12)
		mask, err := Pattern{}.Select(m, 0.1+0.3*r.Float64())
		if err != nil {
			t.Fatal(err)
		}
		filled := FillWindows(mask, m)
		f := filler{m: m, least: leastToFill(m)}
		f.schedule(mask, Span{0, 3})
		for row := range 3 {
			got, want := rowEnergy(m, filled, row), f.bestRow(mask, row)
			if math.Abs(got-want) > 1e-9*want {
				t.Fatalf("row %d: %v of squared norm, want %v\n%v\nof\n%v", row, got, want, filled, mask)
			}
		}
	}
}

func rowEnergy(m *Matrix, mask *Mask, row int) float64 {
	e := 0.0
	for c := range mask.Row(row) {
		e += float64(m.Row(row)[c]) * float64(m.Row(row)[c])
	}
	return e
}

// bestRow is the largest squared norm of a set of weights with all of the mask's
// of which each k weights between two columns have k windows or more that reach
// any of them (Hall's theorem, for windows that reach ranges of columns).
func (f *filler) bestRow(mask *Mask, row int) float64 {
	kept, allowed := uint(0), uint(0)
	for c, w := range f.m.Row(row) {
		switch {
		case mask.At(row, c):
			kept |= 1 << c
		case magnitude(w) >= f.least:
			allowed |= 1 << c
		}
	}
	best := 0.0
	for set := range uint(1) << f.m.Cols {
		if set&kept != kept || set&^(kept|allowed) != 0 || !f.hall(set) {
			continue
		}
		e := 0.0
		for rest := set; rest != 0; rest &= rest - 1 {
			w := float64(f.m.Row(row)[bits.TrailingZeros(rest)])
			e += w * w
		}
		best = max(best, e)
	}
	return best
}

func (f *filler) hall(set uint) bool {
	for first := range f.m.Cols {
		for last := first; last < f.m.Cols; last++ {
			in := set >> first << first & (1<<(last+1) - 1)
			if in == 0 {
				continue
			}
			from, to := f.from[bits.TrailingZeros(in)], f.to[bits.Len(in)-1]
			if bits.OnesCount(in) > to-from {
				return false
			}
		}
	}
	return true
}

// TestFillWindowsKeepsTheRange holds that weights far below the largest stay
// pruned, however many lanes idle.
func TestFillWindowsKeepsTheRange(t *testing.T) {
	m := &Matrix{Rows: 2, Cols: 3, Data: []float32{1.5, 0, 0, 0x1p-6, 0x1.8p-7, 0}}
	mask := NewMask(2, 3)
	mask.Set(0, 0, true)
	filled := FillWindows(mask, m)
	if !filled.At(1, 0) || filled.At(1, 1) || filled.Count() != 2 {
		t.Errorf("kept %d weights, want 1.5 and 2^-6", filled.Count())
	}
}

// TestFillWindowsGain logs how much of the squared norm filling adds.
func TestFillWindowsGain(t *testing.T) {
	m := normalMatrix(rand.New(rand.NewPCG(10, 10)), 384, 256)
	for _, density := range []float64{0.2, 0.1, 0.05} {
		mask, err := Pattern{}.Select(m, density)
		if err != nil {
			t.Fatal(err)
		}
		filled := FillWindows(mask, m)
		before, after := KeptEnergy(mask, m), KeptEnergy(filled, m)
		t.Logf("density %.2f: %.3f of the squared norm in %d steps; filled to %.3f: %.3f in %d", density,
			before, mask.WindowSteps(), filled.Density(), after, filled.WindowSteps())
		if after < before*1.05 {
			t.Errorf("density %v: filling adds %v to %v of the squared norm", density, after-before, before)
		}
	}
}
