package trainer

import (
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/sparsec/sparsec/trainer/data"
)

// readText reads the text of a configuration and adds it to the hash.
func readText(cfg DataConfig, hash io.Writer) (string, error) {
	text := ""
	if cfg.GoRoot != "" {
		var err error
		if text, err = data.GoSources(cfg.GoRoot, cfg.Limit); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, path := range cfg.Paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		b.Write(content)
	}
	text += b.String()
	if cfg.Limit > 0 && len(text) > cfg.Limit {
		text = text[:cfg.Limit]
	}
	io.WriteString(hash, text)
	return text, nil
}

// readFiles reads all files by a reader of package data, one behind the other,
// and adds them to the hash.
func readFiles[E any](paths []string, hash io.Writer, read func(io.Reader, string) ([]E, error)) ([]E, error) {
	var all []E
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		hash.Write(content)
		items, err := read(bytes.NewReader(content), path)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}
