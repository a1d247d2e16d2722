package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// objectives are those that rows climb by.
var objectives = []Objective{Windows, Chunks8, Chunks32}

// random is a matrix whose rows have weights with the given density, or, if
// uneven, up to twice as many or none.
func random(rng *rand.Rand, rows, cols int, density float64, uneven bool) *sparse.Matrix {
	m := sparse.NewMatrix(rows, cols)
	for r := range rows {
		d := density
		if uneven {
			d *= 2 * rng.Float64()
		}
		for c := range cols {
			if rng.Float64() < d {
				m.Row(r)[c] = 1
			}
		}
	}
	return m
}

// TestDeltas holds what a swap is said to change against the steps counted anew
// after it, for matrices of ragged groups and chunks.
func TestDeltas(t *testing.T) {
	for _, size := range [][2]int{{24, 8}, {40, 64}, {43, 131}, {100, 7}, {64, 300}} {
		for _, density := range []float64{0.02, 0.1, 0.5, 1} {
			t.Run(fmt.Sprintf("%d×%d, %g", size[0], size[1], density), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, uint64(size[0])))
				m := random(rng, size[0], size[1], density, density < 0.5)
				for _, o := range objectives {
					checkDeltas(t, m, o, rng)
				}
			})
		}
	}
}

// scorer is what counts and windows have in common.
type scorer interface {
	delta(i, j int) int
	swapped(i, j int)
}

func checkDeltas(t *testing.T, m *sparse.Matrix, o Objective, rng *rand.Rand) {
	s := search{m: m, rng: rng}
	for r := range m.Rows {
		s.order = append(s.order, int32(r))
	}
	var score scorer = newCounts(m, o.tile(), s.order, &s.spent)
	if o == Windows {
		score = newWindows(m, s.order, &s.spent)
	}
	before := Steps(m, nil, o)
	for n := 0; n < 20; {
		i, j, ok := s.pair(o.tile().rows)
		if !ok {
			continue
		}
		delta := score.delta(i, j)
		s.swap(i, j)
		score.swapped(i, j)
		after := Steps(m, s.rows(), o)
		if after-before != delta {
			t.Fatalf("%v: swap of %d and %d: from %d to %d steps, announced as %+d", o, i, j, before, after, delta)
		}
		before = after
		n++
	}
}

// TestRows holds that orders are permutations, the same every time, and better
// by what a search of this length has been seen to reach, with a margin.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	m := random(rng, 512, 128, 0.1, false)
	for _, c := range []struct {
		objective Objective
		perStep   float64 // weights, of 3.9, 3.0 and 7.9 as it is
	}{{Windows, 4.9}, {Chunks8, 4.2}, {Chunks32, 11.3}, {Overlapping32, 11.3}} {
		o := Options{Objective: c.objective, Budget: 50_000_000}
		order := Rows(m, o)
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, identity(m.Rows)) {
			t.Fatalf("%v: not a permutation", c.objective)
		}
		if !slices.Equal(order, Rows(m, o)) {
			t.Errorf("%v: another order when run again", c.objective)
		}
		got := float64(m.NNZ()) / float64(Steps(m, order, c.objective))
		t.Logf("%v: %.2f weights a step, %.2f before", c.objective, got, float64(m.NNZ())/float64(Steps(m, nil, c.objective)))
		if got < c.perStep {
			t.Errorf("%v: %.2f weights a step, want %.2f", c.objective, got, c.perStep)
		}
	}
}

// TestRowsNeverWorse holds that an order that is good already is kept.
func TestRowsNeverWorse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		m := random(rng, 1+rng.IntN(50), 1+rng.IntN(90), rng.Float64(), true)
		for _, o := range append(objectives, Overlapping32) {
			order := Rows(m, Options{Objective: o, Budget: 10_000})
			if before, after := Steps(m, nil, o), Steps(m, order, o); after > before {
				t.Errorf("%v of %d×%d: %d steps, %d before", o, m.Rows, m.Cols, after, before)
			}
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, c := range []struct {
		rows, cols int
		density    float64
	}{{512, 128, 0.1}, {1760, 1760, 0.05}} {
		m := random(rand.New(rand.NewPCG(7, 1)), c.rows, c.cols, c.density, false)
		for _, o := range objectives {
			b.Run(fmt.Sprintf("%d×%d/%g/%v", c.rows, c.cols, c.density, o), func(b *testing.B) {
				for b.Loop() {
					order := Rows(m, Options{Objective: o})
					b.ReportMetric(float64(m.NNZ())/float64(Steps(m, order, o)), "weights/step")
				}
			})
		}
	}
}
