package sparse

import "fmt"

// Bytes is the mask as bits: each row in ⌈cols/8⌉ bytes, the first column in
// the lowest bit of a row's first byte, unused bits clear. (In NumPy:
// unpackbits(axis=1, bitorder="little").)
func (m *Mask) Bytes() []byte {
	width := (m.cols + 7) / 8
	b := make([]byte, m.rows*width)
	for r := range m.rows {
		words := m.row(r)
		for i := range width {
			b[r*width+i] = byte(words[i/8] >> (i % 8 * 8))
		}
	}
	return b
}

// MaskFromBytes reads what [Mask.Bytes] wrote. A wrong length or a bit set
// past the last column is an error.
func MaskFromBytes(rows, cols int, b []byte) (*Mask, error) {
	if rows < 0 || cols < 0 {
		return nil, fmt.Errorf("mask of %d×%d: want a size that is not negative", rows, cols)
	}
	width := cols/8 + (cols%8+7)/8 // any cols: no overflow
	if width == 0 && len(b) != 0 || width > 0 && (len(b)%width != 0 || len(b)/width != rows) {
		return nil, fmt.Errorf("mask of %d×%d: %d bytes, want %d for each row", rows, cols, len(b), width)
	}
	m := NewMask(rows, cols)
	for r := range rows {
		words := m.row(r)
		for i, v := range b[r*width : (r+1)*width] {
			words[i/8] |= uint64(v) << (i % 8 * 8)
		}
		if past := cols % wordBits; past != 0 && words[m.stride-1]>>past != 0 {
			return nil, fmt.Errorf("mask of %d×%d: row %d has a bit set past its last column", rows, cols, r)
		}
	}
	return m, nil
}
