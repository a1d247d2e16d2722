package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lastLogits describes the state dict of which speech-commands/my is the ONNX file.
const lastLogits = `
[[module]]
type = "LSTM"
prefix = "lstm"
num_layers = 3

[[module]]
type = "Linear"
prefix = "fc"

[[output]]
name = "logits"
from = "fc"
last = true
`

// TestStateDict runs a state dict that PyTorch has pickled, against the outputs of its
// ONNX twin.
func TestStateDict(t *testing.T) {
	present(t)
	description := filepath.Join(t.TempDir(), "my.toml")
	if err := os.WriteFile(description, []byte(lastLogits), 0o666); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(data, "models", "speech-commands-lstm")
	var cases []reference
	for _, frames := range []int{1, 40, 99} {
		name := fmt.Sprintf("my_T%d", frames)
		cases = append(cases, reference{name: name, model: filepath.Join(folder, "my.ckpt"), vectors: filepath.Join(folder, "ref", name+".json"),
			state: true, description: description})
	}
	run(t, cases)
}

// TestPyTorch exports random models of every kind with PyTorch, and holds them against
// its outputs and the states behind every frame.
func TestPyTorch(t *testing.T) {
	command := filepath.Join("..", "..", "cmd", "sparsec")
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join(command, "export", "sparsec_export.py"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sparsec_export.py"), script, 0o666); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(command, "testdata", "export_models.py")
	if out, err := exec.Command(pythonWithTorch(t), program, dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	var cases []reference
	for _, path := range files {
		base := strings.TrimSuffix(path, ".safetensors")
		cases = append(cases, reference{name: filepath.Base(base), model: path, vectors: base + ".npz", state: true})
	}
	if len(cases) < 20 {
		t.Fatalf("%d models, want more", len(cases))
	}
	run(t, cases)
}

// pythonWithTorch is a Python that imports torch and numpy; without one the test is
// skipped.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds packages")
	}
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c", "import torch, numpy").Run() == nil {
			return path
		}
	}
	t.Skip("no Python that imports torch and numpy, as Debian's python3-torch has")
	return ""
}
