package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/sparsec/sparsec/trainer/data"
)

// minDemoText is the least text from which a model of characters learns
// anything, in bytes.
const minDemoText = 20_000

// demoText is what the demo trains on.
type demoText struct {
	name        string  // for the reader
	train, held []int32 // classes of the characters
	vocabulary  *data.Vocabulary
}

// maxCharacters bounds the vocabulary: the output layer has a row for each, and
// rare characters of other scripts would be most of it.
const maxCharacters = 128

// readDemoText reads a file, or the sources of Go's standard library when path
// is empty, up to limit bytes.
func readDemoText(ctx context.Context, path string, limit int) (*demoText, error) {
	text, name, err := demoSource(ctx, path, limit)
	if err != nil {
		return nil, err
	}
	if len(text) < minDemoText {
		return nil, fmt.Errorf("%s: %d bytes, want at least %d to learn from", name, len(text), minDemoText)
	}
	train, held := holdOut(text)
	v, err := data.BuildVocabulary(data.Rune.Count(train), maxCharacters)
	if err != nil {
		return nil, err
	}
	return &demoText{
		name: name, vocabulary: v,
		train: data.Rune.Encode(v, train), held: data.Rune.Encode(v, held),
	}, nil
}

func demoSource(ctx context.Context, path string, limit int) (text, name string, err error) {
	if path == "" {
		root, err := goroot(ctx)
		if err != nil {
			return "", "", err
		}
		text, err := data.GoSources(root, limit)
		return text, "Go's standard library, " + filepath.Join(root, "src"), err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", "", fmt.Errorf("%s: no such file, want a text to learn from", path)
	}
	return string(b[:min(len(b), limit)]), path, err
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

// Every heldEvery-th of up to maxChunks chunks of a text is held out, so that
// what is measured is like what was learnt: a text's end alone is often of
// another kind.
const (
	heldEvery = 40
	maxChunks = 400
)

// holdOut divides a text between characters.
func holdOut(text string) (train, held string) {
	var t, h strings.Builder
	size := len(text)/maxChunks + 1
	for i := 0; len(text) > 0; i++ {
		n := min(size, len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		if i%heldEvery == heldEvery-1 {
			h.WriteString(text[:n])
		} else {
			t.WriteString(text[:n])
		}
		text = text[n:]
	}
	return t.String(), h.String()
}
