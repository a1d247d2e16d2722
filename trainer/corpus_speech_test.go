package trainer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sparsec/sparsec/trainer/data"
)

// publicSpeech is a folder of public recordings, which are no part of the
// repository.
func publicSpeech(t *testing.T, name string, files ...string) (paths []string) {
	t.Helper()
	folder := filepath.Join("../../shared/data/speech", name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no recordings at %s", folder)
	}
	for _, file := range files {
		paths = append(paths, filepath.Join(folder, file))
	}
	return paths
}

// speakers of a part.
func speakers(c *Corpus, p Part) map[string]bool {
	all := map[string]bool{}
	for _, u := range c.parts[p].utterances {
		all[u.Speaker] = true
	}
	return all
}

// TestPublicSpeech holds the reading of two public sets: the parts that they name,
// speakers held out for validation, and features that are standardised over the
// training part.
func TestPublicSpeech(t *testing.T) {
	for _, row := range []struct {
		name, label    string
		files          []string
		stack          int
		width, classes int
		all, test      int // recordings of training and validation together, and of the test
	}{
		{name: "an4", files: []string{"an4_index.tsv", "an4_mfcc13.f32le"}, stack: 2, width: 26, classes: 28, all: 948, test: 130},
		{name: "fsdd", label: "digit", files: []string{"fsdd_index.tsv", "fsdd_pcm.i16le"}, stack: 1, width: 40, classes: 11, all: 2700, test: 300},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := LoadCorpus(DataConfig{Task: CTC, Paths: publicSpeech(t, row.name, row.files...), Transcript: row.label, Stack: row.stack}, 0)
			if err != nil {
				t.Fatal(err)
			}
			train, valid := c.Len(Train), c.Len(Valid)
			if train+valid != row.all || c.Len(Test) != row.test || 10*valid < row.all || 5*valid > row.all {
				t.Errorf("%d, %d and %d recordings, want %d in the first two, between a tenth and a fifth of them in the second, and %d", train, valid, c.Len(Test), row.all, row.test)
			}
			for s := range speakers(c, Valid) {
				if speakers(c, Train)[s] {
					t.Errorf("speaker %s is in training and in validation", s)
				}
			}
			if c.Input.Width != row.width || c.Outputs != row.classes {
				t.Errorf("frames of %d and %d classes, want %d and %d", c.Input.Width, c.Outputs, row.width, row.classes)
			}
			layer := standardise(*c.FeatureScale)
			var scaled []*data.Series
			for _, u := range c.parts[Train].utterances {
				s := &data.Series{Width: row.width, Values: make([]float32, len(u.Features.Values))}
				for i, v := range u.Features.Values {
					s.Values[i] = v*layer.Factor.Value[i%row.width] + layer.Shift.Value[i%row.width]
				}
				scaled = append(scaled, s)
			}
			after := data.ScaleOf(scaled...)
			for j := range row.width {
				if m, d := after.Mean[j], after.Deviation[j]; !(m > -1e-3 && m < 1e-3 && d > 0.999 && d < 1.001) {
					t.Errorf("feature %d has mean %v and deviation %v, want 0 and 1", j, m, d)
				}
			}
		})
	}
}
