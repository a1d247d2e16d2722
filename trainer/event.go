package trainer

import (
	"time"

	"github.com/sparsec/sparsec/trainer/prune"
)

// Observer is told how a run goes. It is called from the goroutine of the run,
// which waits for it.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that observes.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Event is one of Started, Stepped, Pruned, Validated, Saved and Finished.
type Event interface {
	// Name is the event's word in JSON lines.
	Name() string
}

// Started is the first event.
type Started struct {
	Task       Task   `json:"task"`
	Step       int    `json:"step"`  // above 0 when a run goes on from a checkpoint
	Total      int    `json:"total"` // steps
	PerEpoch   int    `json:"steps_per_epoch"`
	Parameters int    `json:"parameters"`
	Prunable   int    `json:"prunable"` // weights among them that are pruned
	Kernel     string `json:"kernel"`   // what multiplies matrices: "avx512", "avx2" or "gonum"
}

// Stepped comes after every optimiser step.
type Stepped struct {
	Step     int     `json:"step"` // steps done
	Total    int     `json:"total"`
	Epoch    int     `json:"epoch"` // counted from 0
	Loss     float64 `json:"loss"`  // mean of this step's batch
	Rate     float64 `json:"rate"`
	GradNorm float64 `json:"grad_norm"` // before clipping
	Targets  int     `json:"targets"`   // of this step's batch
	// Speed is in targets a second since the last event of this kind; 0 without a
	// clock.
	Speed float64 `json:"targets_per_second"`
}

// Pruned comes after a step that has recomputed masks.
type Pruned struct {
	Step    int            `json:"step"`
	Density float64        `json:"density"` // of all pruned tensors together
	Tensors []prune.Report `json:"-"`
}

// Validated comes after a validation.
type Validated struct {
	Step    int           `json:"step"`
	Train   Score         `json:"train"` // over the steps since the last validation
	Valid   Score         `json:"valid"`
	Best    bool          `json:"best"`    // the best since pruning has ended: the lowest loss, of transcripts the fewest errors
	Waited  int           `json:"waited"`  // validations since the best one
	Density float64       `json:"density"` // of all pruned tensors together; 1 without pruning
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Saved comes after a checkpoint.
type Saved struct {
	Step int    `json:"step"`
	Path string `json:"path"`
}

// Finished is the last event of a run that was not cancelled and did not fail.
type Finished struct {
	Step    int           `json:"step"`
	Early   bool          `json:"early"` // stopped by Patience
	Valid   Score         `json:"valid"` // of the result
	Test    *Score        `json:"test,omitempty"`
	Density float64       `json:"density"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Times   Times         `json:"times"`
}

func (Started) Name() string   { return "started" }
func (Stepped) Name() string   { return "step" }
func (Pruned) Name() string    { return "pruned" }
func (Validated) Name() string { return "validated" }
func (Saved) Name() string     { return "saved" }
func (Finished) Name() string  { return "finished" }
