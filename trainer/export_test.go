package trainer

import (
	"math"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/trainer/nn"
)

// checkExport holds the exported model, in the float64 reference, against the
// network built from it, on the first frames of the validation part; and its
// score against that of the run.
func checkExport(t *testing.T, c Config, r *Result) {
	t.Helper()
	corpus, err := LoadCorpus(c.Data, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	source, err := corpus.source(Valid, reading{streams: 1, segment: 20})
	if err != nil {
		t.Fatal(err)
	}
	var b nn.Batch[float32]
	if err := source.Next(&b); err != nil {
		t.Fatal(err)
	}
	stack, err := FromModel(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	y := stack.Forward(&b.Input, nn.Pass{})
	graph, err := eval.New(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	var frames []eval.Frame
	for step := range b.Input.Steps {
		x := []float64{}
		if b.Input.Index != nil {
			x = append(x, float64(b.Input.Index[step]))
		} else {
			for _, v := range b.Input.Data[step*b.Input.Width:][:b.Input.Width] {
				x = append(x, float64(v))
			}
		}
		frames = append(frames, eval.Frame{inputName: x})
	}
	out, err := graph.Run(frames)
	if err != nil {
		t.Fatal(err)
	}
	// Sums of at most 40 products in float32, through 20 steps of a contraction:
	// some hundred roundings of 2^-24 of values of order 1 to 10.
	const tolerance = 2e-4
	for step, frame := range out {
		for i, want := range frame[r.Model.Outputs[0]] {
			if got := float64(y.Data[step*y.Width+i]); !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
				t.Fatalf("step %d, output %d: network %v, reference %v", step, i, got, want)
			}
		}
	}
	s, err := Evaluate(t.Context(), r.Model, corpus, Valid, c.Streams)
	if err != nil {
		t.Fatal(err)
	}
	// Segments and workers round differently; an accuracy may move by one target.
	if math.Abs(s.Loss-r.Valid.Loss) > 1e-4*max(1, s.Loss) || s.Count != r.Valid.Count {
		t.Errorf("the exported model scores %+v, the run said %+v", s, r.Valid)
	}
	meta, err := ReadMeta(r.Meta)
	if err != nil {
		t.Fatal(err)
	}
	if corpus.Task == Text {
		if text := "the cat"; meta.Decode(meta.Encode(text)...) != text {
			t.Errorf("the vocabulary of the metadata turns %q into %q", text, meta.Decode(meta.Encode(text)...))
		}
	}
}
