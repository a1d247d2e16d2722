package sparse

import (
	"math/rand/v2"
	"testing"
)

// TestColumnCopies holds that every copy has every column once, where its tiles say.
func TestColumnCopies(t *testing.T) {
	for _, cols := range []int{1, 63, 64, 65, 384, 512} {
		c := newColumnCopies(cols)
		src := make([]float32, cols)
		for i := range src {
			src[i] = float32(i + 1)
		}
		x := c.spread(src)
		for column, places := range c.positions {
			for k, p := range places {
				if int(p)/c.padded != k || x[p] != src[column] {
					t.Errorf("%d columns: column %d of copy %d is %v at place %d", cols, column, k, x[p], p)
				}
			}
		}
		for i := range c.tiles.len() {
			tile, row := i/lanes, i%lanes
			for q := range lanes {
				want := float32(0)
				if column := int(c.tiles.at(i)) + q; column < cols {
					want = src[column]
				}
				if got := x[c.padded+copiesColumns*tile+lanes*q+row]; got != want {
					t.Errorf("%d columns: element %d, %d of tile %d is %v, want %v", cols, q, row, tile, got, want)
				}
			}
		}
	}
}

// TestCopiesSave holds that copies take fewer steps than windows of one copy, and
// that what the cost model counts is what is packed.
func TestCopiesSave(t *testing.T) {
	for _, row := range []struct{ density, saved float64 }{{0.05, 0.18}, {0.1, 0.14}, {0.2, 0.11}} {
		m := randomMatrix(rand.New(rand.NewPCG(3, 4)), 160, 700, row.density)
		_, plain := WindowSteps(m, NarrowWindow)
		w, err := PackWindowCopies(m)
		if err != nil {
			t.Fatal(err)
		}
		if saved := 1 - float64(w.Steps())/float64(plain); saved < row.saved {
			t.Errorf("density %g: copies save %.1f %% of %d steps, want %.0f", row.density, 100*saved, plain, 100*row.saved)
		}
		groups, steps, shifted := CopiesSteps(m)
		counted := 0
		for _, p := range w.Panels() {
			for g := range p.Windows.Rows() / lanes {
				if p.Windows.Decoding(g) == Exponent {
					counted += p.Windows.Start(g+1) - p.Windows.Start(g)
				}
			}
		}
		if steps != w.Steps() || groups != 2*20 || shifted != counted {
			t.Errorf("density %g: %d steps of %d groups, %d shifted; packed %d of 40, %d", row.density, steps, groups, shifted, w.Steps(), counted)
		}
	}
}
