package prune

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Cubic prunes to a target density: sparsity is 0 at Begin and rises to its
// target at End, fast at first and slower as less is left (Zhu and Gupta 2017),
//
//	density(t) = d + (1 − d)·(1 − t)³,  t = (itr − Begin)/(End − Begin).
//
// Masks are recomputed every Freq iterations from Begin on, and at End. After
// that they stay as they are.
type Cubic struct{ Begin, End, Freq int }

// Validate wants 0 ≤ Begin < End and Freq of at least 1.
func (c Cubic) Validate() error {
	if c.Begin < 0 || c.End <= c.Begin || c.Freq < 1 {
		return fmt.Errorf("cubic schedule from iteration %d to %d every %d: want a begin, a later end, and at least every 1", c.Begin, c.End, c.Freq)
	}
	return nil
}

// Due reports whether itr is a whole number of Freq after Begin and not past
// End, or is End.
func (c Cubic) Due(itr int) bool {
	return itr == c.End || itr >= c.Begin && itr < c.End && (itr-c.Begin)%c.Freq == 0
}

// WantsDensity is true.
func (c Cubic) WantsDensity() bool { return true }

// Level is the density at itr on the way to the target density.
func (c Cubic) Level(itr int, density float64) float64 {
	switch {
	case itr <= c.Begin:
		return 1
	case itr >= c.End:
		return density
	}
	left := float64(c.End-itr) / float64(c.End-c.Begin)
	return density + (1-density)*left*left*left
}

// Keep keeps the units of most worth up to the density.
func (c Cubic) Keep(u *sparse.Units, _ sparse.Pattern, level float64) *sparse.Mask {
	return u.Best(level)
}
