package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sparsec/sparsec/trainer/sweep"
)

// TestExperiments: the experiments that are kept here are read, and every cell's
// settings are valid, in both forms; quick ones are few.
func TestExperiments(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("experiments", "*.toml"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("experiments %v, %v, want some", paths, err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := sweep.Parse(path, source, false)
		if err != nil {
			t.Error(err)
			continue
		}
		quick, err := sweep.Parse(path, source, true)
		if err != nil {
			t.Error(err)
			continue
		}
		if whole.Name+".toml" != filepath.Base(path) || len(quick.Cells) > 6 || len(quick.Cells) > len(whole.Cells) {
			t.Errorf("%s: name %q, %d cells and %d quick ones, want the name of the file and at most 6", path, whole.Name, len(whole.Cells), len(quick.Cells))
		}
	}
}
