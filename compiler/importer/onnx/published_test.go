package onnx

import (
	"path/filepath"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// TestPublished runs published models over whole sequences.
func TestPublished(t *testing.T) {
	folder := filepath.Join(dataOrSkip(t), "models")
	batch := func(n int) map[string]int { return map[string]int{"batch": n, "batch_size": n} }
	tests := []struct {
		model, reference string
		options          Options
		tolerance        float64
	}{
		{"silero/silero_v5_lstm_core.onnx", "silero/ref/v5_lstm_core.json", Options{}, tolerance},
		{"rnnoise-v0.1/orig.onnx", "rnnoise-v0.1/ref/orig.json", Options{}, tolerance},
		{"rnnoise-v0.1/orig_p90.onnx", "rnnoise-v0.1/ref/orig_p90.json", Options{}, tolerance},
		// The library of C has weights of 8 bits and activations from a table.
		{"rnnoise-v0.1/orig.onnx", "rnnoise-v0.1/ref/orig_c_reference.json", Options{}, 0.02},
		{"nnsplit/de.onnx", "nnsplit/ref/de_text.json", Options{Dims: batch(1)}, tolerance},
		{"tract/byte_sb_bidi_lstm/model.onnx", "tract/byte_sb_bidi_lstm/ref/text.json", Options{Dims: batch(1)}, tolerance},
		{"tract/byte_sb_bidi_lstm/model.onnx", "tract/byte_sb_bidi_lstm/ref/shipped.json", Options{Dims: batch(2)}, tolerance},
		{"gonnx/ndm.onnx", "gonnx/ref/ndm_T1.json", Options{Dims: batch(2)}, tolerance},
		{"gonnx/ndm.onnx", "gonnx/ref/ndm_T24.json", Options{Dims: batch(2)}, tolerance},
		{"gonnx/ndm.onnx", "gonnx/ref/ndm_T96.json", Options{Dims: batch(2)}, tolerance},
		{"gonnx/gru.onnx", "gonnx/ref/gru.json", Options{Dims: batch(3)}, tolerance},
		{"speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T1.json", Options{}, tolerance},
		{"speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T40.json", Options{}, tolerance},
		{"speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T99.json", Options{}, tolerance},
	}
	for _, tc := range tests {
		t.Run(tc.reference, func(t *testing.T) {
			m := importFile(t, filepath.Join(folder, tc.model), tc.options)
			check(t, m, readReference(t, filepath.Join(folder, tc.reference)), tc.tolerance)
		})
	}
}

// TestSilero runs the published voice-activity models window by window.
func TestSilero(t *testing.T) {
	folder := filepath.Join(dataOrSkip(t), "models/silero")
	dims := map[string]int{"batch": 1, "sequence": 576}
	unnamed := map[string]int{"input:0": 1, "input:1": 576, "state:1": 1}
	rate := map[string]string{"sr": "16000"}
	tests := []struct {
		model, reference, output string
		options                  Options
	}{
		{"silero_v5_16k_clean.onnx", "v5_clean_16k.json", "prob", Options{}},
		{"silero_vad_16k_op15.onnx", "op15_16k.json", "output", Options{Dims: dims, Set: rate}},
		{"silero_vad_16k_op15_p90.onnx", "op15_p90.json", "output", Options{Dims: dims, Set: rate}},
		{"silero_vad_op18_ifless.onnx", "op18_ifless_16k.json", "output", Options{Dims: dims, Set: rate}},
		{"silero_vad_v5.onnx", "v5_16k.json", "output", Options{Dims: unnamed, Set: rate}},
	}
	for _, tc := range tests {
		t.Run(tc.model, func(t *testing.T) {
			m := importFile(t, filepath.Join(folder, tc.model), tc.options)
			checkWindows(t, m, readReference(t, filepath.Join(folder, "ref", tc.reference)), tc.output)
		})
	}
}

// checkWindows gives a model 512 samples at a time and the 64 before them.
func checkWindows(t *testing.T, m *ir.Model, r reference, output string) {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	audio := append(make([]float64, 64), r.Inputs[0].data...)
	steps := len(r.Outputs[0].data)
	if testing.Short() {
		steps = 20
	}
	var prob []float64
	var outputs map[string]eval.Tensor
	for k := range steps {
		window := eval.Tensor{Shape: []int{1, 576}, Data: audio[512*k : 512*k+576]}
		if outputs, err = g.RunTensors(map[string]eval.Tensor{"input": window}); err != nil {
			t.Fatal(err)
		}
		prob = append(prob, outputs[output].Data...)
	}
	near(t, "prob", prob, r.Outputs[0].data[:steps], 1, tolerance)
	for _, want := range r.Outputs[1:] {
		if got, ok := outputs[want.Name]; ok && !testing.Short() {
			near(t, want.Name, got.Data, want.data, largestOf(want.data), tolerance)
		}
	}
}
