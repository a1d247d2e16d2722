package trainer

import (
	"time"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Times is what the parts of a run took, since it was started or resumed; all are
// 0 without a clock.
type Times struct {
	Data       time.Duration `json:"data_ns"`
	Forward    time.Duration `json:"forward_ns"` // with the loss
	Backward   time.Duration `json:"backward_ns"`
	Optimizer  time.Duration `json:"optimizer_ns"` // with the norm of the gradients
	Pruning    time.Duration `json:"pruning_ns"`
	Validation time.Duration `json:"validation_ns"` // with the test at the end
}

// Total is the sum of all parts.
func (t Times) Total() time.Duration {
	return t.Data + t.Forward + t.Backward + t.Optimizer + t.Pruning + t.Validation
}

// stopwatch returns a function that adds the time since its last call, at first
// since that of stopwatch, to a part.
func (t *Trainer) stopwatch() func(part *time.Duration) {
	last := t.now()
	return func(part *time.Duration) {
		now := t.now()
		*part += now.Sub(last)
		last = now
	}
}

// divide adds the time of passes through the network to both directions, in the
// proportion that the workers had.
func (t *Times) divide(passes time.Duration, workers nn.PassTimes) {
	if sum := workers.Forward + workers.Backward; sum > 0 {
		f := time.Duration(float64(passes) * float64(workers.Forward) / float64(sum))
		t.Forward, t.Backward = t.Forward+f, t.Backward+passes-f
	}
}
