package trainer

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/trainer/nn"
)

func TestDivergenceIsSeen(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(c *Config)
	}{
		{"at once", func(c *Config) { c.Optimizer.Rate = 1e30 }},
		{"at the end of a run too short for a step to tell", func(c *Config) { c.Optimizer.Rate, c.Steps = 1e30, 1 }},
		{"slowly", func(c *Config) {
			c.Optimizer = OptimizerConfig{Kind: "sgd", Rate: 300, ClipNorm: -1, Schedule: "constant"}
		}},
		{"frames", func(c *Config) {
			data := c.Data
			data.Task, data.Paths = Frames, []string{corpusFile(t, Frames)}
			c.Data, c.Optimizer.Rate = data, 1e4
		}},
	} {
		c := tiny(t, Text)
		row.set(&c)
		_, err := Run(t.Context(), c, Options{})
		var diverged *DivergedError
		if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "want a lower rate") || diverged.Step > 40 {
			t.Errorf("%s: error %v, want that it has diverged within 40 steps, and advice", row.name, err)
		}
	}
}

// TestDivergenceBounds: a loss may be high for a while, but not for long, not far
// too high, and no number at all.
func TestDivergenceBounds(t *testing.T) {
	c := tiny(t, Text)
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	loss := func(times float64) nn.Tally { return nn.Tally{Loss: times * r.trivial, Count: 1} }
	for i := range 3 * divergedSteps {
		high := 11.0
		if i%divergedSteps == divergedSteps-1 {
			high = 1 // in time
		}
		if err := r.checkStep(loss(high), 1); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	for i := range divergedSteps {
		if err := r.checkStep(loss(11), 1); (err != nil) != (i == divergedSteps-1) {
			t.Errorf("high step %d: error %v, want one at the last of %d", i, err, divergedSteps)
		}
	}
	r.at.Diverging = 0
	for _, row := range []struct{ times, norm float64 }{{1001, 1}, {math.NaN(), 1}, {math.Inf(1), 1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		if err := r.checkStep(loss(row.times), row.norm); err == nil {
			t.Errorf("%v times the trivial loss, norm %v: no error", row.times, row.norm)
		}
		r.at.Diverging = 0
	}
	if want := math.Log(float64(r.corpus.Outputs)); r.trivial != want {
		t.Errorf("trivial loss %v, want %v", r.trivial, want)
	}
}

// TestTrivialOfFrames is the largest squared target, whichever way frames come. Of
// a single file that is divided, what begins a part is no target: the -7.
func TestTrivialOfFrames(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, text := range []string{"1\n2\n-7\n3\n", "1\n2\n3\n4\n", "1\n2\n5\n6\n"} {
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for _, row := range []struct {
		paths []string
		want  float64
	}{{paths[:1], 9}, {paths, 49}} {
		c, err := LoadCorpus(DataConfig{Task: Frames, Paths: row.paths, Raw: true, Train: 0.5, Valid: 0.5}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Trivial(); got != row.want {
			t.Errorf("%d files: trivial loss %v, want %v", len(row.paths), got, row.want)
		}
	}
}
