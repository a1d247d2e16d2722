package prune

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// OneShot prunes to the target density once, after update At, which the paper
// calls hard pruning.
type OneShot struct{ At int }

// Validate wants an iteration that is not negative.
func (o OneShot) Validate() error {
	if o.At < 0 {
		return fmt.Errorf("one-shot pruning at iteration %d: want 0 or more", o.At)
	}
	return nil
}

// Due reports whether itr is At.
func (o OneShot) Due(itr int) bool { return itr == o.At }

// WantsDensity is true.
func (o OneShot) WantsDensity() bool { return true }

// Level is 1 before At and the target density from then on.
func (o OneShot) Level(itr int, density float64) float64 {
	if itr < o.At {
		return 1
	}
	return density
}

// Keep keeps the units of most worth up to the density.
func (o OneShot) Keep(u *sparse.Units, _ sparse.Pattern, level float64) *sparse.Mask {
	return u.Best(level)
}

// Once prunes parameters where they are, without training, and reports what is
// left. Options have no schedule.
func Once(o Options, params []Param) ([]Report, error) {
	if o.Schedule != nil {
		return nil, fmt.Errorf("one-shot pruning: options have a schedule of type %T, want none", o.Schedule)
	}
	o.Schedule = OneShot{}
	p, err := New(o, params)
	if err != nil {
		return nil, err
	}
	if err := p.AfterStep(0, params); err != nil {
		return nil, err
	}
	return p.Report(), nil
}
