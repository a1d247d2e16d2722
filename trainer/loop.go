package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
)

// InterruptedError says that a run was cancelled and how it goes on. It wraps the
// context's error.
type InterruptedError struct {
	Step, Total int
	Checkpoint  string // empty: nothing was saved
	cause       error
}

// Error says how to resume.
func (e *InterruptedError) Error() string {
	if e.Checkpoint == "" {
		return fmt.Sprintf("interrupted after step %d of %d; nothing was saved, for there is no checkpoint path", e.Step, e.Total)
	}
	return fmt.Sprintf("interrupted after step %d of %d; to go on, resume from %s with the same configuration", e.Step, e.Total, e.Checkpoint)
}

// Unwrap returns the context's error.
func (e *InterruptedError) Unwrap() error { return e.cause }

// Run trains to the end. When ctx is cancelled it finishes the step it is at,
// writes the checkpoint and returns an [*InterruptedError]. A run whose loss leaves
// all bounds ends with a [*DivergedError].
func (t *Trainer) Run(ctx context.Context) (*Result, error) {
	t.observeStart()
	for {
		err := t.validateIfDue(ctx)
		if err == nil && t.done() {
			break
		}
		if ctx.Err() != nil {
			return nil, t.interrupt(ctx)
		}
		if err != nil {
			return nil, err
		}
		if err := t.step(); err != nil {
			return nil, err
		}
		if t.at.Step%t.cfg.CheckpointEvery == 0 {
			if err := t.save(); err != nil {
				return nil, err
			}
		}
	}
	return t.finish(ctx)
}

func (t *Trainer) done() bool { return t.at.Stopped || t.at.Step >= t.total }

func (t *Trainer) interrupt(ctx context.Context) error {
	if err := t.save(); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return &InterruptedError{Step: t.at.Step, Total: t.total, Checkpoint: t.opts.Checkpoint, cause: ctx.Err()}
}

// step is one optimiser step: the next batch forward and backward, the update,
// and the masks.
func (t *Trainer) step() error {
	lap := t.stopwatch()
	if err := t.next(); err != nil {
		return err
	}
	lap(&t.times.Data)
	step := t.at.Step
	seed := rand.NewPCG(t.cfg.Seed, dropoutStream+uint64(step)<<8).Uint64()
	t.run.ZerosStay = t.masksStay() && t.pruner.OnlyPrunedZeros(t.masked)
	tally, err := t.run.Step(&t.batch, seed)
	if err != nil {
		return fmt.Errorf("step %d: %w", step, err)
	}
	t.lapPasses(lap)
	if t.masksStay() {
		if err := t.pruner.MaskGradients(t.masked); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
	}
	norm := t.clip()
	if err := t.checkStep(tally, norm); err != nil {
		return err
	}
	rate := t.rates.Rate(step)
	t.optimizer.Step(rate)
	lap(&t.times.Optimizer)
	t.at.Step++
	t.at.Position = t.source.Position()
	t.at.Train.Add(tally)
	if err := t.prune(rate); err != nil {
		return err
	}
	lap(&t.times.Pruning)
	t.observeStep(tally, rate, norm)
	return nil
}

// masksStay reports whether the next step and all behind it keep the masks: the
// gradients of pruned weights then change nothing, and may be left out.
func (t *Trainer) masksStay() bool { return t.pruner != nil && t.at.Step >= t.settled }

// lapPasses divides the time of forward and backward passes.
func (t *Trainer) lapPasses(lap func(*time.Duration)) {
	var passes time.Duration
	lap(&passes)
	t.times.divide(passes, t.run.Elapsed())
}

// next fills the batch, going on to the next epoch.
func (t *Trainer) next() error {
	err := t.source.Next(&t.batch)
	if err == io.EOF {
		err = t.source.Next(&t.batch)
	}
	return err
}

// clip returns the norm that the gradients had.
func (t *Trainer) clip() float64 {
	if limit := t.cfg.Optimizer.ClipNorm; limit > 0 {
		return optim.ClipGlobalNorm(t.trained, limit)
	}
	return optim.GlobalNorm(t.trained)
}

