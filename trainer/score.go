package trainer

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Score is how well a network does on some data.
type Score struct {
	Metric Metric  `json:"metric"`
	Value  float64 `json:"value"` // of the metric: accuracy is better the higher, all others the lower
	Loss   float64 `json:"loss"`  // mean per target, which training lowers: nats, or the squared error
	Count  int     `json:"count"` // targets
}

// scoreOf turns a tally into the metric of a task.
func scoreOf(t Task, tally nn.Tally) Score {
	s := Score{Metric: t.Metric(), Loss: tally.Mean(), Count: tally.Count}
	switch s.Metric {
	case BitsPerChar:
		s.Value = s.Loss / math.Ln2
	case Accuracy:
		s.Value = tally.Accuracy()
	case MeanSquaredError:
		s.Value = s.Loss
	case CharErrorRate:
		s.Value = float64(tally.Edits) / float64(max(tally.Count, 1))
	}
	return s
}

// better says which of two validations is kept: that of the lower loss, but of
// transcripts that with fewer errors, which the loss does not count.
func (s Score) better(than Score) bool {
	if s.Metric == CharErrorRate && s.Value != than.Value {
		return s.Value < than.Value
	}
	return s.Loss < than.Loss
}

// String is the value with its unit.
func (s Score) String() string {
	switch s.Metric {
	case BitsPerChar:
		return fmt.Sprintf("%.3f bits/char", s.Value)
	case Accuracy:
		return fmt.Sprintf("%.2f %% correct", 100*s.Value)
	case CharErrorRate:
		return fmt.Sprintf("CER %.2f %%", 100*s.Value)
	}
	return fmt.Sprintf("squared error %.4g", s.Value)
}
