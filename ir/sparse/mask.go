package sparse

import (
	"fmt"
	"iter"
	"math"
	"math/bits"
)

const wordBits = 64

// Mask says which weights of a rows×cols matrix are kept. It is a bit set;
// each row begins at a word of its own, and the bits past the last column are
// always clear.
type Mask struct {
	rows, cols int
	stride     int // words in a row
	words      []uint64
}

// NewMask returns a rows×cols mask that keeps nothing. It panics on a negative
// size.
func NewMask(rows, cols int) *Mask {
	if rows < 0 || cols < 0 {
		panic(fmt.Sprintf("sparse: mask of %d×%d", rows, cols))
	}
	stride := (cols + wordBits - 1) / wordBits
	return &Mask{rows: rows, cols: cols, stride: stride, words: make([]uint64, rows*stride)}
}

// FullMask returns a rows×cols mask that keeps every weight.
func FullMask(rows, cols int) *Mask {
	m := NewMask(rows, cols)
	m.Fill(Span{0, rows})
	return m
}

// MaskOf is the mask of a matrix: a weight of exactly zero, of either sign, is
// pruned, every other one is kept.
func MaskOf(w *Matrix) *Mask {
	m := NewMask(w.Rows, w.Cols)
	for r := range w.Rows {
		words := m.row(r)
		for c, v := range w.Row(r) {
			if v != 0 {
				words[c/wordBits] |= 1 << (c % wordBits)
			}
		}
	}
	return m
}

// Rows is the number of rows.
func (m *Mask) Rows() int { return m.rows }

// Cols is the number of columns.
func (m *Mask) Cols() int { return m.cols }

// At reports whether the weight at row r and column c is kept.
func (m *Mask) At(r, c int) bool {
	m.check(c)
	return m.row(r)[c/wordBits]>>(c%wordBits)&1 != 0
}

// Set keeps or prunes the weight at row r and column c.
func (m *Mask) Set(r, c int, keep bool) {
	m.check(c)
	if keep {
		m.row(r)[c/wordBits] |= 1 << (c % wordBits)
	} else {
		m.row(r)[c/wordBits] &^= 1 << (c % wordBits)
	}
}

// Fill keeps every weight of a range of rows.
func (m *Mask) Fill(rows Span) {
	for r := rows.From; r < rows.To; r++ {
		words := m.row(r)
		for i := range words {
			words[i] = ^uint64(0) >> max(0, (i+1)*wordBits-m.cols)
		}
	}
}

// Count is the number of weights kept.
func (m *Mask) Count() int {
	n := 0
	for _, w := range m.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// CountRow is the number of weights kept in row r from column from up to, not
// including, column to.
func (m *Mask) CountRow(r, from, to int) int {
	if from >= to {
		return 0
	}
	m.check(from)
	m.check(to - 1)
	words := m.row(r)
	first, last := from/wordBits, (to-1)/wordBits
	low := ^uint64(0) << (from % wordBits)
	high := ^uint64(0) >> (wordBits - 1 - (to-1)%wordBits)
	if first == last {
		return bits.OnesCount64(words[first] & low & high)
	}
	n := bits.OnesCount64(words[first]&low) + bits.OnesCount64(words[last]&high)
	for _, w := range words[first+1 : last] {
		n += bits.OnesCount64(w)
	}
	return n
}

// Density is the share of weights kept; an empty mask has density 0.
func (m *Mask) Density() float64 {
	if m.rows == 0 || m.cols == 0 {
		return 0
	}
	return float64(m.Count()) / float64(m.rows) / float64(m.cols)
}

// Row yields the columns kept in row r, in rising order.
func (m *Mask) Row(r int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range m.row(r) {
			for ; w != 0; w &= w - 1 {
				if !yield(i*wordBits + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// Apply sets the pruned weights of a matrix of the mask's shape to +0. It
// assigns instead of multiplying, so that an infinite pruned weight becomes
// zero too. It panics if the shapes differ.
func (m *Mask) Apply(w *Matrix) {
	if w.Rows != m.rows || w.Cols != m.cols {
		panic(fmt.Sprintf("sparse: mask of %d×%d on a matrix of %d×%d", m.rows, m.cols, w.Rows, w.Cols))
	}
	for r := range m.rows {
		row := w.Row(r)
		for i, keep := range m.row(r) {
			applyWord(row[i*wordBits:min((i+1)*wordBits, m.cols)], keep)
		}
	}
}

// applyWord clears the weights whose bit is clear. It has no branch on the
// pattern, which a processor could not predict.
func applyWord(weights []float32, keep uint64) {
	for c, w := range weights {
		weights[c] = math.Float32frombits(math.Float32bits(w) & -uint32(keep&1))
		keep >>= 1
	}
}

// Clone returns a copy.
func (m *Mask) Clone() *Mask {
	c := *m
	c.words = append([]uint64(nil), m.words...)
	return &c
}

// Equal reports whether two masks have the same shape and keep the same
// weights.
func (m *Mask) Equal(o *Mask) bool {
	if m.rows != o.rows || m.cols != o.cols {
		return false
	}
	for i, w := range m.words {
		if w != o.words[i] {
			return false
		}
	}
	return true
}

// And returns the mask of what both keep. It panics if the shapes differ, as
// do the other operations on two masks.
func (m *Mask) And(o *Mask) *Mask { return m.merge(o, func(a, b uint64) uint64 { return a & b }) }

// Or returns the mask of what either keeps.
func (m *Mask) Or(o *Mask) *Mask { return m.merge(o, func(a, b uint64) uint64 { return a | b }) }

// AndNot returns the mask of what m keeps and o does not.
func (m *Mask) AndNot(o *Mask) *Mask { return m.merge(o, func(a, b uint64) uint64 { return a &^ b }) }

// Xor returns the mask of what exactly one of the two keeps.
func (m *Mask) Xor(o *Mask) *Mask { return m.merge(o, func(a, b uint64) uint64 { return a ^ b }) }

// Not returns the mask of what m prunes.
func (m *Mask) Not() *Mask { return FullMask(m.rows, m.cols).AndNot(m) }

func (m *Mask) merge(o *Mask, op func(a, b uint64) uint64) *Mask {
	if m.rows != o.rows || m.cols != o.cols {
		panic(fmt.Sprintf("sparse: masks of %d×%d and %d×%d", m.rows, m.cols, o.rows, o.cols))
	}
	merged := NewMask(m.rows, m.cols)
	for i := range merged.words {
		merged.words[i] = op(m.words[i], o.words[i])
	}
	return merged
}

func (m *Mask) row(r int) []uint64 { return m.words[r*m.stride : (r+1)*m.stride] }

// check panics for a column that the padding of a row would swallow.
func (m *Mask) check(c int) {
	if c < 0 || c >= m.cols {
		panic(fmt.Sprintf("sparse: column %d of a mask with %d", c, m.cols))
	}
}
