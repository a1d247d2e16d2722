package golden

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readArchive reads an .npz: a zip archive of .npy files, as numpy.savez and
// numpy.savez_compressed write it.
func readArchive(r io.ReaderAt, size int64) ([]Array, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("neither an .npz archive nor JSON: %w", err)
	}
	var arrays []Array
	left := uint64(maxElements)
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("archive holds %q, want .npy files alone", f.Name)
		}
		// The size is the archive's word; a member that is longer fails its reader.
		if f.UncompressedSize64 > 8*left+maxPreamble {
			return nil, fmt.Errorf("array %q: %d bytes, want at most %d elements in all", name, f.UncompressedSize64, maxElements)
		}
		a, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		if uint64(len(a.Data)) > left {
			return nil, fmt.Errorf("array %q: the archive holds more than %d elements", name, maxElements)
		}
		left -= uint64(len(a.Data))
		a.Name = name
		arrays = append(arrays, a)
	}
	return arrays, nil
}

func readMember(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return Array{}, err
	}
	return parseNumpy(data)
}

// maxPreamble bounds what stands before the elements of an .npy file.
const maxPreamble = 1 << 16

// numpyHeader is the dictionary of an .npy file as NumPy writes it: keys in this
// order, since they are sorted. The format is NEP 1,
// https://numpy.org/neps/nep-0001-npy-format.html.
var numpyHeader = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \} *\n$`)

// parseNumpy reads an .npy file. It is stricter than the packages for it that there
// are, which index out of range on headers that they do not expect.
func parseNumpy(data []byte) (Array, error) {
	header, rest, err := splitNumpy(data)
	if err != nil {
		return Array{}, err
	}
	m := numpyHeader.FindSubmatch(header)
	if m == nil {
		return Array{}, fmt.Errorf("header %.100q, want the keys descr, fortran_order and shape of a plain array", header)
	}
	e, ok := elements[numpyNames[string(m[1])]]
	if !ok {
		return Array{}, fmt.Errorf("elements of type %q, want float32, float64, bool or whole numbers, little-endian", m[1])
	}
	a := Array{}
	for word := range strings.SplitSeq(string(m[3]), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue // behind the comma of a tuple of one
		}
		d, err := strconv.Atoi(word)
		if err != nil {
			return Array{}, fmt.Errorf("shape (%s): %w", m[3], err)
		}
		a.Shape = append(a.Shape, d)
	}
	n, err := count(a.Shape)
	if err != nil {
		return Array{}, err
	}
	if len(rest) != n*e.size {
		return Array{}, fmt.Errorf("%d bytes of data, want %d of shape %s", len(rest), n*e.size, shapeText(a.Shape))
	}
	a.Data = e.decode(rest)
	if string(m[2]) == "True" {
		a.Data = rowMajor(a.Data, a.Shape)
	}
	return a, nil
}

// splitNumpy divides an .npy file into its header and its elements.
func splitNumpy(data []byte) (header, rest []byte, err error) {
	data, ok := bytes.CutPrefix(data, []byte("\x93NUMPY"))
	if !ok || len(data) < 6 {
		return nil, nil, fmt.Errorf("no .npy file")
	}
	major := data[0]
	data = data[2:]
	var length int
	switch major {
	case 1:
		length, data = int(little.Uint16(data)), data[2:]
	case 2, 3:
		if n := little.Uint32(data); n <= maxPreamble {
			length, data = int(n), data[4:]
		} else {
			return nil, nil, fmt.Errorf("header of %d bytes, want at most %d", n, maxPreamble)
		}
	default:
		return nil, nil, fmt.Errorf("version %d of .npy, want 1, 2 or 3", major)
	}
	if length > len(data) {
		return nil, nil, fmt.Errorf("header of %d bytes in a file that ends %d behind its beginning", length, len(data))
	}
	return data[:length], data[length:], nil
}

// rowMajor reorders an array whose first index runs fastest.
func rowMajor(data []float64, shape []int) []float64 {
	strides := make([]int, len(shape))
	n := 1
	for i, d := range shape {
		strides[i] = n
		n *= d
	}
	out := make([]float64, 0, len(data))
	index := slices.Repeat([]int{0}, len(shape))
	for range data {
		at := 0
		for i, k := range index {
			at += k * strides[i]
		}
		out = append(out, data[at])
		for i := len(shape) - 1; i >= 0; i-- {
			if index[i]++; index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return out
}
