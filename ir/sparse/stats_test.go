package sparse

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestStats(t *testing.T) {
	// Columns 0 and 5 of rows 0 to 3, and the last corner of 9×6.
	m := NewMask(9, 6)
	for r := range 4 {
		m.Set(r, 0, true)
		m.Set(r, 5, true)
	}
	m.Set(8, 5, true)
	s := StatsOf(m)
	if s.NNZ != 9 || s.Density != 9.0/54 {
		t.Errorf("nnz %d, density %v, want 9 and 9/54", s.NNZ, s.Density)
	}
	if want := (Counts{Min: 0, Max: 2, Mean: 1, Empty: 4}); s.PerRow != want {
		t.Errorf("per row %+v, want %+v", s.PerRow, want)
	}
	if want := (Counts{Min: 0, Max: 5, Mean: 1.5, Empty: 4}); s.PerCol != want {
		t.Errorf("per column %+v, want %+v", s.PerCol, want)
	}
	// In windows of 8 columns, rows 0 to 7 take two steps and row 8 one.
	if want := (WindowStats{Steps: 3, PerStep: 3}); s.Windows != want {
		t.Errorf("windows %+v, want %+v", s.Windows, want)
	}
	for _, want := range []BlockStats{
		{4, 1, 18, 3, 9.0 / 9},
		{1, 4, 18, 9, 9.0 / (4*4 + 4*2 + 2)},
		{8, 1, 12, 3, 9.0 / 17},
		{1, 8, 9, 5, 9.0 / 30},
		{8, 4, 4, 3, 9.0 / (32 + 16 + 2)},
	} {
		if got := blockStatsOf(t, s, want.R, want.C); got.Blocks != want.Blocks || got.Occupied != want.Occupied || math.Abs(got.Fill-want.Fill) > 1e-12 {
			t.Errorf("blocks %+v, want %+v", got, want)
		}
	}
	if b := blockStatsOf(t, s, 8, 4); b.Occupancy() != 0.75 {
		t.Errorf("occupancy %v, want 0.75", b.Occupancy())
	}
}

func blockStatsOf(t *testing.T, s Stats, r, c int) BlockStats {
	t.Helper()
	for _, b := range s.Blocks {
		if b.R == r && b.C == c {
			return b
		}
	}
	t.Fatalf("no statistics of %d×%d blocks", r, c)
	return BlockStats{}
}

// TestStatsGroupsBeginAtSpans: eight equal rows over two gates are two groups.
func TestStatsGroupsBeginAtSpans(t *testing.T) {
	m := NewMask(8, 4)
	for r := range 8 {
		m.Set(r, 1, true)
	}
	whole, gates := StatsOf(m), StatsOf(m, Span{0, 4}, Span{4, 8})
	if whole.Windows.Steps != 1 || gates.Windows.Steps != 2 {
		t.Errorf("%d steps whole and %d in gates, want 1 and 2", whole.Windows.Steps, gates.Windows.Steps)
	}
	if b := blockStatsOf(t, gates, 8, 1); b.Occupied != 2 || b.Fill != 1 {
		t.Errorf("blocks in gates %+v, want 2 full ones", b)
	}
}

// TestLaneBalancedFillsWindows: what lane8x8 is for. All rows of a group have
// their next weight in the same chunk, so that a step finds one in each row.
func TestLaneBalancedFillsWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	m := normalMatrix(r, 256, 256)
	perStep := map[string]float64{}
	for name, p := range map[string]Pattern{"element": {}, "lane": {KindLane, 8, 8}} {
		mask, err := p.Select(m, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		perStep[name] = StatsOf(mask).Windows.PerStep
	}
	if perStep["lane"] != 8 || perStep["element"] > 4.5 {
		t.Errorf("weights a step %v, want 8 for lane8x8 and about 4 element-wise", perStep)
	}
}

func TestStatsOfEmpty(t *testing.T) {
	for _, shape := range [][2]int{{0, 0}, {0, 5}, {5, 0}} {
		s := StatsOf(NewMask(shape[0], shape[1]))
		if s.NNZ != 0 || s.Density != 0 || s.Windows != (WindowStats{}) {
			t.Errorf("%v: %+v", shape, s)
		}
	}
}

func TestKeptEnergy(t *testing.T) {
	w := &Matrix{Rows: 1, Cols: 3, Data: []float32{3, -4, 0}}
	m := NewMask(1, 3)
	m.Set(0, 1, true)
	if got := KeptEnergy(m, w); got != 16.0/25 {
		t.Errorf("kept %v, want 16/25", got)
	}
	if got := KeptEnergy(m, NewMatrix(1, 3)); got != 1 {
		t.Errorf("of zeros kept %v, want 1", got)
	}
}

// TestWindowStatsAgreeWithPacking: the statistics promise the steps that the
// packer makes.
func TestWindowStatsAgreeWithPacking(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for _, shape := range [][2]int{{1, 1}, {8, 100}, {30, 65}, {64, 300}} {
		m := normalMatrix(r, shape[0], shape[1])
		mask, err := Pattern{}.Select(m, 0.15)
		if err != nil {
			t.Fatal(err)
		}
		mask.Apply(m)
		steps, _ := WindowSteps(m, NarrowWindow, Fixed)
		if got := StatsOf(mask).Windows.Steps; got != steps {
			t.Errorf("%v: %d steps, the packer makes %d", shape, got, steps)
		}
	}
}
