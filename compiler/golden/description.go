package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxDescription bounds the JSON in bytes.
const maxDescription = 1 << 20

// description is the JSON beside a .bin: where which array lies in it. Other keys
// are for readers.
type description struct {
	Inputs  []placed `json:"inputs"`
	Outputs []placed `json:"outputs"`
}

// placed is an array in the .bin, little-endian and row-major.
type placed struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
}

// binPath is the path of the .bin that belongs to a JSON file.
func binPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".bin"
}

// readDescription reads the JSON, and from the .bin at path the arrays it names.
func readDescription(r io.Reader, path string) ([]Array, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDescription+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDescription {
		return nil, fmt.Errorf("more than %d bytes of JSON", maxDescription)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	bin, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer bin.Close()
	return d.arrays(bin, info.Size())
}

// arrays reads all arrays from the size bytes of the .bin; the error lists every
// fault.
func (d *description) arrays(bin io.ReaderAt, size int64) ([]Array, error) {
	var arrays []Array
	var faults []error
	left := maxElements
	read := func(side Side, word string, list []placed) {
		for _, p := range list {
			a, err := p.array(bin, size, left)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s %q: %w", word, p.Name, err))
				continue
			}
			left -= len(a.Data)
			a.Side = side
			arrays = append(arrays, a)
		}
	}
	read(InputSide, "input", d.Inputs)
	read(OutputSide, "output", d.Outputs)
	if len(arrays)+len(faults) == 0 {
		return nil, errors.New("no inputs and outputs")
	}
	return arrays, errors.Join(faults...)
}

func (p *placed) array(bin io.ReaderAt, size int64, left int) (Array, error) {
	a := Array{Name: p.Name, Shape: p.Shape}
	e, ok := elements[p.DType]
	if !ok {
		return a, fmt.Errorf("dtype %q, want float32, float64, bool, uint8 or int8 to int64", p.DType)
	}
	n, err := count(p.Shape)
	if err != nil {
		return a, err
	}
	if n > left {
		return a, fmt.Errorf("more than %d elements in all", maxElements)
	}
	bytes := int64(n) * int64(e.size)
	if p.Bytes != bytes {
		return a, fmt.Errorf("%d bytes, want %d of %s %s", p.Bytes, bytes, p.DType, shapeText(p.Shape))
	}
	if p.Offset < 0 || p.Offset > size-bytes {
		return a, fmt.Errorf("bytes %d to %d of a .bin of %d", p.Offset, p.Offset+bytes, size)
	}
	data := make([]byte, bytes)
	if _, err := bin.ReadAt(data, p.Offset); err != nil {
		return a, err
	}
	a.Data = e.decode(data)
	return a, nil
}
