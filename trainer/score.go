package trainer

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Score is how well a network does on some data.
type Score struct {
	Metric Metric  `json:"metric"`
	Value  float64 `json:"value"` // of the metric: bits per character and squared error are better the lower, accuracy the higher
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
	}
	return s
}

// String is the value with its unit.
func (s Score) String() string {
	switch s.Metric {
	case BitsPerChar:
		return fmt.Sprintf("%.3f bits/char", s.Value)
	case Accuracy:
		return fmt.Sprintf("%.2f %% correct", 100*s.Value)
	}
	return fmt.Sprintf("squared error %.4g", s.Value)
}
