package sparse

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// TestSelectIsOptimal tries every mask of small matrices: none in the pattern
// that keeps as many weights keeps more of the squared norm.
func TestSelectIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, c := range []struct {
		pattern    Pattern
		rows, cols int
		spans      []Span
	}{
		{Pattern{}, 3, 5, nil},
		{Pattern{KindBlock, 2, 1}, 4, 4, nil},
		{Pattern{KindBlock, 2, 2}, 4, 4, nil},
		{Pattern{KindBlock, 1, 4}, 4, 4, nil},
		{Pattern{KindLane, 2, 2}, 4, 4, nil},
		{Pattern{KindLane, 2, 4}, 4, 4, nil},
		{Pattern{KindLane, 2, 3}, 4, 4, nil},
		{Pattern{KindLane, 4, 2}, 4, 4, nil},
		{Pattern{KindLane, 2, 2}, 4, 4, []Span{{0, 2}, {2, 4}}},
	} {
		for range 3 {
			m := normalMatrix(r, c.rows, c.cols)
			best := bestByCount(m, c.pattern, c.spans)
			for kept := 0; kept <= c.rows*c.cols; kept++ {
				density := float64(kept) / float64(c.rows*c.cols)
				mask, err := c.pattern.Select(m, density, c.spans...)
				if err != nil {
					t.Fatal(err)
				}
				n, want := mask.Count(), kept
				for math.IsInf(best[want], -1) {
					want-- // no mask in the pattern keeps so many
				}
				if n != want || math.Abs(KeptEnergy(mask, m)-best[want]) > 1e-6 {
					t.Errorf("%v on %d×%d: kept %d weights and %.7f, want %d and %.7f",
						c.pattern, c.rows, c.cols, n, KeptEnergy(mask, m), want, best[want])
				}
			}
		}
	}
}

// bestByCount is the largest share of squared norm, by the number of weights,
// of all masks in the pattern; −∞ where there is none.
func bestByCount(m *Matrix, p Pattern, spans []Span) []float64 {
	n := m.Rows * m.Cols
	best := make([]float64, n+1)
	for i := range best {
		best[i] = math.Inf(-1)
	}
	for set := range uint32(1) << n {
		mask := NewMask(m.Rows, m.Cols)
		for rest := set; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros32(rest)
			mask.words[i/m.Cols] |= 1 << (i % m.Cols)
		}
		if p.Matches(mask, spans...) {
			kept := bits.OnesCount32(set)
			best[kept] = max(best[kept], KeptEnergy(mask, m))
		}
	}
	return best
}

func TestSelectRaggedTakesWorthPerWeight(t *testing.T) {
	// Blocks of 2×1 in 3 rows: the last block has one weight of 2, the whole
	// ones have energy 5 (2.5 a weight) and 9 (4.5 a weight).
	m := &Matrix{Rows: 3, Cols: 2, Data: []float32{1, 3, 2, 0, 2, 0.5}}
	for kept, want := range [][]float32{
		{0, 0, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 0}, // the best block has two weights: it does not fit
		{0, 3, 0, 0, 0, 0},
		{0, 3, 0, 0, 2, 0},
		{0, 3, 0, 0, 2, 0},
		{1, 3, 2, 0, 2, 0},
		{1, 3, 2, 0, 2, 0.5},
	} {
		mask, err := Pattern{KindBlock, 2, 1}.Select(m, float64(kept)/6)
		if err != nil {
			t.Fatal(err)
		}
		got := &Matrix{Rows: 3, Cols: 2, Data: append([]float32(nil), m.Data...)}
		mask.Apply(got)
		if fmt.Sprint(got.Data) != fmt.Sprint(want) {
			t.Errorf("room for %d: kept %v, want %v", kept, got.Data, want)
		}
	}
}

