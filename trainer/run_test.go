package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/sparse"
)

// corpusFile writes a tiny corpus of a task.
func corpusFile(t *testing.T, task Task) string {
	t.Helper()
	var b strings.Builder
	for i := range 300 {
		switch task {
		case Text:
			fmt.Fprintf(&b, "the cat %d sat on the mat; ", i%7)
		case Class: // whether an a is among the letters
			fmt.Fprintf(&b, "%s\t%s\n", []string{"yes", "no"}[i%2], []string{"xaxyx", "xyyx"}[i%2]+[]string{"x", "y", "yy"}[i%3])
		case Tag: // the tag is that of the word before
			words := []string{"red", "blue", "green"}
			fmt.Fprintf(&b, "%s\tnone\n%s\t%s\n%s\t%s\n\n", words[i%3], words[i/3%3], words[i%3], words[i/9%3], words[i/3%3])
		case Frames:
			for k := range 5 {
				fmt.Fprintf(&b, "%.5f,%.5f\n", math.Sin(float64(5*i+k)/6), math.Sin(float64(5*i+k-3)/6))
			}
		}
	}
	path := filepath.Join(t.TempDir(), string(task))
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tiny(t *testing.T, task Task) Config {
	c := Config{
		Data:  DataConfig{Task: task, Paths: []string{corpusFile(t, task)}},
		Model: ModelConfig{Hidden: []int{16}, Embed: 8}, Optimizer: OptimizerConfig{Rate: 0.02},
		Streams: 8, Segment: 16, Steps: 120, ValidateEvery: 40, Seed: 3,
	}
	return c
}

func run(t *testing.T, c Config, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// trivial is the loss of the best answer that ignores the input: for classes the
// entropy of their frequencies, for frames their variance.
func trivial(t *testing.T, c Config) float64 {
	t.Helper()
	corpus, err := LoadCorpus(c.Data, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	part := corpus.parts[Valid]
	if c.Data.Task == Frames {
		var sum, squares float64
		for _, v := range part.target.Values {
			sum, squares = sum+float64(v), squares+float64(v)*float64(v)
		}
		n := float64(len(part.target.Values))
		return squares/n - sum/n*sum/n
	}
	classes := part.tokens
	if part.set != nil {
		for _, e := range part.set.Examples {
			classes = append(classes, e.Classes...)
		}
	}
	counts := map[int32]float64{}
	for _, class := range classes {
		counts[class]++
	}
	entropy := 0.0
	for _, n := range counts {
		p := n / float64(len(classes))
		entropy -= p * math.Log(p)
	}
	return entropy
}

func TestEveryTaskAndCellLearns(t *testing.T) {
	for _, row := range []struct {
		name string
		task Task
		set  func(c *Config)
	}{
		{"text gru", Text, func(c *Config) {}},
		{"text lstm two layers", Text, func(c *Config) { c.Model.Cell, c.Model.Hidden = LSTM, []int{16, 12} }},
		{"text gru reset before, dropout", Text, func(c *Config) { c.Model.Reset, c.Model.Dropout = "before", 0.1 }},
		{"text clipped rnn, nesterov", Text, func(c *Config) {
			c.Model.Cell, c.Model.Func = RNN, "clipped-relu"
			c.Optimizer = OptimizerConfig{Kind: "nesterov", Rate: 0.1}
		}},
		{"class", Class, func(c *Config) {}},
		{"tag", Tag, func(c *Config) {}},
		{"tag bidirectional", Tag, func(c *Config) { c.Model.Bidirectional = true }},
		{"frames forecast", Frames, func(c *Config) {}},
		{"frames to target", Frames, func(c *Config) { c.Data.Targets = []int{1} }},
		{"text sparse", Text, func(c *Config) { c.Pruning = PruningConfig{Density: 0.3} }},
		{"text two workers", Text, func(c *Config) { c.Workers = 2 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := tiny(t, row.task)
			row.set(&c)
			r := run(t, c, Options{})
			if least := trivial(t, c); !(r.Valid.Loss < 0.7*least) {
				t.Errorf("validation loss %v, want well below %v, that of an answer that ignores the input", r.Valid.Loss, least)
			}
			checkExport(t, c, r)
		})
	}
}

// TestPruning: masks follow the pattern to the density, and pruned weights are
// exact zeros in the file.
func TestPruning(t *testing.T) {
	lane := sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}
	for _, row := range []struct {
		name    string
		p       PruningConfig
		density float64
	}{
		{"cubic lane8x8", PruningConfig{Density: 0.25, Pattern: lane}, 0.25},
		{"oneshot", PruningConfig{Schedule: "oneshot", Density: 0.1}, 0.1},
		{"ramp", PruningConfig{Schedule: "ramp", Q: 0.2, Freq: 5}, 0},
		{"rule", PruningConfig{Density: 0.2, Rules: []string{"out.weight=dense"}}, 0.2},
	} {
		c := tiny(t, Text)
		c.Pruning = row.p
		r := run(t, c, Options{})
		path := filepath.Join(t.TempDir(), "model.ckpt")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		m, _, err := ckpt.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if r.BestStep < 60 {
			t.Errorf("%s: the model is that of step %d, when pruning had not ended", row.name, r.BestStep)
		}
		for _, report := range r.Pruned {
			p := m.Param(report.Name)
			mask := sparse.MaskOf(&sparse.Matrix{Rows: p.Shape[0], Cols: p.Shape[1], Data: p.Data})
			if row.density == 0 && !(mask.Density() < 0.9) || row.density > 0 && math.Abs(mask.Density()-row.density) > 0.02 {
				t.Errorf("%s: %s has density %v, want %v", row.name, p.Name, mask.Density(), row.density)
			}
			if row.p.Pattern == lane && strings.HasPrefix(p.Name, "gru0") && !lane.Matches(mask, sparse.Span{To: 16}, sparse.Span{From: 16, To: 32}, sparse.Span{From: 32, To: 48}) {
				t.Errorf("%s: %s does not follow %v", row.name, p.Name, lane)
			}
		}
		if row.name == "rule" && len(r.Pruned) != 2 {
			t.Errorf("rule: %d tensors are pruned, want 2", len(r.Pruned))
		}
	}
}

func sameBits(a, b *ir.Model) bool {
	return slices.EqualFunc(a.Params, b.Params, func(p, q *ir.Param) bool {
		return p.Name == q.Name && slices.EqualFunc(p.Data, q.Data, func(x, y float32) bool {
			return math.Float32bits(x) == math.Float32bits(y)
		})
	})
}

// cancelAt cancels when f says so.
type cancelAt struct {
	cancel context.CancelFunc
	step   int
	event  string
}

func (c cancelAt) Observe(e Event) {
	switch e := e.(type) {
	case Stepped:
		if c.event == "step" && e.Step == c.step {
			c.cancel()
		}
	case Validated:
		if c.event == "validated" && e.Step == c.step {
			c.cancel()
		}
	}
}

// TestResume: a run that is cancelled after any step, within a validation (which
// follows steps 40 and 80), or killed and resumed from a checkpoint of before,
// ends with the bits of one that is not.
func TestResume(t *testing.T) {
	recordings := speech(t)
	recordings.Model.Norm, recordings.Model.MaskFrames, recordings.Model.Bidirectional = "batch", 3, true
	for _, c := range []Config{tiny(t, Text), tiny(t, Tag), recordings} {
		task := c.Data.Task
		c.Workers, c.Model.Dropout, c.Patience = 2, 0.2, 5
		c.Pruning = PruningConfig{Density: 0.2, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}}
		c.CheckpointEvery = 17
		whole := run(t, c, Options{})
		for _, stop := range []cancelAt{{nil, 1, "step"}, {nil, 23, "step"}, {nil, 40, "step"}, {nil, 80, "step"}, {nil, 80, "validated"}, {nil, 101, "step"}, {nil, 120, "step"}} {
			path := filepath.Join(t.TempDir(), "train.state")
			ctx, cancel := context.WithCancel(t.Context())
			stop.cancel = cancel
			_, err := Run(ctx, c, Options{Checkpoint: path, Observer: stop})
			var interrupted *InterruptedError
			if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.Step != stop.step || !strings.Contains(err.Error(), "resume from "+path) {
				t.Fatalf("%s, %s %d: error %v, want one that says how to resume", task, stop.event, stop.step, err)
			}
			if r := run(t, c, Options{Checkpoint: path, Resume: true}); !sameBits(r.Model, whole.Model) || r.Valid != whole.Valid || *r.Test != *whole.Test || r.BestStep != whole.BestStep {
				t.Errorf("%s, %s %d: the resumed run ends elsewhere: %v at %d, want %v at %d", task, stop.event, stop.step, r.Valid, r.BestStep, whole.Valid, whole.BestStep)
			}
		}
	}
}

// TestResumeAfterKill copies the checkpoint of an earlier step, as a kill would
// have left it.
func TestResumeAfterKill(t *testing.T) {
	c := tiny(t, Text)
	c.CheckpointEvery = 50
	dir := t.TempDir()
	path, left := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	whole := run(t, c, Options{Checkpoint: path, Observer: ObserverFunc(func(e Event) {
		if s, ok := e.(Saved); ok && s.Step == 50 {
			content, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(left, content, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})})
	if r := run(t, c, Options{Checkpoint: left, Resume: true}); !sameBits(r.Model, whole.Model) {
		t.Error("the resumed run ends elsewhere")
	}
}

func TestResumeRefuses(t *testing.T) {
	c := tiny(t, Text)
	path := filepath.Join(t.TempDir(), "train.state")
	run(t, c, Options{Checkpoint: path})
	other := c
	other.Model.Hidden, other.Optimizer.Rate, other.CheckpointEvery = []int{12}, 0.01, 3
	_, err := New(other, Options{Checkpoint: path, Resume: true})
	want := "model.hidden: is [16] in the checkpoint, [12] in the configuration\noptimizer.rate: is 0.02 in the checkpoint, 0.01 in the configuration"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want it to end in %q", err, want)
	}
	if err := os.WriteFile(c.Data.Paths[0], []byte(strings.Repeat("something else ", 600)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, Options{Checkpoint: path, Resume: true}); err == nil || !strings.Contains(err.Error(), "data:") {
		t.Errorf("error %v, want one about other data", err)
	}
	if _, err := New(c, Options{Checkpoint: path + "x", Resume: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that there is no checkpoint", err)
	}
}

// TestEarlyStopping: a rate that is far too small does not improve on a start
// model that is trained.
func TestEarlyStopping(t *testing.T) {
	c := tiny(t, Text)
	trained := run(t, c, Options{})
	c.Optimizer, c.Patience, c.ValidateEvery = OptimizerConfig{Rate: 0.3, ClipNorm: -1, Schedule: "constant"}, 2, 5
	r := run(t, c, Options{Init: trained.Model})
	if !r.Early || r.Steps >= 120 || r.Steps != r.BestStep+10 {
		t.Errorf("stopped early: %v, after %d steps, best at %d; want the best 2 validations of 5 steps before the end", r.Early, r.Steps, r.BestStep)
	}
}

// TestFinetuneFrozen: the zeros of a pruned model stay while it trains further.
func TestFinetuneFrozen(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning.Density = 0.2
	pruned := run(t, c, Options{})
	c.Pruning = PruningConfig{Schedule: "frozen"}
	tuned := run(t, c, Options{Init: pruned.Model})
	if sameBits(pruned.Model, tuned.Model) {
		t.Error("nothing has been trained")
	}
	for _, report := range tuned.Pruned {
		before, after := pruned.Model.Param(report.Name), tuned.Model.Param(report.Name)
		for i, v := range before.Data {
			if v == 0 && after.Data[i] != 0 {
				t.Fatalf("%s: weight %d was pruned and is %v", report.Name, i, after.Data[i])
			}
		}
	}
}

// TestDivergence: a rate that makes the loss jump, but not to infinity, ends the
// run; one of a hopeless run used to be reported as a result.
func TestDivergence(t *testing.T) {
	c := tiny(t, Text)
	c.Optimizer.Rate = 1e30
	_, err := Run(t.Context(), c, Options{})
	if err == nil || !strings.Contains(err.Error(), "has diverged") {
		t.Errorf("error %v, want that training has diverged", err)
	}
}

// TestSmallPart: a validation part that cannot be divided into steps is found
// before training, and the error names the file.
func TestSmallPart(t *testing.T) {
	c := tiny(t, Text)
	c.Data.Train, c.Data.Valid = 0.9998, 0.0001
	_, err := New(c, Options{})
	if err == nil || !strings.Contains(err.Error(), "valid part") || !strings.Contains(err.Error(), c.Data.Paths[0]) {
		t.Errorf("error %v, want one that names the valid part and %s", err, c.Data.Paths[0])
	}
}
