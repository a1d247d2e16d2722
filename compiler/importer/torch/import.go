package torch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// Options of an import. The zero value looks for a description beside the file and
// in its metadata.
type Options struct {
	// Description is the path of the description, in JSON where it ends in .json,
	// else in TOML.
	Description string
	// Note, if it is set, is told what was assumed where nothing says it: the
	// structure of a model without a description.
	Note func(text string)
}

// Import reads a state dict of PyTorch and makes the model that its description, see
// the documentation of the package, says. The kind of the file, safetensors or what
// torch.save writes, is told by its first bytes. The error lists all that does not
// fit, each with the file and the tensor or module.
func Import(path string, o Options) (*ir.Model, error) {
	f, err := readTensors(path)
	if err != nil {
		return nil, err
	}
	d, err := findDescription(path, o, f.meta)
	if err != nil {
		return nil, err
	}
	m, err := f.assemble(d, o)
	if err != nil {
		return nil, named(path, err)
	}
	return m, nil
}

// file is the content of a file of tensors.
type file struct {
	path    string
	tensors []ckpt.Tensor
	ordered bool // as the program defined them
	meta    map[string]string
}

// readTensors reads a file of either kind. Only safetensors have metadata, and only
// what torch.save writes has the order of the program.
func readTensors(path string) (*file, error) {
	info, err := os.Stat(path) // before the file is opened, which a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	decode, err := pickled(path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, ordered: decode != nil}
	if decode == nil {
		if f.tensors, f.meta, err = ckpt.ReadTensors(path); err != nil {
			return nil, err
		}
		if _, ok := f.meta["sparsec.graph"]; ok {
			return nil, fmt.Errorf("%s: a checkpoint of sparsec, which is complete", path)
		}
		return f, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if f.tensors, err = decode(content); err != nil {
		return nil, named(path, err)
	}
	return f, nil
}

// assemble makes the model of the tensors and a description, which is inferred from
// their names where there is none.
func (f *file) assemble(d *description, o Options) (*ir.Model, error) {
	var ignore []string
	if d != nil {
		ignore = d.Ignore
	}
	dict, faults := newStateDict(f.tensors, f.ordered, ignore)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if d == nil {
		var err error
		if d, err = infer(dict); err != nil {
			return nil, err
		}
		if o.Note != nil {
			o.Note(fmt.Sprintf("%s: no description; its tensors were taken for %s", f.path, d.summary()))
		}
	}
	name := d.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path))
	}
	return build(name, d, dict)
}

// pickled is the reader of a file of torch.save, nil for another kind of file.
func pickled(path string) (func([]byte) ([]ckpt.Tensor, error), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, len(legacyMagic))
	n, _ := f.Read(head) // a short file is none of these; its reader says so
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return decodeZip, nil
	case bytes.Equal(head, legacyMagic):
		return decodeLegacy, nil
	case bytes.HasPrefix(head, []byte{0x80}) && n > 1 && head[1] < 6 && !bytes.Contains(head, []byte("{")):
		return nil, fmt.Errorf("%s: a pickle, but not one of torch.save", path)
	}
	return nil, nil
}

// named puts the path in front of every fault.
func named(path string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", path, err)
	}
	var faults []error
	for _, e := range joined.Unwrap() {
		faults = append(faults, named(path, e))
	}
	return errors.Join(faults...)
}
