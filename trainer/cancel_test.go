package trainer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// countdown is a context that is cancelled when it has been asked so many times:
// it reaches every place where a run looks, also between two batches of a
// validation and of the test.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelAnywhere cancels a run, resumes it, and cancels and resumes that, at
// places drawn at random, until it ends: with the bits of a run left alone.
func TestCancelAnywhere(t *testing.T) {
	c := tiny(t, Text)
	c.Model.Dropout, c.CheckpointEvery = 0.2, 11
	c.Pruning = PruningConfig{Density: 0.2, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}}
	var places countdown
	places.Context, places.left = t.Context(), 1<<30
	whole, err := Run(&places, c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	asked := 1<<30 - places.left
	if asked <= 120+3 {
		t.Fatalf("the run looks at its context %d times, want more often than it steps and validates", asked)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for trial := range 6 {
		path := filepath.Join(t.TempDir(), "state")
		var at []int
		var got *Result
		for resume := false; got == nil; resume = true {
			ctx := &countdown{Context: t.Context(), left: r.IntN(asked)}
			at = append(at, ctx.left)
			var err error
			got, err = Run(ctx, c, Options{Checkpoint: path, Resume: resume})
			var interrupted *InterruptedError
			if err != nil && !errors.As(err, &interrupted) {
				t.Fatalf("trial %d, cancelled at %d: %v", trial, at, err)
			}
		}
		if !sameBits(got.Model, whole.Model) || got.Valid != whole.Valid || *got.Test != *whole.Test || got.BestStep != whole.BestStep {
			t.Errorf("trial %d, cancelled at %d: ends elsewhere: %v at %d, want %v at %d", trial, at, got.Valid, got.BestStep, whole.Valid, whole.BestStep)
		}
	}
}

// TestCancelWithinValidation: a validation that is cancelled is done again, whole.
func TestCancelWithinValidation(t *testing.T) {
	c := tiny(t, Text)
	c.Steps, c.ValidateEvery = 4, 2
	validations := func(events *[]string) Observer {
		return ObserverFunc(func(e Event) {
			if v, ok := e.(Validated); ok {
				*events = append(*events, fmt.Sprint(v.Step, v.Valid, v.Train))
			}
		})
	}
	var want []string
	whole := run(t, c, Options{Observer: validations(&want)})
	path := filepath.Join(t.TempDir(), "state")
	var got []string
	// A look a step, and one a batch of the validation behind step 2: this one is
	// between its second batch and its third.
	ctx := &countdown{Context: t.Context(), left: 2 + 2}
	_, err := Run(ctx, c, Options{Checkpoint: path, Observer: validations(&got)})
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) || interrupted.Step != 2 || len(got) != 0 {
		t.Fatalf("error %v after %v, want an interruption within the validation after step 2", err, got)
	}
	r := run(t, c, Options{Checkpoint: path, Resume: true, Observer: validations(&got)})
	if fmt.Sprint(got) != fmt.Sprint(want) || !sameBits(r.Model, whole.Model) {
		t.Errorf("validations %v, want %v and the same model", got, want)
	}
}
