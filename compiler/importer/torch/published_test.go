package torch

import (
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
)

// TestLegacyCheckpoint imports a state dict that PyTorch 1 pickled, by its names
// alone, and holds it against what onnxruntime computed of its twin in ONNX.
func TestLegacyCheckpoint(t *testing.T) {
	var notes []string
	m, err := Import(shared(t, "models/speech-commands-lstm/my.ckpt"), Options{Note: func(text string) { notes = append(notes, text) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 {
		t.Errorf("notes %q, want one of what was assumed", notes)
	}
	for _, name := range []string{"my_T1", "my_T40", "my_T99"} {
		inputs, outputs := reference(t, shared(t, "models/speech-commands-lstm/ref/"+name+".json"))
		y := run(t, m, inputs)["y"]
		classes := len(outputs["logits"].Data)
		last := eval.Tensor{Shape: []int{1, classes}, Data: y.Data[len(y.Data)-classes:]}
		agree(t, name, last, outputs["logits"])
	}
}

// sileroTOML is the graph of Silero VAD 5 at 16 kHz around its published weights:
// samples padded by reflection, a Fourier transform as a convolution, its magnitudes,
// four convolutions, an LSTM cell and a probability.
const sileroTOML = `
[[input]]
name = "audio"
shape = [1, 576]
layout = "TBCL"

[[module]]
type = "Pad"
name = "padded"
padding = [0, 64]
mode = "reflect"

[[module]]
type = "Conv1d"
prefix = "stft_conv"
stride = 128
bias = false

[[module]]
type = "Slice"
name = "real"
end = 129

[[module]]
type = "Slice"
name = "imaginary"
from = "stft_conv"
start = 129

[[module]]
type = "Square"
name = "real2"
from = "real"

[[module]]
type = "Square"
name = "imaginary2"
from = "imaginary"

[[module]]
type = "Add"
name = "power"
from = ["real2", "imaginary2"]

[[module]]
type = "Sqrt"
name = "magnitude"

[[module]]
type = "Conv1d"
prefix = "conv1"
padding = 1

[[module]]
type = "ReLU"

[[module]]
type = "Conv1d"
prefix = "conv2"
padding = 1
stride = 2

[[module]]
type = "ReLU"

[[module]]
type = "Conv1d"
prefix = "conv3"
padding = 1
stride = 2

[[module]]
type = "ReLU"

[[module]]
type = "Conv1d"
prefix = "conv4"
padding = 1

[[module]]
type = "ReLU"

[[module]]
type = "Flatten"

[[module]]
type = "LSTMCell"
prefix = "lstm_cell"

[[module]]
type = "ReLU"

[[module]]
type = "Reshape"
shape = [128, 1]

[[module]]
type = "Conv1d"
prefix = "final_conv"

[[module]]
type = "Sigmoid"
name = "prob"

[[output]]
name = "prob"
from = "prob"
layout = "TBCL"
`

// TestDescribedModel imports bare weights by a description. They are of another
// release than the graph whose probabilities of speech lie beside them, so that the
// two agree about nearly every window and not in their digits.
func TestDescribedModel(t *testing.T) {
	m, err := Import(shared(t, "models/silero/silero_vad_16k.safetensors"), Options{Description: write(t, "silero.toml", sileroTOML)})
	if err != nil {
		t.Fatal(err)
	}
	inputs, outputs := reference(t, shared(t, "models/silero/ref/op15_16k.json"))
	audio, want := inputs["audio"].Data, outputs["prob"].Data
	const context, fresh = 64, 512
	x := eval.Tensor{Shape: []int{len(want), 1, 1, context + fresh}}
	for w := range want {
		for i := w*fresh - context; i < (w+1)*fresh; i++ {
			sample := 0.0
			if i >= 0 {
				sample = audio[i]
			}
			x.Data = append(x.Data, sample)
		}
	}
	same, speech := 0, 0
	for w, p := range run(t, m, map[string]eval.Tensor{"audio": x})["prob"].Data {
		if (p > 0.5) == (want[w] > 0.5) {
			same++
		}
		if want[w] > 0.5 {
			speech++
		}
	}
	t.Logf("%d of %d windows alike, %d of them speech", same, len(want), speech)
	if same < len(want)*97/100 || speech < len(want)/10 || speech > len(want)*9/10 {
		t.Errorf("%d of %d windows alike, %d of them speech; want 97 %% alike, and some of both", same, len(want), speech)
	}
}
