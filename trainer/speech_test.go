package trainer

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sparsec/sparsec/trainer/decode"
)

// recordings writes an index and features: every letter is a direction in a space
// of 4, held for some frames and off any scale, with noise. Every third recording of
// a speaker is for the test.
func recordings(t *testing.T) []string {
	t.Helper()
	const width = 4
	r := rand.New(rand.NewPCG(4, 2))
	index := "utt\tsplit\tspeaker\toffset_floats\tframes\ttranscript\n"
	var features []byte
	for i := range 180 {
		from, text := len(features)/4, ""
		for range 2 + r.IntN(3) {
			letter := r.IntN(width)
			text += string(rune('A' + letter))
			for range 2 + r.IntN(3) {
				for c := range width {
					v := 100 + 3*r.NormFloat64()
					if c == letter {
						v += 20
					}
					features = binary.LittleEndian.AppendUint32(features, math.Float32bits(float32(v)))
				}
			}
			features = append(features, make([]byte, 4*width)...)
		}
		frames := (len(features)/4 - from) / width
		index += fmt.Sprintf("u%d\t%s\ts%d\t%d\t%d\t%s\n", i, []string{"train", "train", "test"}[i%3], i%20, from, frames, text)
	}
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "index.tsv"), filepath.Join(dir, "mel.f32le")}
	for i, content := range [][]byte{[]byte(index), features} {
		if err := os.WriteFile(paths[i], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func speech(t *testing.T) Config {
	return Config{
		Data: DataConfig{Task: CTC, Paths: recordings(t)}, Model: ModelConfig{Hidden: []int{16}},
		Optimizer: OptimizerConfig{Rate: 0.03}, Streams: 12, Steps: 120, ValidateEvery: 40, Seed: 1,
	}
}

// TestTranscriptsAreLearnt: networks learn to read recordings, the best is that with
// the fewest errors, and the exported graph standardises its input by itself.
func TestTranscriptsAreLearnt(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(c *Config)
	}{
		{"gru", func(c *Config) {}},
		{"bidirectional", func(c *Config) { c.Model.Bidirectional = true }},
		{"two workers, sparse", func(c *Config) { c.Workers, c.Pruning = 2, PruningConfig{Density: 0.5} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := speech(t)
			row.set(&c)
			r := run(t, c, Options{})
			if r.Valid.Metric != CharErrorRate || !(r.Valid.Value < 0.1) || r.Test == nil || !(r.Test.Value < 0.2) {
				t.Errorf("validation %v, test %v, want less than 10 and 20 %% of the letters wrong", r.Valid, r.Test)
			}
			checkExport(t, c, r)
			checkTranscripts(t, c, r)
			if r.Model.Node("standardise") == nil {
				t.Error("the model does not standardise its input")
			}
		})
	}
}

// checkTranscripts holds what the model reads against the score of the run: the
// same greedily, however many recordings are read at a time, and no worse with a
// beam.
func checkTranscripts(t *testing.T, c Config, r *Result) {
	t.Helper()
	corpus, err := LoadCorpus(c.Data, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := ReadMeta(r.Meta)
	if err != nil {
		t.Fatal(err)
	}
	read := func(o Transcribing) []Reading {
		t.Helper()
		readings, err := corpus.Transcribe(t.Context(), r.Model, meta, Test, o)
		if err != nil {
			t.Fatal(err)
		}
		return readings
	}
	greedy := read(Transcribing{})
	if e := CharErrors(greedy, meta.Unit); e.Rate() != r.Test.Value || e.Length != r.Test.Count {
		t.Errorf("transcripts have errors of %v, the run said %v of %d", e, r.Test, r.Test.Count)
	}
	if one := read(Transcribing{Streams: 1}); !slices.Equal(one, greedy) {
		t.Error("recordings one at a time are read otherwise")
	}
	if len(greedy) != 60 || greedy[0].Name != "u2" || greedy[59].Name != "u179" {
		t.Errorf("%d readings, from %+v on", len(greedy), greedy[0])
	}
	wrong := 0
	for _, g := range greedy {
		if g.Got != g.Want {
			wrong++
		}
	}
	if e := WordErrors(greedy); e.Edits != wrong || e.Length != 60 {
		t.Errorf("words have errors of %v, want %d of 60", e, wrong)
	}
	if beam := CharErrors(read(Transcribing{Beam: &decode.Beam{Width: 8}}), meta.Unit); beam.Edits > 2+2*CharErrors(greedy, meta.Unit).Edits {
		t.Errorf("a beam search has errors of %v", beam)
	}
}

// TestRawFeatures: without a scale the network reads them as they are.
func TestRawFeatures(t *testing.T) {
	c := speech(t)
	c.Data.Raw, c.Steps, c.Data.Stack = true, 2, 2
	if r := run(t, c, Options{}); r.Model.Node("standardise") != nil || r.Model.Inputs[0].Type.Len() != 8 {
		t.Errorf("a raw model of two stacked frames of 4 begins with %+v", r.Model.Nodes[0])
	}
}

// TestStartFromSpeech: a model goes on from its own file, with the scale it has.
func TestStartFromSpeech(t *testing.T) {
	c := speech(t)
	c.Steps = 40
	first := run(t, c, Options{})
	second := run(t, c, Options{Init: first.Model})
	if a, b := first.Model.Param("standardise.shift").Data, second.Model.Param("standardise.shift").Data; a[0] != b[0] || a[0] == 0 {
		t.Errorf("shift %v and then %v", a, b)
	}
	if !(second.Valid.Value <= first.Valid.Value+0.05) {
		t.Errorf("validation %v after %v", second.Valid, first.Valid)
	}
}

func TestFewestErrorsAreBest(t *testing.T) {
	few := Score{Metric: CharErrorRate, Value: 0.1, Loss: 2}
	sure := Score{Metric: CharErrorRate, Value: 0.2, Loss: 1}
	if !few.better(sure) || sure.better(few) {
		t.Error("transcripts: the lower loss is kept, want fewer errors")
	}
	few.Metric, sure.Metric = Accuracy, Accuracy
	if few.better(sure) || !sure.better(few) {
		t.Error("classes: want the lower loss kept")
	}
	eighth := Score{Metric: CharErrorRate, Value: 0.125}
	if eighth.String() != "CER 12.50 %" {
		t.Error(eighth)
	}
}

// TestPeriod: a frame of the network is as long as the frames of features in it.
func TestPeriod(t *testing.T) {
	c := speech(t).Data
	for stack, want := range map[int]time.Duration{0: 10 * time.Millisecond, 1: 10 * time.Millisecond, 2: 20 * time.Millisecond} {
		c.Stack = stack
		corpus, err := LoadCorpus(c, 0)
		if err != nil {
			t.Fatal(err)
		}
		if corpus.Period.Time != want || !corpus.Period.Assumed {
			t.Errorf("%d stacked: %+v, want %v, assumed", stack, corpus.Period, want)
		}
		shorter, n := 0, corpus.MedianFrames(Test)
		for _, u := range corpus.parts[Test].utterances {
			if u.Features.Len() < n {
				shorter++
			}
		}
		if half := corpus.Len(Test) / 2; n == 0 || shorter > half {
			t.Errorf("%d stacked: %d of %d recordings are shorter than %d frames, want at most half", stack, shorter, corpus.Len(Test), n)
		}
	}
}
