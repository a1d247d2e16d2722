package ckpt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxHeader is the longest header in bytes, as in the reference implementation.
const maxHeader = 100_000_000

// ReadTensors reads every tensor and the metadata of a safetensors file, the
// tensors in the order of their data.
func ReadTensors(path string) ([]Tensor, map[string]string, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return DecodeTensors(path, f, size)
}

// DecodeTensors is [ReadTensors] of size bytes that errors call name.
func DecodeTensors(name string, r io.ReaderAt, size int64) ([]Tensor, map[string]string, error) {
	a, err := readArchive(r, size)
	if err != nil {
		return nil, nil, named(name, err)
	}
	tensors := make([]Tensor, len(a.entries))
	for i, e := range a.entries {
		if tensors[i], err = a.tensor(e); err != nil {
			return nil, nil, named(name, err)
		}
	}
	return tensors, a.meta, nil
}

// open opens a regular file; a pipe or a device has no size to hold the header
// against.
func open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path) // before the file is opened, which a pipe would block
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// archive is a file with a sound header.
type archive struct {
	*header
	r    io.ReaderAt
	data int64 // where the data begins
}

func readArchive(r io.ReaderAt, size int64) (*archive, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("file of %d bytes has no header: not a safetensors file", size)
	}
	if err := readFull(r, prefix[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	switch rest := uint64(size) - 8; {
	case length > rest:
		return nil, fmt.Errorf("header of %d bytes in a file of %d: truncated, or not a safetensors file", length, size)
	case length > maxHeader:
		return nil, fmt.Errorf("header of %d bytes, want at most %d", length, maxHeader)
	}
	text := make([]byte, length)
	if err := readFull(r, text, 8); err != nil {
		return nil, err
	}
	h, err := parseHeader(text, uint64(size)-8-length)
	if err != nil {
		return nil, err
	}
	return &archive{header: h, r: r, data: 8 + int64(length)}, nil
}

// tensor reads the data of an entry, whose extent the header was held to.
func (a *archive) tensor(e entry) (Tensor, error) {
	t := Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: make([]byte, e.end-e.begin)}
	return t, within(fmt.Sprintf("tensor %q", e.name), readFull(a.r, t.Data, a.data+int64(e.begin)))
}

func readFull(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// named puts the file before every joined error.
func named(name string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	var faults []error
	for _, e := range joined.Unwrap() {
		faults = append(faults, named(name, e))
	}
	return errors.Join(faults...)
}
