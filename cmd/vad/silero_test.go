package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sparsec/sparsec/compiler/golden"
)

// silero is where the detector and a recording lie beside the repository. They are no
// part of it.
var silero = filepath.Join("..", "..", "..", "shared", "data", "models", "silero")

// TestSilero holds the probabilities of the first ten seconds of a recording, read
// from the WAV file and computed by the compiled model step by step, against those
// that onnxruntime gave, and the segments that follow from both.
func TestSilero(t *testing.T) {
	if _, err := os.Stat(silero); err != nil {
		t.Skipf("no data of others: %v", err)
	}
	if testing.Short() {
		t.Skip("builds a package")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	file, err := golden.Read(filepath.Join(silero, "ref", "op15_16k.json"))
	if err != nil {
		t.Fatal(err)
	}
	audio, want := arrayOf(t, file, "audio"), arrayOf(t, file, "prob")
	samples, err := readWAV(filepath.Join(silero, "test.wav"))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range audio {
		if float64(samples[i]) != v {
			t.Fatalf("sample %d is %v, want %v", i, samples[i], v)
		}
	}
	o := &options{window: 576, hop: hop, rate: "sr"}
	got, err := probabilities(ctx, filepath.Join(silero, "silero_vad_16k_op15.onnx"), samples[:len(audio)], o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got {
		if !(math.Abs(p-want[i]) <= golden.DefaultTolerance) {
			t.Errorf("step %d: probability %v, want %v", i, p, want[i])
		}
	}
	usual := detection{threshold: 0.5, minSpeech: 250 * time.Millisecond, minSilence: 100 * time.Millisecond, pad: 30 * time.Millisecond}
	segments := usual.segments(got, hop, len(audio))
	if len(segments) == 0 || !slices.EqualFunc(segments, usual.segments(want, hop, len(audio)), func(a, b segment) bool { return a.from == b.from && a.to == b.to }) {
		t.Errorf("segments %v, not those of the reference", segments)
	}
}

func arrayOf(t *testing.T, f *golden.File, name string) []float64 {
	t.Helper()
	for _, a := range f.Arrays {
		if a.Name == name {
			return a.Data
		}
	}
	t.Fatalf("%s: no array %q", f.Path, name)
	return nil
}
