package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestInterrupted: a verb that is told to end says so, exits with 1 and leaves
// nothing behind.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	model := findFixture("dense").path()
	for _, args := range [][]string{
		{"prune", model, "-o"},
		{"inspect", model, "-png"},
		{"compile", model, "-pkg", "m", "-o"},
	} {
		t.Run(args[0], func(t *testing.T) {
			dir := t.TempDir()
			var out, said bytes.Buffer
			code := run(ctx, &env{stdout: &out, stderr: &said}, append(args, filepath.Join(dir, "out")))
			if want := "sparsec " + args[0] + ": interrupted\n"; code != 1 || said.String() != want {
				t.Errorf("exit code %d, %q; want 1, %q", code, said.String(), want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
