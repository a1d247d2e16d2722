package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGenerated holds the packages in generated against the checkpoints in
// testdata: each folder has what `go generate` would write. With -update it
// writes them, as `go generate ./generated/...` does for those that are there.
func TestGenerated(t *testing.T) {
	for i := range fixtures {
		f := &fixtures[i]
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("..", "..", "generated", f.name)
			args := append([]string{"-generate", "-o", dir, "-pkg", f.name}, f.flags...)
			if !*update {
				args = append(args, "-check")
			}
			var out bytes.Buffer
			code := run(context.Background(), &env{stdout: &out, stderr: &out}, append([]string{"compile"}, append(args, f.path())...))
			if code != 0 {
				t.Fatalf("exit code %d; run go generate ./generated/...\n%s", code, out.Bytes())
			}
			checkGenerateLine(t, f, dir)
		})
	}
}

// checkGenerateLine: the line runs, from the folder, the command that made it.
func checkGenerateLine(t *testing.T, f *fixture, dir string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(dir, "gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	words := append([]string{"//go:generate go run github.com/sparsec/sparsec/cmd/sparsec compile -generate -o . -pkg", f.name}, f.flags...)
	want := strings.Join(append(words, "../../testdata/"+f.name+".ckpt"), " ")
	if !slices.Contains(strings.Split(string(source), "\n"), want) {
		t.Errorf("%s/gen.go has no line\n%s\n%s", dir, want, source)
	}
}

// TestGeneratedFolders: every folder in generated belongs to a fixture.
func TestGeneratedFolders(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", "..", "generated"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && findFixture(e.Name()) == nil {
			t.Errorf("generated/%s: no fixture of that name", e.Name())
		}
	}
}
