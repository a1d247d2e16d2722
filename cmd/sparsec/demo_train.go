package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/gemm"
)

// trainBoth trains a dense model and the sparse one of the configuration, on
// the same batches from the same start, at the same time and each on one core.
// On a machine on which that would take longer than limit, it makes fewer steps.
func trainBoth(ctx context.Context, c *trainer.Corpus, sparse trainer.Config, limit time.Duration, p *demoProgress) (denseRun, sparseRun *trainer.Result, err error) {
	gemm.Register(1) // each run is a worker of its own
	if sparse.Steps, err = affordableSteps(ctx, c, sparse, limit); err != nil {
		return nil, nil, err
	}
	sparse.Optimizer.Warmup = sparse.Steps / 20
	dense := sparse
	dense.Pruning = trainer.PruningConfig{}
	var results [2]*trainer.Result
	err = bothAtOnce(ctx, func(ctx context.Context, i int) (err error) {
		cfg := [...]trainer.Config{dense, sparse}[i]
		results[i], err = trainer.Run(ctx, cfg, trainer.Options{Name: demoPackage, Corpus: c, Observer: p.observer(i)})
		return err
	})
	p.finish()
	return results[0], results[1], err
}

// bothAtOnce calls f for 0 and 1 side by side. When one fails the other is
// cancelled, and the error is that of the one that failed.
func bothAtOnce(ctx context.Context, f func(ctx context.Context, i int) error) error {
	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for i := range 2 {
		wait.Go(func() {
			if err := f(both, i); err != nil {
				cancel(err) // the first cause stays
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(both)
}

// probeSteps are timed to know what the machine can afford.
const probeSteps = 12

// affordableSteps is the number of steps that fit into the limit: those wanted,
// if the machine is fast enough.
func affordableSteps(ctx context.Context, c *trainer.Corpus, cfg trainer.Config, limit time.Duration) (int, error) {
	cfg.Pruning = trainer.PruningConfig{}
	var each [2]time.Duration
	err := bothAtOnce(ctx, func(ctx context.Context, i int) error {
		probe, stop := context.WithCancel(ctx)
		defer stop()
		var first time.Time
		_, err := trainer.Run(probe, cfg, trainer.Options{Corpus: c, Observer: trainer.ObserverFunc(func(e trainer.Event) {
			step, ok := e.(trainer.Stepped)
			switch {
			case ok && step.Step == 1: // the one that allocates
				first = time.Now()
			case ok && step.Step == 1+probeSteps:
				each[i] = time.Since(first) / probeSteps
				stop()
			}
		})})
		if ctx.Err() == nil && errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	slowest := max(each[0], each[1])
	if slowest <= 0 {
		return cfg.Steps, nil // fewer steps than the probe has
	}
	return max(min(cfg.Steps, int(limit/slowest)), min(cfg.Steps, minDemoSteps)), nil
}

// minDemoSteps are made however long they take.
const minDemoSteps = 40

// observer reports run i of the progress.
func (p *demoProgress) observer(i int) trainer.Observer {
	kept := ""
	var mean smoothed
	return trainer.ObserverFunc(func(e trainer.Event) {
		switch e := e.(type) {
		case trainer.Pruned:
			kept = fmt.Sprintf(", %.0f %% of weights", 100*e.Density)
		case trainer.Stepped:
			p.report(i, e.Step, e.Total, fmt.Sprintf("%.2f bits/char%s", mean.add(bitsOf(e.Loss)), kept))
		}
	})
}

// smoothed is a mean over about the last fifty numbers.
type smoothed struct {
	mean  float64
	count int
}

func (s *smoothed) add(x float64) float64 {
	s.count = min(s.count+1, 50)
	s.mean += (x - s.mean) / float64(s.count)
	return s.mean
}