// prune masks the weights that an update with a learning rate left.
func (t *Trainer) prune(rate float64) error {
	if t.pruner == nil {
		return nil
	}
	if lasso := t.cfg.Pruning.Lasso; lasso > 0 && t.at.Step > t.masking.begin && t.at.Step <= t.masking.end {
		if err := t.pruner.Shrink(rate*lasso, t.masked); err != nil {
			return fmt.Errorf("lasso after step %d: %w", t.at.Step, err)
		}
	}
	if err := t.pruner.AfterStep(t.at.Step, t.masked); err != nil {
		return fmt.Errorf("pruning after step %d: %w", t.at.Step, err)
	}
	if t.pruner.Due(t.at.Step) {
		reports := t.pruner.Report()
		t.at.Course.Masks = append(t.at.Course.Masks, maskPoint(t.at.Step, t.density(), reports))
		t.observe(Pruned{Step: t.at.Step, Density: t.density(), Tensors: reports})
	}
	return nil
}

// validateIfDue validates at every interval and at the end, once a step: a run
// that is resumed before the validation of its step has ended begins it again.
func (t *Trainer) validateIfDue(ctx context.Context) error {
	if t.at.Step == t.at.Validated || t.at.Step%t.cfg.ValidateEvery != 0 && t.at.Step < t.total {
		return nil
	}
	lap := t.stopwatch()
	valid, err := t.evaluate(ctx, Valid, t.cfg.ValidLimit)
	lap(&t.times.Validation)
	if err != nil {
		return err
	}
	if err := t.checkValidation(valid.Loss); err != nil {
		return err
	}
	better := t.judge(valid)
	t.observeValidation(valid, better)
	t.at.Course.Validations = append(t.at.Course.Validations, ValidationPoint{
		Step: t.at.Step, Train: t.at.Train.Mean(), Valid: valid.Loss, Density: t.density(),
	})
	t.at.Validated, t.at.Train = t.at.Step, nn.Tally{}
	return nil
}

// judge keeps the values if they are the best since pruning has ended: before
// that they belong to a network that is denser than what was asked for.
func (t *Trainer) judge(valid Score) (better bool) {
	if t.at.Step < t.settled {
		return false
	}
	if t.at.Best == nil || valid.better(*t.at.Best) {
		t.at.Best, t.at.BestStep, t.at.Waited = &valid, t.at.Step, 0
		t.keepBest()
		return true
	}
	t.at.Waited++
	t.at.Stopped = t.cfg.Patience > 0 && t.at.Waited >= t.cfg.Patience
	return false
}

func (t *Trainer) keepBest() {
	if t.best == nil {
		t.best = make([][]float32, len(t.params))
	}
	for i, p := range t.params {
		t.best[i] = append(t.best[i][:0], p.Value...)
	}
}

// evaluate scores the network as it is on a part of the corpus, see [score] for
// the limit.
func (t *Trainer) evaluate(ctx context.Context, p Part, limit int) (Score, error) {
	return score(ctx, t.eval, t.corpus, p, t.validation(), limit)
}

// finish puts the best values in place and makes the result of them.
func (t *Trainer) finish(ctx context.Context) (*Result, error) {
	if err := t.checkBest(); err != nil {
		return nil, err
	}
	if err := t.save(); err != nil {
		return nil, err
	}
	for i, p := range t.params {
		copy(p.Value, t.best[i])
	}
	r := &Result{Steps: t.at.Step, BestStep: t.at.BestStep, Early: t.at.Stopped, Valid: *t.at.Best, Course: t.at.Course}
	if err := t.scoreTest(ctx, r); err != nil {
		if ctx.Err() != nil { // the checkpoint is that of a run that is done
			return nil, &InterruptedError{Step: t.at.Step, Total: t.total, Checkpoint: t.opts.Checkpoint, cause: ctx.Err()}
		}
		return nil, err
	}
	var err error
	if r.Model, err = t.result(); err != nil {
		return nil, err
	}
	if r.Meta, err = t.resultMeta(); err != nil {
		return nil, err
	}
	if t.pruner != nil {
		if err := t.pruner.Adopt(t.masked); err != nil {
			return nil, err
		}
		r.Pruned = t.pruner.Report()
	}
	r.Times = t.times
	t.observeFinish(r)
	return r, nil
}

// scoreTest scores the test part, where there is one.
func (t *Trainer) scoreTest(ctx context.Context, r *Result) error {
	if _, least := t.corpus.smallest(); t.corpus.Len(Test) < least {
		return nil
	}
	lap := t.stopwatch()
	s, err := t.evaluate(ctx, Test, t.cfg.TestLimit)
	lap(&t.times.Validation)
	r.Test = &s
	return err
}
