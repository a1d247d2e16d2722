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

// stepsOf counts the window steps of all matrices with their units in an order.
func stepsOf(matrices []Matrix, order []int) int {
	n := 0
	for _, m := range matrices {
		r, block := reordered(m, order), m.Matrix.Rows/m.Gates
		for gate := range m.Gates {
			n += Steps(&sparse.Matrix{Rows: block, Cols: r.Cols, Data: r.Data[gate*block*r.Cols:][:block*r.Cols]}, nil, Windows)
		}
	}
	return n
}

// TestUnitSwaps holds what a swap is said to change, in the schedules before it
// and as they are kept, against the steps counted anew.
func TestUnitSwaps(t *testing.T) {
	for _, units := range []int{16, 37, 64} {
		for _, density := range []float64{0.03, 0.15, 0.6} {
			t.Run(fmt.Sprintf("%d units, %g", units, density), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(4, uint64(units)))
				u := unitSearch{search: search{order: places(identity(units)), rng: rng}, matrices: layer(rng, units, 21, 3, density)}
				before := u.build()
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
					after := stepsOf(u.matrices, u.rows())
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
			})
		}
	}
}

func TestUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	matrices := layer(rng, 96, 32, 3, 0.1)
	o := Options{Budget: 20_000_000}
	got := Units(96, matrices, o)
	if before, after := stepsOf(matrices, identity(96)), stepsOf(matrices, got.Units); got.Before != before || got.After != after {
		t.Errorf("%d steps before and %d behind, counted anew %d and %d", got.Before, got.After, before, after)
	}
	t.Logf("%d steps, %d before", got.After, got.Before)
	if got.After > got.Before*9/10 {
		t.Errorf("%d steps, want a tenth less than %d", got.After, got.Before)
	}
	if sorted := slices.Sorted(slices.Values(got.Units)); !slices.Equal(sorted, identity(96)) {
		t.Error("not a permutation")
	}
	if again := Units(96, matrices, o); !slices.Equal(again.Units, got.Units) {
		t.Error("another order when run again")
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
