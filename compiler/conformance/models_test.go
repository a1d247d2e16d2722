package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/importer/onnx"
	"github.com/sparsec/sparsec/compiler/importer/torch"
	"github.com/sparsec/sparsec/ir"
)

// data is where models of others lie beside the repository. They are no part of it.
var data = filepath.Join("..", "..", "..", "shared", "data")

// present skips a test where the data is missing.
func present(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(data); err != nil {
		t.Skipf("no data of others: %v", err)
	}
}

// reference is a file of golden vectors for a model.
type reference struct {
	name      string
	model     string // path of an ONNX file, or of a state dict
	vectors   string // path of the JSON or .npz
	options   onnx.Options
	golden    golden.Options
	tolerance float64 // 0 for golden.DefaultTolerance
	strict    bool    // the file's own rounding is within the tolerance too

	state       bool   // the model is a state dict of PyTorch
	description string // of it: a path, empty where it lies in the file
}

// imported is the model.
func (r *reference) imported() (*ir.Model, error) {
	if r.state {
		return torch.Import(r.model, torch.Options{Description: r.description})
	}
	return onnx.Import(r.model, r.options)
}

// operatorCases are the tests of single operators, one to a folder or file; no name of
// them is known here. Their models have the weights in them.
func operatorCases(t *testing.T) []reference {
	t.Helper()
	var cases []reference
	for _, suite := range []string{"node-tests", "onnx2c-tests"} {
		for _, vectors := range glob(t, "onnx", suite, "*", "io.json") {
			folder := filepath.Dir(vectors)
			model := filepath.Join(folder, "model_baked.onnx")
			if _, err := os.Stat(model); err != nil {
				model = filepath.Join(folder, "model.onnx")
			}
			cases = append(cases, reference{name: suite + "/" + filepath.Base(folder), model: model, vectors: vectors, strict: true})
		}
	}
	for _, vectors := range glob(t, "onnx", "fuzz", "*.json") {
		base := strings.TrimSuffix(vectors, ".json")
		cases = append(cases, reference{name: "fuzz/" + filepath.Base(base), model: base + ".onnx", vectors: vectors, strict: true})
	}
	return cases
}

// glob lists the files of a pattern below the data.
func glob(t *testing.T, pattern ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(append([]string{data}, pattern...)...))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// publishedCases are models that are in use, with outputs by onnxruntime.
func publishedCases() []reference {
	dims := func(sizes map[string]int) onnx.Options { return onnx.Options{Dims: sizes} }
	windows := golden.Options{As: []golden.As{
		{Tensor: "input", Array: "audio", Window: 576, Hop: 512},
		{Tensor: "output", Array: "prob"},
		{Tensor: "stateN", Array: "state_first16"},
	}}
	vad := dims(map[string]int{"batch": 1, "sequence": 576})
	vad.Set = map[string]string{"sr": "16000"}
	unnamed := dims(map[string]int{"input:0": 1, "input:1": 576, "state:1": 1})
	unnamed.Set = vad.Set
	at := func(name, model, ref string, o onnx.Options, g golden.Options) reference {
		return reference{name: name, model: filepath.Join(data, "models", model), vectors: filepath.Join(data, "models", ref), options: o, golden: g}
	}
	// The C library takes tanh and the sigmoid from a table with entries 0.04 apart, of
	// six digits, and corrects by the first two derivatives. The next term of the series
	// is at most 2/6·0.02³ = 2.7e-6, half of a digit 5e-7. There are five such layers
	// one above the other; twice their sum leaves room for what the recurrent ones keep.
	const table = 2.7e-6 + 5e-7
	byC := at("rnnoise/orig by the C library", "rnnoise-v0.1/orig.onnx", "rnnoise-v0.1/ref/orig_c_reference.json", onnx.Options{},
		golden.Options{Ignore: []string{"vad_hN", "noise_hN", "den_hN"}})
	byC.tolerance = 2 * 5 * table
	return []reference{
		byC,
		at("silero/lstm_core", "silero/silero_v5_lstm_core.onnx", "silero/ref/v5_lstm_core.json", onnx.Options{}, golden.Options{}),
		at("silero/16k_clean", "silero/silero_v5_16k_clean.onnx", "silero/ref/v5_clean_16k.json", onnx.Options{}, golden.Options{As: windows.As[:1], Ignore: []string{"feat"}}),
		at("silero/op15", "silero/silero_vad_16k_op15.onnx", "silero/ref/op15_16k.json", vad, windows),
		at("silero/op15_p90", "silero/silero_vad_16k_op15_p90.onnx", "silero/ref/op15_p90.json", vad, windows),
		at("silero/op18_ifless", "silero/silero_vad_op18_ifless.onnx", "silero/ref/op18_ifless_16k.json", vad, windows),
		at("silero/v5", "silero/silero_vad_v5.onnx", "silero/ref/v5_16k.json", unnamed, windows),
		at("rnnoise/orig", "rnnoise-v0.1/orig.onnx", "rnnoise-v0.1/ref/orig.json", onnx.Options{}, golden.Options{}),
		at("rnnoise/orig_p90", "rnnoise-v0.1/orig_p90.onnx", "rnnoise-v0.1/ref/orig_p90.json", onnx.Options{}, golden.Options{}),
		at("nnsplit/de", "nnsplit/de.onnx", "nnsplit/ref/de_text.json", dims(map[string]int{"batch": 1}), golden.Options{}),
		at("tract/byte_sb/shipped", "tract/byte_sb_bidi_lstm/model.onnx", "tract/byte_sb_bidi_lstm/ref/shipped.json", dims(map[string]int{"batch": 2}), golden.Options{}),
		at("tract/byte_sb/text", "tract/byte_sb_bidi_lstm/model.onnx", "tract/byte_sb_bidi_lstm/ref/text.json", dims(map[string]int{"batch": 1}), golden.Options{}),
		at("gonnx/gru", "gonnx/gru.onnx", "gonnx/ref/gru.json", dims(map[string]int{"batch_size": 3}), golden.Options{}),
		at("gonnx/ndm T1", "gonnx/ndm.onnx", "gonnx/ref/ndm_T1.json", dims(map[string]int{"batch_size": 2}), golden.Options{}),
		at("gonnx/ndm T24", "gonnx/ndm.onnx", "gonnx/ref/ndm_T24.json", dims(map[string]int{"batch_size": 2}), golden.Options{}),
		at("gonnx/ndm T96", "gonnx/ndm.onnx", "gonnx/ref/ndm_T96.json", dims(map[string]int{"batch_size": 2}), golden.Options{}),
		at("speech-commands/my T1", "speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T1.json", onnx.Options{}, golden.Options{}),
		at("speech-commands/my T40", "speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T40.json", onnx.Options{}, golden.Options{}),
		at("speech-commands/my T99", "speech-commands-lstm/my.onnx", "speech-commands-lstm/ref/my_T99.json", onnx.Options{}, golden.Options{}),
	}
}
