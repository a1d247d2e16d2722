package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Images are grey pictures of one size and the class of each.
type Images struct {
	Rows, Cols int
	Pixels     []byte // [image][row][column], 255 is full ink
	Labels     []byte
	Test       []bool // of each image: it is of the test part that its file names
}

// Magic numbers of IDX files of bytes, with one and three dimensions.
const (
	idxLabels = 0x801
	idxImages = 0x803
)

// ReadImages reads pairs of IDX files, as MNIST comes in them, gzipped or not: the
// labels of FOO-images-idx3-ubyte are in FOO-labels-idx1-ubyte. Those whose names
// begin with t10k or test are the test part. limit is the number of images used of
// each pair; 0 uses all.
func ReadImages(files []File, limit int) (*Images, error) {
	labels := map[string][]byte{}
	var pictures []File
	all := &Images{}
	for _, f := range files {
		magic, sizes, body, err := readIDX(f)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		case magic == idxLabels:
			labels[pairName(f.Path)] = body
		default:
			if rows, cols := sizes[1], sizes[2]; len(pictures) > 0 && (rows != all.Rows || cols != all.Cols) {
				return nil, fmt.Errorf("%s: images of %d×%d, want %d×%d as in %s", f.Path, rows, cols, all.Rows, all.Cols, pictures[0].Path)
			}
			all.Rows, all.Cols = sizes[1], sizes[2]
			pictures = append(pictures, File{Path: f.Path, Content: body})
		}
	}
	if len(pictures) == 0 {
		return nil, fmt.Errorf("no file of images, want one as train-images-idx3-ubyte.gz")
	}
	for _, f := range pictures {
		if err := all.add(f, labels[pairName(f.Path)], limit); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return all, nil
}

// add appends the images of a file and their labels.
func (m *Images) add(f File, labels []byte, limit int) error {
	size := m.Rows * m.Cols
	n := len(f.Content) / size
	if len(labels) != n {
		return fmt.Errorf("%d images and %d labels, want as many labels in %s", n, len(labels), pairName(f.Path))
	}
	if limit > 0 {
		n = min(n, limit)
	}
	m.Pixels = append(m.Pixels, f.Content[:n*size]...)
	m.Labels = append(m.Labels, labels[:n]...)
	base := filepath.Base(f.Path)
	test := strings.HasPrefix(base, "t10k") || strings.HasPrefix(base, "test")
	for range n {
		m.Test = append(m.Test, test)
	}
	return nil
}

// pairName is that of a file's labels, without its compression.
func pairName(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), ".gz")
	return filepath.Join(filepath.Dir(path), strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(base))
}

// maxIDX bounds the bytes of an IDX file of images.
const maxIDX = 1 << 30

// readIDX returns the content of an IDX file of labels or images.
func readIDX(f File) (magic uint32, sizes []int, body []byte, err error) {
	content := f.Content
	if strings.HasSuffix(f.Path, ".gz") {
		if content, err = unzip(content); err != nil {
			return 0, nil, nil, err
		}
	}
	if len(content) < 4 {
		return 0, nil, nil, fmt.Errorf("%d bytes, want an IDX file of labels or images", len(content))
	}
	magic = binary.BigEndian.Uint32(content)
	if magic != idxLabels && magic != idxImages {
		return 0, nil, nil, fmt.Errorf("begins with %#x, want %#x of an IDX file of labels or %#x of images", magic, idxLabels, idxImages)
	}
	body, total := content[4:], 1
	for range magic & 0xff {
		if len(body) < 4 {
			return 0, nil, nil, fmt.Errorf("ends within its header")
		}
		size := int(binary.BigEndian.Uint32(body))
		sizes, body = append(sizes, size), body[4:]
		if size == 0 || total > maxIDX/size {
			return 0, nil, nil, fmt.Errorf("sizes %v, want at least 1 and together at most %d", sizes, maxIDX)
		}
		total *= size
	}
	if len(body) != total {
		return 0, nil, nil, fmt.Errorf("%d bytes behind the header, want %d of sizes %v", len(body), total, sizes)
	}
	return magic, sizes, body, nil
}

func unzip(content []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxIDX))
}

// ImageDataset makes a sequence of each image of a choice: its rows from the top,
// each a vector of ink from 0 to 1.
func ImageDataset(m *Images, chosen []int) *Dataset {
	size := m.Rows * m.Cols
	d := &Dataset{Width: m.Cols}
	for _, i := range chosen {
		e := Example{Classes: []int32{int32(m.Labels[i])}, Values: make([]float32, size)}
		for k, p := range m.Pixels[i*size : (i+1)*size] {
			e.Values[k] = float32(p) / 255
		}
		d.Examples = append(d.Examples, e)
	}
	return d
}
