package ckpt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// Version is the version of the format, in the metadata of every model.ckpt.
const Version = "1"

// The keys of the metadata that are not the caller's begin with ownPrefix.
const (
	ownPrefix  = "sparsec."
	versionKey = ownPrefix + "version"
	graphKey   = ownPrefix + "graph"
)

// Write writes a model that [ir.Model.Verify] accepts, with data in every
// parameter, and metadata of the caller's: a training configuration, a
// vocabulary. Its keys must not begin with "sparsec.".
func Write(path string, m *ir.Model, meta map[string]string) error {
	tensors, all, err := pack(m, meta)
	if err != nil {
		return named(path, err)
	}
	return WriteTensors(path, tensors, all)
}

// Encode writes the bytes of [Write] to w.
func Encode(w io.Writer, m *ir.Model, meta map[string]string) error {
	tensors, all, err := pack(m, meta)
	if err != nil {
		return err
	}
	return EncodeTensors(w, tensors, all)
}

func pack(m *ir.Model, meta map[string]string) ([]Tensor, map[string]string, error) {
	if err := sound(m); err != nil {
		return nil, nil, err
	}
	var graph bytes.Buffer
	if err := ir.Print(&graph, m); err != nil {
		return nil, nil, err
	}
	all := map[string]string{versionKey: Version, graphKey: graph.String()}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if strings.HasPrefix(key, ownPrefix) {
			return nil, nil, fmt.Errorf("metadata %q: keys that begin with %q are reserved", key, ownPrefix)
		}
		all[key] = meta[key]
	}
	var tensors []Tensor
	for _, p := range m.Params {
		tensors = append(tensors, New(p.Name, p.Shape, p.Data))
	}
	return tensors, all, nil
}

// sound lists the faults of a model and its parameters without data.
func sound(m *ir.Model) error {
	if err := m.Verify(); err != nil {
		return err
	}
	return m.Filled()
}

// Read reads a model and the metadata of the caller's. The model is one that
// [ir.Model.Verify] accepts, with data in every parameter; tensors of F16, BF16
// and F64 are converted. The error lists every fault, as in
//
//	model.ckpt: tensor "gru0.weight_hh": shape [768 255], want [768 256]
func Read(path string) (*ir.Model, map[string]string, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return Decode(path, f, size)
}

// Decode is [Read] of size bytes that errors call name.
func Decode(name string, r io.ReaderAt, size int64) (*ir.Model, map[string]string, error) {
	a, err := readArchive(r, size)
	if err != nil {
		return nil, nil, named(name, err)
	}
	m, err := a.graph()
	if err != nil {
		return nil, nil, named(name, err)
	}
	if err := a.fill(m); err != nil {
		return nil, nil, named(name, err)
	}
	maps.DeleteFunc(a.meta, func(key, _ string) bool { return strings.HasPrefix(key, ownPrefix) })
	return m, a.meta, nil
}

// graph parses the graph of the metadata and holds the tensors of the header
// against it.
func (a *archive) graph() (*ir.Model, error) {
	text, ok := a.meta[graphKey]
	if !ok {
		return nil, fmt.Errorf("metadata has no %q: a safetensors file, but not a model of sparsec", graphKey)
	}
	if v := a.meta[versionKey]; v != Version {
		return nil, fmt.Errorf("metadata %q is %q, want %q", versionKey, v, Version)
	}
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		return nil, named(graphKey, err)
	}
	return m, errors.Join(a.matches(m), m.Verify())
}

// matches lists tensors that are not in the graph, not in the file, or of
// another shape or element type.
func (a *archive) matches(m *ir.Model) error {
	var faults []error
	params := byName(m)
	stored := make(map[string]bool, len(a.entries))
	for _, e := range a.entries {
		stored[e.name] = true
		p, ok := params[e.name]
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("tensor %q: is not in the graph", e.name))
		case !slices.Equal(e.shape, p.Shape):
			faults = append(faults, fmt.Errorf("tensor %q: shape %v, want %v", e.name, e.shape, p.Shape))
		case !slices.Contains([]DType{F32, F16, BF16, F64}, e.dtype):
			faults = append(faults, fmt.Errorf("tensor %q: element type %v, want F32, F16, BF16 or F64", e.name, e.dtype))
		}
	}
	for _, p := range m.Params {
		if !stored[p.Name] {
			faults = append(faults, fmt.Errorf("tensor %q: is not in the file", p.Name))
		}
	}
	return errors.Join(faults...)
}

func byName(m *ir.Model) map[string]*ir.Param {
	params := make(map[string]*ir.Param, len(m.Params))
	for _, p := range m.Params {
		params[p.Name] = p
	}
	return params
}

// fill reads the data of every parameter.
func (a *archive) fill(m *ir.Model) error {
	params := byName(m)
	var faults []error
	for _, e := range a.entries {
		t, err := a.tensor(e)
		if err != nil {
			return err
		}
		if params[e.name].Data, err = t.Float32s(); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	return sound(m)
}

// HasModel reports whether size bytes are a safetensors file whose metadata has the
// graph of a model, as those that [Write] writes.
func HasModel(r io.ReaderAt, size int64) bool {
	a, err := readArchive(r, size)
	if err != nil {
		return false
	}
	_, ok := a.meta[graphKey]
	return ok
}
