package torch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// description says what is made of the tensors of a state dict. It is read from
// TOML or JSON, in which keys that are not known are faults.
type description struct {
	Name    string           `toml:"name" json:"name"`
	Inputs  []edge           `toml:"input" json:"input"`
	Modules []map[string]any `toml:"module" json:"module"`
	Outputs []edge           `toml:"output" json:"output"`
	Ignore  []string         `toml:"ignore" json:"ignore"` // patterns of tensors that are not used, as of path.Match

	origin string // for errors: the file, or what else it comes from
}

// edge is a named input or output.
type edge struct {
	Name   string `toml:"name" json:"name"`
	From   string `toml:"from" json:"from"`     // of an output: the module
	Shape  []int  `toml:"shape" json:"shape"`   // of an input: that of a frame
	Bound  int    `toml:"bound" json:"bound"`   // of an input of indices: one more than the largest
	Layout string `toml:"layout" json:"layout"` // a letter for each axis of the tensor in PyTorch: T, B, and any for those of a frame
	Last   bool   `toml:"last" json:"last"`     // of an output: the tensor has the last frame alone
}

// metadataKey is the key of a safetensors file under which the script of sparsec
// export-script puts the description in JSON.
const metadataKey = "sparsec.modules"

// Bounds of descriptions in bytes. That of TOML keeps the depth of nesting, and so
// of the stack, within bounds; encoding/json has one of its own.
const (
	maxTOML = 1 << 16
	maxJSON = 1 << 20
)

// findDescription is the description of the options, of a file beside that of the
// tensors, or of the metadata, in this order; nil without any.
func findDescription(path string, o Options, meta map[string]string) (*description, error) {
	if o.Description != "" {
		return readDescription(o.Description)
	}
	var beside []string
	base := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".toml", ".json"} {
		if info, err := os.Stat(base + ext); err == nil && info.Mode().IsRegular() && base+ext != path {
			beside = append(beside, base+ext)
		}
	}
	switch {
	case len(beside) > 1:
		return nil, fmt.Errorf("%s: descriptions %s, want one of them, or -model FILE", path, strings.Join(beside, " and "))
	case len(beside) == 1:
		return readDescription(beside[0])
	}
	if text, ok := meta[metadataKey]; ok {
		return parseDescription(path+": metadata "+metadataKey, []byte(text), false)
	}
	return nil, nil
}

func readDescription(path string) (*description, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxJSON {
		return nil, fmt.Errorf("%s: no regular file of at most %d bytes", path, maxJSON)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseDescription(path, text, filepath.Ext(path) != ".json")
}

// parseDescription reads TOML or JSON. Errors call it origin.
func parseDescription(origin string, text []byte, isTOML bool) (*description, error) {
	d := &description{origin: origin}
	var err error
	if isTOML {
		err = d.fromTOML(text)
	} else {
		err = d.fromJSON(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	return d, nil
}

func (d *description) fromTOML(text []byte) error {
	if len(text) > maxTOML {
		return fmt.Errorf("%d bytes, want at most %d of TOML", len(text), maxTOML)
	}
	meta, err := toml.Decode(string(text), d)
	if err != nil {
		return err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		words := make([]string, len(unknown))
		for i, key := range unknown {
			words[i] = key.String()
		}
		return fmt.Errorf("unknown keys: %s", strings.Join(words, ", "))
	}
	return nil
}

func (d *description) fromJSON(text []byte) error {
	if len(text) > maxJSON {
		return fmt.Errorf("%d bytes, want at most %d of JSON", len(text), maxJSON)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("text behind the JSON")
	}
	return nil
}
