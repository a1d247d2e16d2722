package prune

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// RigL trains at one density from Begin on and moves the weights that are kept
// (Evci et al., "Rigging the Lottery", 2020): every Freq iterations up to End a
// share of them, those of least magnitude, is dropped, and as many others, those
// whose gradients are largest, grow from zero. The share falls from Renew to 0
// along half a cosine.
//
// The first mask, at Begin, keeps the largest weights, where the paper draws one
// at random. In a pattern units are dropped and grown, by the root mean square of
// their weights and gradients.
type RigL struct {
	Begin, End, Freq int
	Renew            float64 // share of the kept weights that the first exchange replaces; 0.3 in the paper
}

// Validate wants 0 ≤ Begin < End, Freq of at least 1 and Renew from 0 to less
// than 1.
func (r RigL) Validate() error {
	if r.Begin < 0 || r.End <= r.Begin || r.Freq < 1 {
		return fmt.Errorf("rigl from iteration %d to %d every %d: want a begin, a later end, and at least every 1", r.Begin, r.End, r.Freq)
	}
	if !(r.Renew >= 0 && r.Renew < 1) {
		return fmt.Errorf("rigl: renews a share of %v, want 0 to less than 1", r.Renew)
	}
	return nil
}

// Due reports whether itr is Begin or a whole number of Freq later, up to End.
func (r RigL) Due(itr int) bool { return itr >= r.Begin && itr <= r.End && (itr-r.Begin)%r.Freq == 0 }

// WantsDensity is true.
func (r RigL) WantsDensity() bool { return true }

// Level is the density, from Begin on.
func (r RigL) Level(itr int, density float64) float64 {
	if itr < r.Begin {
		return 1
	}
	return density
}

// Keep keeps the units of most worth up to the density: the first mask.
func (r RigL) Keep(u *sparse.Units, _ sparse.Pattern, level float64) *sparse.Mask {
	return u.Best(level)
}

// Share is the share of the kept weights that is replaced at itr.
func (r RigL) Share(itr int) float64 {
	return r.Renew / 2 * (1 + math.Cos(math.Pi*float64(itr-r.Begin)/float64(r.End-r.Begin)))
}

// grows reports whether weights are exchanged at itr, and not chosen anew.
func (r RigL) grows(itr int) bool { return itr > r.Begin }

// renew returns the mask that drops a share of what a part keeps and grows as
// much by gradient. Weights outside the mask before were moved by an update that
// does not count: they are set to zero, from which they grow.
func (t *tensor) renew(part *part, share float64, before *sparse.Mask, p *Param) (*sparse.Mask, error) {
	if len(p.Grad) != len(p.Value) {
		return nil, fmt.Errorf("%d gradients, want %d, by which weights grow", len(p.Grad), len(p.Value))
	}
	before.Or(t.rowsOf(part).Not()).Apply(p.matrix())
	units, err := part.units(p.matrix())
	if err != nil {
		return nil, err
	}
	stay := units.Best(part.level * (1 - share)).And(before)
	part.threshold = units.Least(stay)
	if units, err = part.units(certainWhere(stay, p.gradient())); err != nil {
		return nil, err
	}
	return units.Best(part.level), nil
}

// certainWhere are scores of which those of a mask are kept for certain.
func certainWhere(mask *sparse.Mask, scores *sparse.Matrix) *sparse.Matrix {
	m := &sparse.Matrix{Rows: scores.Rows, Cols: scores.Cols, Data: make([]float32, len(scores.Data))}
	copy(m.Data, scores.Data)
	for r := range m.Rows {
		for c := range mask.Row(r) {
			m.Data[r*m.Cols+c] = certain
		}
	}
	return m
}
