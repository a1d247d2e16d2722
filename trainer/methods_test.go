package trainer

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/prune"
)

var block4 = sparse.Pattern{Kind: sparse.KindBlock, R: 4, C: 1}

// TestMethods: every way of pruning ends at its density, also when the run is
// cancelled on the way and goes on, with the same bits and the same course.
func TestMethods(t *testing.T) {
	for _, row := range []struct {
		name    string
		p       PruningConfig
		first   int // step of the first mask
		density float64
	}{
		{"rigl", PruningConfig{Schedule: "rigl", Density: 0.25, Begin: -1, Freq: 10}, 1, 0.25},
		{"hard at an epoch", PruningConfig{Schedule: "oneshot", AtEpoch: 1, Density: 0.25}, 0, 0.25},
		{"lasso", PruningConfig{Density: 0.25, Pattern: block4, Lasso: 0.1}, 0, 0.25},
		{"diagonal", PruningConfig{Density: 0.25, Diagonal: true}, 0, 0.25},
		{"gates", PruningConfig{Density: 0.25, Rules: []string{"*_hh[z]=0.4", "*_hh[r]=0.3", "*_hh[n]=0.5"}}, 0, 0.32},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := tiny(t, Text)
			c.Pruning = row.p
			whole := run(t, c, Options{})
			kept, weights := prune.Total(whole.Pruned)
			if d := float64(kept) / float64(weights); math.Abs(d-row.density) > 0.05 {
				t.Errorf("density %v, want about %v", d, row.density)
			}
			masks := whole.Course.Masks
			if len(masks) == 0 || row.first != 0 && masks[0].Step != row.first {
				t.Fatalf("masks %+v, want the first at step %d", masks, row.first)
			}
			if last := masks[len(masks)-1]; last.Density != float64(kept)/float64(weights) || !(last.Parts[0].Threshold > 0) {
				t.Errorf("course ends with %+v, want the density of the result and a threshold", last)
			}
			checkResumed(t, c, whole, masks[0].Step+3)
		})
	}
}

// checkResumed cancels a run after a step and goes on.
func checkResumed(t *testing.T, c Config, whole *Result, step int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train.state")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, c, Options{Checkpoint: path, Observer: cancelAt{cancel, step, "step"}})
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) {
		t.Fatalf("error %v, want an interruption", err)
	}
	r := run(t, c, Options{Checkpoint: path, Resume: true})
	if !sameBits(r.Model, whole.Model) || !reflect.DeepEqual(r.Course, whole.Course) {
		t.Errorf("a run resumed after step %d ends elsewhere", step)
	}
}

// TestHardAtEpoch: one mask, when the epoch is done.
func TestHardAtEpoch(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning = PruningConfig{Schedule: "oneshot", AtEpoch: 2, Density: 0.5}
	perEpoch := 0
	r := run(t, c, Options{Observer: ObserverFunc(func(e Event) {
		if s, ok := e.(Started); ok {
			perEpoch = s.PerEpoch
		}
	})})
	if len(r.Course.Masks) != 1 || r.Course.Masks[0].Step != 2*perEpoch {
		t.Errorf("masks %+v, want one at step %d", r.Course.Masks, 2*perEpoch)
	}
	c.Pruning.AtEpoch = 1000
	if _, err := New(c, Options{}); err == nil || !strings.Contains(err.Error(), "want it to end before the run does") {
		t.Errorf("error %v, want that pruning ends too late", err)
	}
}

// TestLassoPulls: what the lasso leaves of the blocks before they are pruned is
// smaller than without.
func TestLassoPulls(t *testing.T) {
	size := func(lasso float64) float64 {
		c := tiny(t, Text)
		c.Pruning = PruningConfig{Schedule: "oneshot", Density: 0.25, Pattern: block4, Lasso: lasso, Begin: -1}
		return run(t, c, Options{}).Course.Masks[0].Parts[1].Threshold
	}
	if with, without := size(0.5), size(0); !(with < 0.9*without) {
		t.Errorf("the least block kept has %v with a lasso and %v without, want less", with, without)
	}
}

// TestKeptDiagonal: every unit keeps its weights to itself, although few others.
func TestKeptDiagonal(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning = PruningConfig{Density: 0.1, Diagonal: true}
	m := run(t, c, Options{}).Model.Param("gru0.weight_hh")
	for r := range m.Shape[0] {
		if m.Data[r*16+r%16] == 0 {
			t.Fatalf("row %d has lost its diagonal", r)
		}
	}
}

