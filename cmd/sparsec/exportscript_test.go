package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/importer/torch"
	"github.com/sparsec/sparsec/ir"
)

// pythonWithTorch is a Python that imports torch and numpy; without one the test is
// skipped.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c", "import torch, numpy").Run() == nil {
			return path
		}
	}
	t.Skip("no Python that imports torch and numpy, as Debian's python3-torch has")
	return ""
}

// TestExportedModels exports random models of every kind with PyTorch, imports them,
// and holds the float64 interpreter's outputs, and the states behind every frame,
// against PyTorch's.
func TestExportedModels(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sparsec_export.py"), exportScript, 0o666); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join("testdata", "export_models.py")
	if out, err := exec.Command(pythonWithTorch(t), program, dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if len(files) < 20 {
		t.Fatalf("%d models, want more", len(files))
	}
	files = append(files, filepath.Join(dir, "plain.pt"), filepath.Join(dir, "legacy.pt")) // by their names alone
	for _, path := range files {
		name := strings.TrimSuffix(path, filepath.Ext(path))
		t.Run(filepath.Base(name), func(t *testing.T) {
			m, err := torch.Import(path, torch.Options{})
			if err != nil {
				t.Fatal(err)
			}
			agreesWithVectors(t, m, name+".npz")
		})
	}
	for _, name := range []string{"module.pt", "module_legacy.pt"} {
		_, err := torch.Import(filepath.Join(dir, name), torch.Options{})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "torch.save(model.state_dict(), PATH)") {
			t.Errorf("%s: got %v, want an error that says how to save a state dict", name, err)
		}
	}
	refusal, err := os.ReadFile(filepath.Join(dir, "refused.txt"))
	for _, word := range []string{"roll", "flip", "Conv2d is not supported"} {
		if err != nil || !strings.Contains(string(refusal), word) {
			t.Errorf("a model that is not supported: got %q, %v, want it to name %s", refusal, err, word)
		}
	}
}

// agreesWithVectors holds a model against golden vectors.
func agreesWithVectors(t *testing.T, m *ir.Model, path string) {
	t.Helper()
	file, err := golden.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := golden.Bind(m, file, golden.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := golden.Interpret(c.Model, &c.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Compare(r, nil, golden.DefaultTolerance) {
		if !d.OK() {
			t.Error(d.String())
		}
	}
}
