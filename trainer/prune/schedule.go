package prune

import "github.com/sparsec/sparsec/ir/sparse"

// Schedule says when masks are recomputed and what they keep. Schedules are
// values without state: what they say depends on the iteration alone.
type Schedule interface {
	// Validate reports settings without sense.
	Validate() error
	// Due reports whether masks are recomputed after update itr.
	Due(itr int) bool
	// WantsDensity reports whether the schedule prunes to a target density, and
	// not by a threshold of its own.
	WantsDensity() bool
	// Level is what decides at update itr: a threshold, or the density on the
	// way to the target density.
	Level(itr int, density float64) float64
	// Keep returns the mask that a level gives for the units of a pattern.
	Keep(u *sparse.Units, p sparse.Pattern, level float64) *sparse.Mask
}
