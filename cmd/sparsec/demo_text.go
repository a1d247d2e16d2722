package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"strings"

	"github.com/sparsec/sparsec/trainer"
)

// minDemoText is the least text from which a model of characters learns
// anything, in bytes.
const minDemoText = 20_000

// maxCharacters bounds the vocabulary: the output layer has a row for each, and
// rare characters of other scripts would be most of it.
const maxCharacters = 128

// demoData is the text of a file, or the sources of Go's standard library when
// path is empty, of which the end is held out; and its name for the reader.
func demoData(ctx context.Context, path string, limit int) (cfg trainer.DataConfig, name string, err error) {
	cfg = trainer.DataConfig{Task: trainer.Text, Limit: limit, Vocabulary: maxCharacters, Train: .96, Valid: .04}
	if path == "" {
		cfg.GoRoot, err = goroot(ctx)
		return cfg, "Go's standard library in " + cfg.GoRoot, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cfg, path, fmt.Errorf("%s: no such file, want a text to learn from", path)
	case err != nil:
		return cfg, path, err
	case !info.Mode().IsRegular():
		return cfg, path, fmt.Errorf("%s: is no regular file, want a text to learn from", path)
	case info.Size() < minDemoText:
		return cfg, path, fmt.Errorf("%s: %d bytes, want at least %d to learn from", path, info.Size(), minDemoText)
	}
	cfg.Paths = []string{path}
	return cfg, path, nil
}

// goroot asks the go command: runtime.GOROOT is empty in a binary that was
// built with -trimpath.
func goroot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w; the go command is needed for the sources and to build the package", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// bitsOf is a number of nats in bits.
func bitsOf(nats float64) float64 { return nats / math.Ln2 }
