package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

// idx is an IDX file of bytes.
func idx(sizes []int, content ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0x800|uint32(len(sizes)))
	for _, n := range sizes {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return append(b, content...)
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func imageFiles(t *testing.T) []File {
	return []File{
		{"d/t10k-labels-idx1-ubyte", idx([]int{1}, 7)},
		{"d/t10k-images-idx3-ubyte", idx([]int{1, 2, 3}, 9, 9, 9, 8, 8, 8)},
		{"d/train-images-idx3-ubyte.gz", zipped(t, idx([]int{2, 2, 3}, 0, 51, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9))},
		{"d/train-labels-idx1-ubyte.gz", zipped(t, idx([]int{2}, 3, 1))},
	}
}

func TestReadImages(t *testing.T) {
	m, err := ReadImages(imageFiles(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := &Images{Rows: 2, Cols: 3, Labels: []byte{7, 3, 1}, Test: []bool{true, false, false},
		Pixels: []byte{9, 9, 9, 8, 8, 8, 0, 51, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, want %+v", m, want)
	}
	d := ImageDataset(m, []int{1})
	if e := d.Examples[0]; d.Width != 3 || len(e.Values) != 6 || e.Values[1] != 0.2 || e.Values[2] != 1 || e.Classes[0] != 3 {
		t.Errorf("dataset %+v, want two rows of three in 0 to 1, of class 3", d)
	}
	if err := d.validate(); err != nil {
		t.Error(err)
	}
	if m, err = ReadImages(imageFiles(t), 1); err != nil || len(m.Labels) != 2 || len(m.Pixels) != 12 {
		t.Errorf("got %+v, %v, want one image of each file", m, err)
	}
}

func TestReadImagesRefuses(t *testing.T) {
	for _, row := range []struct {
		spoil func(f []File) []File
		want  string
	}{
		{func(f []File) []File { return f[:1] }, "no file of images"},
		{func(f []File) []File { return f[1:2] }, "1 images and 0 labels, want as many labels in d/t10k-labels-idx1-ubyte"},
		{func(f []File) []File { f[0].Content = idx([]int{2}, 1, 2); return f }, "1 images and 2 labels"},
		{func(f []File) []File { f[1].Content = f[1].Content[:20]; return f }, "4 bytes behind the header, want 6"},
		{func(f []File) []File { f[1].Content = f[1].Content[:10]; return f }, "ends within its header"},
		{func(f []File) []File { f[1].Content = []byte("P5 28 28"); return f }, "d/t10k-images-idx3-ubyte: begins with 0x50352032"},
		{func(f []File) []File { f[1].Content = nil; return f }, "0 bytes, want an IDX file"},
		{func(f []File) []File { f[1].Content = idx([]int{1 << 20, 1 << 20, 1}); return f }, "together at most"},
		{func(f []File) []File { f[1].Content = idx([]int{0, 2, 3}); return f }, "want at least 1"},
		{func(f []File) []File { f[1].Content = idx([]int{1, 3, 2}, 1, 2, 3, 4, 5, 6); return f }, "images of 2×3, want 3×2"},
		{func(f []File) []File { f[2].Content = f[1].Content; return f }, "gzip"},
	} {
		_, err := ReadImages(row.spoil(imageFiles(t)), 0)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("error %v, want %q", err, row.want)
		}
	}
}

func FuzzReadImages(f *testing.F) {
	f.Add(idx([]int{1, 2, 3}, 1, 2, 3, 4, 5, 6), idx([]int{1}, 7))
	f.Add([]byte{0, 0, 8, 3}, []byte{})
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		m, err := ReadImages([]File{{"train-images-idx3-ubyte", images}, {"train-labels-idx1-ubyte", labels}}, 3)
		if err == nil && len(m.Pixels) != m.Rows*m.Cols*len(m.Labels) {
			t.Errorf("%d pixels of %d images of %d×%d", len(m.Pixels), len(m.Labels), m.Rows, m.Cols)
		}
	})
}
