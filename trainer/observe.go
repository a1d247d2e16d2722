package trainer

import (
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/prune"
)

func (t *Trainer) observe(e Event) {
	if t.opts.Observer != nil {
		t.opts.Observer.Observe(e)
	}
}

// now is the zero time without a clock.
func (t *Trainer) now() time.Time {
	if t.opts.Now == nil {
		return time.Time{}
	}
	return t.opts.Now()
}

func (t *Trainer) observeStart() {
	t.started = t.now()
	t.lastStep = t.started
	e := Started{Task: t.cfg.Data.Task, Step: t.at.Step, Total: t.total, PerEpoch: t.source.Batches(), Kernel: kernel()}
	for _, p := range t.trained {
		e.Parameters += len(p.Value)
	}
	if t.pruner != nil {
		_, e.Prunable = prune.Total(t.pruner.Report())
	}
	t.observe(e)
}

// kernel names the registered matrix product.
func kernel() string {
	if k, ok := blas32.Implementation().(interface{ Kernel() string }); ok {
		return k.Kernel()
	}
	return "gonum"
}

func (t *Trainer) observeStep(tally nn.Tally, rate, norm float64) {
	now := t.now()
	e := Stepped{
		Step: t.at.Step, Total: t.total, Epoch: (t.at.Step - 1) / t.source.Batches(),
		Loss: tally.Mean(), Rate: rate, GradNorm: norm, Targets: tally.Count,
	}
	if d := now.Sub(t.lastStep); d > 0 {
		e.Speed = float64(tally.Count) / d.Seconds()
	}
	t.lastStep = now
	t.observe(e)
}

func (t *Trainer) observeValidation(valid Score, best bool) {
	t.observe(Validated{
		Step: t.at.Step, Train: scoreOf(t.cfg.Data.Task, t.at.Train), Valid: valid,
		Best: best, Waited: t.at.Waited, Density: t.density(), Elapsed: t.now().Sub(t.started),
	})
	t.lastStep = t.now() // a validation is no part of a step
}

func (t *Trainer) observeFinish(r *Result) {
	t.observe(Finished{Step: r.Steps, Early: r.Early, Valid: r.Valid, Test: r.Test, Density: t.density(), Elapsed: t.now().Sub(t.started), Times: r.Times})
}

// density is that of all pruned tensors together.
func (t *Trainer) density() float64 {
	if t.pruner == nil {
		return 1
	}
	kept, weights := prune.Total(t.pruner.Report())
	return float64(kept) / float64(max(weights, 1))
}
