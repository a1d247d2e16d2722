package onnx

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// readExternal reads the numbers of a tensor from another file. That must lie in the
// folder of the model; links out of it are not followed.
func (t *tensorProto) readExternal(folder string, n int) ([]byte, error) {
	location := t.external["location"]
	if location == "" {
		return nil, fmt.Errorf("external data without a location")
	}
	if !filepath.IsLocal(filepath.FromSlash(location)) {
		return nil, fmt.Errorf("external data %q lies outside the folder of the model", location)
	}
	offset, err := externalNumber(t.external["offset"], 0)
	if err != nil {
		return nil, fmt.Errorf("external data %q: offset: %w", location, err)
	}
	want := int64(n) * int64(t.dtype.width())
	length, err := externalNumber(t.external["length"], want)
	switch {
	case err != nil:
		return nil, fmt.Errorf("external data %q: length: %w", location, err)
	case length != want:
		return nil, fmt.Errorf("external data %q: length %d, want %d of %v %v", location, length, want, t.dtype, t.dims)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(location))
	switch {
	case err != nil:
		return nil, fmt.Errorf("external data: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("external data %q is no regular file", location)
	case offset > info.Size() || length > info.Size()-offset:
		return nil, fmt.Errorf("external data %q: %d bytes at %d are beyond its %d", location, length, offset, info.Size())
	}
	file, err := root.Open(filepath.FromSlash(location))
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	defer file.Close()
	raw := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, offset, length), raw)
	return raw, err
}

// externalNumber is a number in words, or that given where there are none.
func externalNumber(words string, otherwise int64) (int64, error) {
	if words == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseInt(words, 10, 64)
	if err == nil && v < 0 {
		err = fmt.Errorf("%d, want at least 0", v)
	}
	return v, err
}
