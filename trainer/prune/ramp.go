package prune

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Ramp is the two-slope threshold: strictly between Start and End, at multiples
// of Freq, units whose magnitude is below
//
//	ε = θ·(itr − Start + 1)/Freq                                    before Bend
//	ε = (θ·(Bend − Start + 1) + φ·(itr − Bend + 1))/Freq             from Bend on
//
// are pruned. After that masks stay as they are. The density it ends at is not
// given but follows from the weights; [NewRamp] has the heuristics.
//
// For blocks of N weights, judged by their largest, ε is N^(1/4) times as high
// (Narang, Undersander, Diamos, "Block-Sparse Recurrent Neural Networks", 2017);
// N is the number of weights the block has, fewer at a ragged edge. The steps of
// lane patterns are judged by their root mean square, which is on the scale of
// single weights, and need no factor.
type Ramp struct {
	Start int // start_itr
	Bend  int // ramp_itr: the second slope begins
	End   int // end_itr
	Freq  int // iterations between two masks

	Theta float64 // θ, start_slope: rise of ε in Freq iterations before Bend
	Phi   float64 // φ, ramp_slope: rise of ε in Freq iterations from Bend on
}

// phiOverTheta is the lower end of the paper's 1.5 to 2, for which its formula
// for θ was made.
const phiOverTheta = 1.5

// NewRamp is the ramp that the heuristics of the paper give for a run: Start at
// the start of the 2nd epoch, Bend after 25 % of all iterations, End after 50 %,
//
//	θ = 2·q·freq / (2·(Bend − Start) + 3·(End − Bend)),  φ = 1.5·θ
//
// so that ε reaches about q at the end. q is the 90th percentile of |w| in an
// already trained layer of the kind ([Quantile]); without one, [GuessQ]. The
// paper's freq is 100.
//
// A run of four epochs or fewer has no 2nd epoch before the bend: it starts
// after 5 % of all iterations, where the 2nd of the paper's 20 epochs starts.
func NewRamp(epochs, iterationsPerEpoch, freq int, q float64) (Ramp, error) {
	if epochs < 1 || iterationsPerEpoch < 1 {
		return Ramp{}, fmt.Errorf("ramp: %d epochs of %d iterations, want at least one of each", epochs, iterationsPerEpoch)
	}
	if !(q > 0) || math.IsInf(q, 0) {
		return Ramp{}, fmt.Errorf("ramp: q is %v, want the 90th percentile of the magnitudes of a trained layer", q)
	}
	total := epochs * iterationsPerEpoch
	r := Ramp{Start: iterationsPerEpoch, Bend: total / 4, End: total / 2, Freq: freq}
	if epochs <= 4 {
		r.Start = total / 20
	}
	r.Theta = 2 * q * float64(freq) / float64(2*(r.Bend-r.Start)+3*(r.End-r.Bend))
	r.Phi = phiOverTheta * r.Theta
	return r, r.Validate()
}

// Validate wants 0 ≤ Start ≤ Bend ≤ End, some iteration between Start and End at
// which to prune, and slopes that are not negative.
func (r Ramp) Validate() error {
	switch {
	case r.Freq < 1:
		return fmt.Errorf("ramp: a mask every %d iterations, want at least 1", r.Freq)
	case r.Start < 0 || r.Bend < r.Start || r.End < r.Bend:
		return fmt.Errorf("ramp: start %d, bend %d, end %d: want them in this order", r.Start, r.Bend, r.End)
	case (r.End-1)/r.Freq*r.Freq <= r.Start:
		return fmt.Errorf("ramp: no multiple of %d between iterations %d and %d: nothing would be pruned", r.Freq, r.Start, r.End)
	case !(r.Theta >= 0 && r.Phi >= 0) || math.IsInf(r.Theta+r.Phi, 0):
		return fmt.Errorf("ramp: slopes %v and %v, want them finite and not negative", r.Theta, r.Phi)
	}
	return nil
}

// Due reports whether itr is strictly between Start and End and a multiple of
// Freq.
func (r Ramp) Due(itr int) bool { return itr > r.Start && itr < r.End && itr%r.Freq == 0 }

// WantsDensity is false.
func (r Ramp) WantsDensity() bool { return false }

// Level is the threshold ε.
func (r Ramp) Level(itr int, _ float64) float64 {
	if itr < r.Bend {
		return r.Theta * float64(itr-r.Start+1) / float64(r.Freq)
	}
	return (r.Theta*float64(r.Bend-r.Start+1) + r.Phi*float64(itr-r.Bend+1)) / float64(r.Freq)
}

// Keep prunes the units whose magnitude is below the threshold.
func (r Ramp) Keep(u *sparse.Units, p sparse.Pattern, level float64) *sparse.Mask {
	return u.Above(func(size int) float64 {
		if p.Kind == sparse.KindBlock {
			return level * math.Pow(float64(size), 0.25)
		}
		return level
	})
}
