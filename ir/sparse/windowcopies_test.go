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

// TestCopiesSave holds that copies take fewer steps than windows of one copy, still
// fewer after a search, and that what the cost model counts is what would be packed
// without one.
func TestCopiesSave(t *testing.T) {
	for _, row := range []struct{ density, saved, searched float64 }{{0.05, 0.18, 0.03}, {0.1, 0.14, 0.03}, {0.2, 0.11, 0.03}} {
		m := randomMatrix(rand.New(rand.NewPCG(3, 4)), 160, 384, row.density)
		_, plain := WindowSteps(m, NarrowWindow, Fixed)
		groups, steps, shifted := CopiesSteps(m)
		if saved := 1 - float64(steps)/float64(plain); saved < row.saved || groups != 20 {
			t.Errorf("density %g: copies save %.1f %% of %d steps in %d groups, want %.0f in 20", row.density, 100*saved, plain, groups, 100*row.saved)
		}
		w, err := PackWindowCopies(m)
		if err != nil {
			t.Fatal(err)
		}
		if saved := 1 - float64(w.Steps())/float64(steps); saved < row.searched {
			t.Errorf("density %g: the search saves %.1f %% of %d steps, want %.0f", row.density, 100*saved, steps, 100*row.searched)
		}
		packed, err := newColumnCopies(m.Cols).pack(m, 0)
		if err != nil {
			t.Fatal(err)
		}
		counted := 0
		for g := range groups {
			if packed.Decoding(g) == Exponent {
				counted += packed.Start(g+1) - packed.Start(g)
			}
		}
		if packed.Steps() != steps || shifted != counted {
			t.Errorf("density %g: %d steps, %d of them shifted, without a search %d, %d", row.density, steps, shifted, packed.Steps(), counted)
		}
	}
}