func TestSelectBreaksTiesByPosition(t *testing.T) {
	m := NewMatrix(2, 4)
	for i := range m.Data {
		m.Data[i] = 1 - 2*float32(i%2)
	}
	mask, err := Pattern{}.Select(m, 0.375)
	if err != nil {
		t.Fatal(err)
	}
	if !(mask.At(0, 0) && mask.At(0, 1) && mask.At(0, 2)) || mask.Count() != 3 {
		t.Error("of equal weights, not the first three were kept")
	}
	mask, err = Pattern{KindLane, 2, 4}.Select(m, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for r := range 2 {
		if !mask.At(r, 0) || !mask.At(r, 1) || mask.Count() != 4 {
			t.Error("of equal steps, not the first two were kept")
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	m := NewMatrix(4, 4)
	for name, call := range map[string]func() (*Mask, error){
		"density above 1":  func() (*Mask, error) { return Pattern{}.Select(m, 1.5) },
		"NaN density":      func() (*Mask, error) { return Pattern{}.Select(m, math.NaN()) },
		"thin dense":       func() (*Mask, error) { return Pattern{Kind: KindDense}.Select(m, 0.5) },
		"no sides":         func() (*Mask, error) { return Pattern{Kind: KindLane}.Select(m, 0.5) },
		"span out of rows": func() (*Mask, error) { return Pattern{}.Select(m, 0.5, Span{2, 5}) },
		"spans overlap":    func() (*Mask, error) { return Pattern{}.Select(m, 0.5, Span{0, 2}, Span{1, 4}) },
		"short data":       func() (*Mask, error) { return Pattern{}.Select(&Matrix{4, 4, nil}, 0.5) },
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUnitsAbove(t *testing.T) {
	m := &Matrix{Rows: 2, Cols: 3, Data: []float32{3, 0, -1, 0, -4, 1}}
	for _, c := range []struct {
		pattern    Pattern
		magnitudes []float64
	}{
		{Pattern{}, []float64{3, 0, 1, 0, 4, 1}},
		{Pattern{KindBlock, 2, 2}, []float64{4, 1}},
		{Pattern{KindLane, 2, 2}, []float64{math.Sqrt(12.5), 0, 1}},
	} {
		u, err := c.pattern.Units(m)
		if err != nil {
			t.Fatal(err)
		}
		if u.Len() != len(c.magnitudes) {
			t.Fatalf("%v: %d units, want %d", c.pattern, u.Len(), len(c.magnitudes))
		}
		for i, want := range c.magnitudes {
			if got := u.Magnitude(i); got != float32(want) {
				t.Errorf("%v: unit %d has magnitude %v, want %v", c.pattern, i, got, want)
			}
			limit := float64(float32(want))
			at := u.Above(func(int) float64 { return limit }).Count()
			over := u.Above(func(int) float64 { return math.Nextafter(limit, 10) }).Count()
			if at <= over {
				t.Errorf("%v: a unit of the threshold's magnitude is pruned", c.pattern)
			}
		}
	}
}

// FuzzSelect holds, for any shape, pattern, density and gates, that the mask is
// in the pattern, in the budget and leaves no room for another unit, and that
// a lower density or higher threshold keeps a subset.
func FuzzSelect(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(17), uint8(2), uint8(8), uint8(8), 0.3, uint8(3))
	f.Add(uint64(2), uint8(1), uint8(1), uint8(1), uint8(16), uint8(1), 1.0, uint8(0))
	f.Add(uint64(3), uint8(40), uint8(70), uint8(2), uint8(16), uint8(32), 0.05, uint8(13))
	f.Add(uint64(4), uint8(33), uint8(65), uint8(1), uint8(4), uint8(3), 0.9, uint8(32))
	f.Add(uint64(5), uint8(20), uint8(20), uint8(0), uint8(0), uint8(0), 0.0, uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols, kind, r, c uint8, density float64, gate uint8) {
		if !(density >= 0 && density <= 1) || rows == 0 || cols == 0 {
			t.Skip()
		}
		p := Pattern{Kind: Kind(kind % 3)}
		if p.Kind != KindElement {
			p.R, p.C = 1+int(r%40), 1+int(c%80)
		}
		m := coarseMatrix(rand.New(rand.NewPCG(seed, 0)), int(rows), int(cols))
		spans := []Span{{0, int(gate % rows)}, {int(gate % rows), int(rows)}}
		mask, err := p.Select(m, density, spans...)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Matches(mask, spans...) {
			t.Fatalf("selected mask does not match %v", p)
		}
		budget := int(math.Round(density * float64(m.Rows*m.Cols)))
		unit := max(p.R, 1)
		if p.Kind == KindBlock {
			unit *= p.C
		}
		if n := mask.Count(); n > budget || budget-n >= unit {
			t.Fatalf("%v keeps %d weights of %d, units have %d", p, n, budget, unit)
		}
		less, err := p.Select(m, density/2, spans...)
		if err != nil || less.AndNot(mask).Count() != 0 {
			t.Fatalf("%v: half the density keeps weights that the whole does not: %v", p, err)
		}
		u, err := p.Units(m, spans...)
		if err != nil {
			t.Fatal(err)
		}
		above := u.Above(func(int) float64 { return density })
		if !p.Matches(above, spans...) || u.Above(func(int) float64 { return 2 * density }).AndNot(above).Count() != 0 {
			t.Fatalf("threshold masks of %v leave the pattern or are not nested", p)
		}
	})
}

// coarseMatrix has few distinct values, so that there are ties, and zeros.
func coarseMatrix(r *rand.Rand, rows, cols int) *Matrix {
	m := NewMatrix(rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(r.IntN(9)-4) / 4
	}
	return m
}

// TestEnergyOrder holds the order of KeptEnergy over the patterns: the freer
// the choice, the more is kept.
func TestEnergyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	m := normalMatrix(r, 384, 256)
	for _, density := range []float64{0.05, 0.1, 0.2} {
		last, lastName := math.Inf(1), ""
		for _, name := range []string{"element", "lane16x32", "lane8x8", "block4x1", "block8x1", "block16x1"} {
			p, err := ParsePattern(name)
			if err != nil {
				t.Fatal(err)
			}
			mask, err := p.Select(m, density)
			if err != nil {
				t.Fatal(err)
			}
			kept := KeptEnergy(mask, m)
			if kept >= last {
				t.Errorf("density %v: %s keeps %.3f, want less than %s's %.3f", density, name, kept, lastName, last)
			}
			if kept <= density {
				t.Errorf("density %v: %s keeps %.3f, no more than chance", density, name, kept)
			}
			t.Logf("density %v: %-10s %.3f", density, name, kept)
			last, lastName = kept, name
		}
	}
}