// TestQOf takes the thresholds of a ramp from a dense run, one for each type of
// matrix, and the ramp ends near the density that the share stands for.
func TestQOf(t *testing.T) {
	c := tiny(t, Text)
	c.Model.Hidden = []int{16, 12}
	dense := run(t, c, Options{})
	q, err := QOf(dense.Model, 0.75)
	if err != nil {
		t.Fatal(err)
	}
	var recurrent []float32
	for _, name := range []string{"gru0.weight_hh", "gru1.weight_hh"} {
		recurrent = append(recurrent, dense.Model.Param(name).Data...)
	}
	want := map[string]float64{
		"*.weight_hh": prune.Quantile(recurrent, 0.75),
		"*.weight_ih": q["*.weight_ih"],
		"*.weight":    prune.Quantile(dense.Model.Param("out.weight").Data, 0.75),
	}
	if !reflect.DeepEqual(q, want) || !(q["*.weight_ih"] > 0) {
		t.Errorf("q is %v, want %v", q, want)
	}
	c.Pruning = PruningConfig{Schedule: "ramp", QOf: q, Freq: 2}
	r := run(t, c, Options{})
	kept, weights := prune.Total(r.Pruned)
	if d := float64(kept) / float64(weights); d < 0.1 || d > 0.5 {
		t.Errorf("density %v, want one near 0.25", d)
	}
	for _, share := range []float64{0, 1, math.NaN()} {
		if _, err := QOf(dense.Model, share); err == nil {
			t.Errorf("a share of %v is taken", share)
		}
	}
	c.Pruning = PruningConfig{Schedule: "oneshot", Density: 0.1}
	if _, err := QOf(run(t, c, Options{}).Model, 0.75); err == nil || !strings.Contains(err.Error(), "want a model that is not pruned") {
		t.Errorf("error %v, want that the model is pruned", err)
	}
}

// TestTimes: by a clock that ticks at every look, each part takes its time; there
// is none without a clock, and the bits are the same.
func TestTimes(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning.Density = 0.2
	c.Workers = 2
	plain := run(t, c, Options{})
	timed := run(t, c, Options{Now: time.Now})
	if plain.Times != (Times{}) {
		t.Errorf("times %+v without a clock", plain.Times)
	}
	for i, part := range []time.Duration{timed.Times.Data, timed.Times.Forward, timed.Times.Backward, timed.Times.Optimizer, timed.Times.Pruning, timed.Times.Validation} {
		if part <= 0 || part >= timed.Times.Total() {
			t.Errorf("part %d took %v of %v", i, part, timed.Times.Total())
		}
	}
	if !sameBits(plain.Model, timed.Model) {
		t.Error("a clock changes the result")
	}
}

func TestMethodsRefused(t *testing.T) {
	for _, row := range []struct {
		p    PruningConfig
		want string
	}{
		{PruningConfig{Schedule: "cubic", Renew: 0.3}, "pruning.renew: 0.3 with schedule cubic"},
		{PruningConfig{Schedule: "cubic", AtEpoch: 3}, "pruning.at_epoch: 3 with schedule cubic"},
		{PruningConfig{Schedule: "oneshot", AtEpoch: 3, End: 0.4}, "pruning.at_epoch: 3 with schedule oneshot and end 0.4"},
		{PruningConfig{Schedule: "cubic", Lasso: 0.1}, "pruning.lasso: 0.1 with pattern element"},
		{PruningConfig{Schedule: "cubic", Lasso: -1, Pattern: block4}, "pruning.lasso: -1, want 0 or more"},
		{PruningConfig{Diagonal: true}, "pruning.schedule: none with"},
		{PruningConfig{Schedule: "rigl", Begin: 0.8}, "want them in this order"},
	} {
		c := tiny(t, Text)
		c.Pruning = row.p
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: error %v, want %q", row.p, err, row.want)
		}
	}
}

// TestDivideTimes: passes are divided as the workers spent them.
func TestDivideTimes(t *testing.T) {
	var times Times
	times.divide(10*time.Second, nn.PassTimes{Forward: time.Second, Backward: 3 * time.Second})
	if want := (Times{Forward: 2500 * time.Millisecond, Backward: 7500 * time.Millisecond}); times != want {
		t.Errorf("times %+v, want %+v", times, want)
	}
}
