package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// layer is the matrices of a recurrent layer and of one that reads its units
// twice, at columns that are no multiple of a chunk.
func layer(rng *rand.Rand, units, inputs, gates int, density float64) []Matrix {
	return []Matrix{
		{Matrix: random(rng, gates*units, inputs, density, true), Gates: gates, Rows: true},
		{Matrix: random(rng, gates*units, units, density, true), Gates: gates, Rows: true, Cols: []int{0}},
		{Matrix: random(rng, 13, units+inputs, density, true), Gates: 1, Cols: []int{inputs}},
		{Matrix: random(rng, 30, 2*units+3, density, true), Gates: 1, Cols: []int{0, units + 3}},
	}
}

// reordered is a matrix with its units in an order.
func reordered(m Matrix, order []int) *sparse.Matrix {
	out := sparse.NewMatrix(m.Matrix.Rows, m.Matrix.Cols)
	block := m.Matrix.Rows / m.Gates
	for r := range m.Matrix.Rows {
		from := r
		if m.Rows {
			from = r/block*block + order[r%block]
		}
		copy(out.Row(r), m.Row(from))
		for _, at := range m.Cols {
			for place, unit := range order {
				out.Row(r)[at+place] = m.Row(from)[at+unit]
			}
		}
	}
	return out
}

// unitObjectives are those that units have.
var unitObjectives = []Objective{Windows, Overlapping32}

// stepsOf counts the steps of all matrices with their units in an order, their
// gates padded to 8 rows as packed ones are.
func stepsOf(matrices []Matrix, order []int, o Objective) int {
	n := 0
	for _, m := range matrices {
		r, block := reordered(m, order), m.Matrix.Rows/m.Gates
		padded := (block + 7) / 8 * 8
		whole := sparse.NewMatrix(m.Gates*padded, r.Cols)
		for gate := range m.Gates {
			copy(whole.Data[gate*padded*r.Cols:], r.Data[gate*block*r.Cols:][:block*r.Cols])
		}
		n += Steps(whole, nil, o)
	}
	return n
}

// TestUnitSwaps holds what a swap is said to change, in the schedules before it
// and as they are kept, against the steps counted anew.
func TestUnitSwaps(t *testing.T) {
	for _, o := range unitObjectives {
		for _, units := range []int{16, 37, 64} {
			for _, density := range []float64{0.03, 0.15, 0.6} {
				t.Run(fmt.Sprintf("%v, %d units, %g", o, units, density), func(t *testing.T) {
					checkUnitSwaps(t, o, units, density)
				})
			}
		}
	}
}

func checkUnitSwaps(t *testing.T, o Objective, units int, density float64) {
	rng := rand.New(rand.NewPCG(4, uint64(units)))
	u := unitSearch{
		search:   search{order: places(identity(units)), rng: rng},
		matrices: layer(rng, units, 21, 3, density), objective: o,
	}
	before := u.build()
	if want := stepsOf(u.matrices, u.rows(), o); before != want {
		t.Fatalf("%d steps, want %d", before, want)
	}
	for n := range 60 {
		i, j := rng.IntN(units), rng.IntN(units)
		if i == j {
			continue
		}
		grown := 0
		for _, g := range u.grids {
			g.swap(i, j)
			grown += g.grown(i, j)
		}
		u.swap(i, j)
		after := stepsOf(u.matrices, u.rows(), o)
		if after-before != grown {
			t.Fatalf("swap %d of %d and %d: from %d to %d steps, announced as %+d", n, i, j, before, after, grown)
		}
		for _, g := range u.grids {
			g.keep(i, j)
		}
		if u.total() != after {
			t.Fatalf("swap %d: %d steps kept, want %d", n, u.total(), after)
		}
		before = after
	}
}

// TestUnitSwapsBack holds that a swap that is taken back leaves no trace: the
// next one is counted as if it had not been.
func TestUnitSwapsBack(t *testing.T) {
	for _, o := range unitObjectives {
		rng := rand.New(rand.NewPCG(8, 8))
		for _, m := range layer(rng, 43, 21, 3, 0.15) {
			var spent int
			order := places(identity(43))
			tried, fresh := o.newSchedule(m, order, &spent), o.newSchedule(m, order, &spent)
			for range 40 {
				i, j := rng.IntN(43), rng.IntN(43)
				tried.swap(i, j)
				tried.grown(i, j)
				tried.swap(i, j)
			}
			tried.swap(3, 40)
			fresh.swap(3, 40)
			if got, want := tried.grown(3, 40), fresh.grown(3, 40); got != want || tried.total() != fresh.total() {
				t.Errorf("%v: %+d of %d steps, want %+d of %d", o, got, tried.total(), want, fresh.total())
			}
		}
	}
}

func TestUnits(t *testing.T) {
	for _, objective := range unitObjectives {
		rng := rand.New(rand.NewPCG(5, 5))
		matrices := layer(rng, 96, 32, 3, 0.1)
		o := Options{Objective: objective, Budget: 20_000_000}
		got := Units(96, matrices, o)
		before, after := stepsOf(matrices, identity(96), objective), stepsOf(matrices, got.Units, objective)
		if got.Before != before || got.After != after {
			t.Errorf("%v: %d steps before and %d behind, counted anew %d and %d", objective, got.Before, got.After, before, after)
		}
		t.Logf("%v: %d steps, %d before", objective, got.After, got.Before)
		if got.After > got.Before*9/10 {
			t.Errorf("%v: %d steps, want a tenth less than %d", objective, got.After, got.Before)
		}
		if sorted := slices.Sorted(slices.Values(got.Units)); !slices.Equal(sorted, identity(96)) {
			t.Errorf("%v: not a permutation", objective)
		}
		if again := Units(96, matrices, o); !slices.Equal(again.Units, got.Units) {
			t.Errorf("%v: another order when run again", objective)
		}
	}
}

// TestUnitsNeverWorse holds that a search does not add steps, of layers of one
// group and of several.
func TestUnitsNeverWorse(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 10 {
		units := 2 + rng.IntN(60)
		matrices := layer(rng, units, 1+rng.IntN(40), 1+rng.IntN(4), rng.Float64())
		for _, o := range unitObjectives {
			got := Units(units, matrices, Options{Objective: o, Budget: 50_000})
			if before, after := stepsOf(matrices, identity(units), o), stepsOf(matrices, got.Units, o); after > before {
				t.Errorf("%v of %d units: %d steps, %d before", o, units, after, before)
			}
		}
	}
}

func BenchmarkUnits(b *testing.B) {
	for _, c := range []struct {
		units   int
		density float64
	}{{256, 0.1}, {512, 0.1}, {2560, 0.05}} {
		rng := rand.New(rand.NewPCG(6, 6))
		matrices := []Matrix{
			{Matrix: random(rng, 3*c.units, c.units, c.density, false), Gates: 3, Rows: true, Cols: []int{0}},
			{Matrix: random(rng, 3*c.units, 64, c.density, false), Gates: 3, Rows: true},
		}
		b.Run(fmt.Sprintf("GRU-%d/%g", c.units, c.density), func(b *testing.B) {
			for b.Loop() {
				o := Units(c.units, matrices, Options{})
				b.ReportMetric(float64(o.Before), "before")
				b.ReportMetric(float64(o.After), "after")
			}
		})
	}
}
