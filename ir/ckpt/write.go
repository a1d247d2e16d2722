package ckpt

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// WriteTensors writes a safetensors file: atomically (see the package), the
// tensors sorted by alignment and name, so that the same tensors and metadata
// give the same bytes.
func WriteTensors(path string, tensors []Tensor, meta map[string]string) error {
	if err := checkTensors(tensors, meta); err != nil {
		return named(path, err)
	}
	return replaceFile(path, func(w io.Writer) error { return encode(w, tensors, meta) })
}

// EncodeTensors writes the bytes of [WriteTensors] to w.
func EncodeTensors(w io.Writer, tensors []Tensor, meta map[string]string) error {
	if err := checkTensors(tensors, meta); err != nil {
		return err
	}
	return encode(w, tensors, meta)
}

// checkTensors lists what the format cannot carry.
func checkTensors(tensors []Tensor, meta map[string]string) error {
	var faults []error
	seen := map[string]bool{}
	for _, t := range tensors {
		if err := t.check(); err != nil {
			faults = append(faults, within(fmt.Sprintf("tensor %q", t.Name), err))
		}
		if seen[t.Name] {
			faults = append(faults, fmt.Errorf("tensor %q: given twice", t.Name))
		}
		seen[t.Name] = true
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if !utf8.ValidString(key) || !utf8.ValidString(meta[key]) {
			faults = append(faults, fmt.Errorf("metadata %q is not UTF-8", key))
		}
	}
	return errors.Join(faults...)
}

func (t Tensor) check() error {
	switch {
	case t.Name == metadataKey:
		return errors.New("the name is reserved")
	case !utf8.ValidString(t.Name):
		return errors.New("name is not UTF-8")
	case int(t.DType) >= len(dtypes):
		return fmt.Errorf("unknown element type %d", uint8(t.DType))
	case len(t.Shape) > maxRank:
		return fmt.Errorf("%d dimensions, want at most %d", len(t.Shape), maxRank)
	}
	want, ok := byteSize(t.DType, t.Shape)
	if !ok {
		return fmt.Errorf("shape %v of %v has no size", t.Shape, t.DType)
	}
	if uint64(len(t.Data)) != want {
		return fmt.Errorf("%d bytes of data, want %d for shape %v of %v", len(t.Data), want, t.Shape, t.DType)
	}
	return nil
}

// encode writes sound tensors.
func encode(w io.Writer, tensors []Tensor, meta map[string]string) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType, a.DType), cmp.Compare(a.Name, b.Name))
	})
	head, err := headerText(sorted, meta)
	if err != nil {
		return err
	}
	if len(head) > maxHeader {
		return fmt.Errorf("header of %d bytes, want at most %d", len(head), maxHeader)
	}
	b := bufio.NewWriter(w)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) // the error stays with b
	b.Write(head)
	for _, t := range sorted {
		b.Write(t.Data)
	}
	return b.Flush()
}

// headerText is the header, filled up with spaces so that the data begins at a
// multiple of 8 bytes.
func headerText(sorted []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(meta) > 0 {
		b.WriteString(`"` + metadataKey + `":`)
		if err := appendJSON(&b, meta); err != nil {
			return nil, err
		}
	}
	at := 0
	for _, t := range sorted {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := appendJSON(&b, t.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		err := appendJSON(&b, struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType.String(), append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}})
		if err != nil {
			return nil, err
		}
		at += len(t.Data)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

// appendJSON writes v without the escapes that only HTML needs; the keys of a
// map are sorted.
func appendJSON(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline
	return nil
}
