package trainer

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/trainer/nn"
)

// A run has diverged when a loss or a gradient is no finite number, when the mean
// loss of a step's batch is more than lostFactor times the trivial loss, when it
// is more than divergedFactor times that for divergedSteps steps in a row, or
// when the best validation of the run is. The loss of the first step is no
// measure: it is small where a trained model goes on, or a series begins with
// silence.
const (
	divergedFactor = 10
	divergedSteps  = 10
	lostFactor     = 1000
)

// DivergedError says that the loss of a run has left all bounds. A run that is
// resumed from a checkpoint of before does so again.
type DivergedError struct {
	Step     int     // of the batch, counted from 0, or steps done before the validation
	Valid    bool    // the loss is of a validation
	Loss     float64 // mean per target
	GradNorm float64 // 0 for a validation
	Trivial  float64 // the loss that needs no network, see [Corpus.Trivial]
	Rate     float64 // learning rate of the step
}

// Error says what was seen and what to change.
func (e *DivergedError) Error() string {
	what := fmt.Sprintf("loss %.4g with a gradient of norm %.4g at rate %.4g", e.Loss, e.GradNorm, e.Rate)
	if e.Valid {
		what = fmt.Sprintf("validation loss %.4g", e.Loss)
	}
	return fmt.Sprintf("step %d: %s, where %.4g needs no network: training has diverged, want a lower rate, more warmup or a lower clip_norm", e.Step, what, e.Trivial)
}

// checkStep judges the loss and the gradient of a step before it is taken.
func (t *Trainer) checkStep(tally nn.Tally, norm float64) error {
	loss := tally.Mean()
	if above(loss, divergedFactor*t.trivial) {
		t.at.Diverging++
	} else {
		t.at.Diverging = 0
	}
	if finite(loss) && finite(norm) && t.at.Diverging < divergedSteps && !above(loss, lostFactor*t.trivial) {
		return nil
	}
	return &DivergedError{Step: t.at.Step, Loss: loss, GradNorm: norm, Trivial: t.trivial, Rate: t.rates.Rate(t.at.Step)}
}

// checkValidation judges the loss of a validation. One that is merely high may
// be that of a step from which training recovers.
func (t *Trainer) checkValidation(loss float64) error {
	if finite(loss) {
		return nil
	}
	return &DivergedError{Step: t.at.Step, Valid: true, Loss: loss, Trivial: t.trivial}
}

// checkBest refuses a result that is worse than any answer without a network.
func (t *Trainer) checkBest() error {
	if !above(t.at.Best.Loss, divergedFactor*t.trivial) {
		return nil
	}
	return &DivergedError{Step: t.at.BestStep, Valid: true, Loss: t.at.Best.Loss, Trivial: t.trivial}
}

// above reports whether a loss exceeds a bound, of which 0 is none: where all
// targets are 0 there is nothing to compare with.
func above(loss, bound float64) bool { return bound > 0 && loss > bound }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Trivial is a loss per target that needs no network, for divergence to be
// measured by: of classes that of equal probabilities, ln(Outputs), of transcripts
// the same in every frame of one alignment, and of frames the largest squared
// target of the training and validation parts, which the answer 0 exceeds in no
// batch.
func (c *Corpus) Trivial() float64 {
	uniform := math.Log(float64(c.Outputs))
	switch c.Task {
	case Frames:
		return c.largestSquare()
	case CTC:
		frames, classes := 0, 0
		for _, e := range c.parts[Train].set.Examples {
			frames += len(e.Values) / c.Input.Width
			classes += len(e.Classes)
		}
		return uniform * float64(frames) / float64(classes)
	}
	return uniform
}

// largestSquare is of the targets of frames.
func (c *Corpus) largestSquare() float64 {
	largest := 0.0
	for p := Train; p <= Valid; p++ {
		for _, values := range c.parts[p].targets() {
			for _, v := range values {
				largest = max(largest, float64(v)*float64(v))
			}
		}
	}
	return largest
}

// targets are the vectors that frames are answered with, of every series.
func (c content) targets() [][]float32 {
	if c.set == nil {
		return [][]float32{c.target.Values}
	}
	all := make([][]float32, len(c.set.Examples))
	for i, e := range c.set.Examples {
		all[i] = e.Targets
	}
	return all
}
