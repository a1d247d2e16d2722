package sparse

import (
	"fmt"
	"math"
	"math/bits"
)

// ExponentMask and WideExponentMask clear what the arithmetic shift of a word in
// the Exponent form leaves in the bits that are constant there: the top three of
// the exponent in words of narrow windows, the top four in those of wide ones.
const (
	ExponentMask     = 0x8fff_ffff
	WideExponentMask = 0x87ff_ffff
)

// wordCode puts a weight and its place inside the window into one word.
//
// The Exponent form has the sign at bit 31, the low 5 bits of the exponent and
// the mantissa at bits 30 to 3, and the place at bits 2 to 0. In wide windows all
// but the place gives way by a bit, the exponent by its fifth one, to the top bit
// of the place at bit 31: there a blend of the two halves of the window reads it,
// where a permute reads only the low three.
type wordCode struct {
	form  IndexForm
	width int // of the window
	shift int // of Exponent: biased exponent of the largest weight
}

// exponentTop is the largest value of the exponent bits that stay in a word; 0
// would decode to a denormal number.
func (c wordCode) exponentTop() int {
	if c.width == WideWindow {
		return 1<<4 - 1
	}
	return 1<<5 - 1
}

// newWordCode checks that all weights of m can be encoded.
func newWordCode(m *Matrix, form IndexForm, width int) (wordCode, error) {
	low, high, err := exponents(m, 0, m.Rows, form, width)
	if err != nil {
		return wordCode{}, err
	}
	return codeBetween(low, high, form, width)
}

// codeBetween is the code for weights of these exponents.
func codeBetween(low, high int, form IndexForm, width int) (wordCode, error) {
	code := wordCode{form: form, width: width, shift: high}
	if form != Exponent {
		return code, nil
	}
	top := code.exponentTop()
	if high-low >= top {
		return wordCode{}, fmt.Errorf("weights between 2^%d and 2^%d: an index of %d columns in the exponent needs them within a range of 2^%d",
			low-127, high-126, width, top)
	}
	if high-top > 127 {
		return wordCode{}, fmt.Errorf("weights up to 2^%d: an index of %d columns in the exponent needs them below 2^%d", high-126, width, 127+top-126)
	}
	return code, nil
}

// exponents are the least and the largest biased exponent of the weights of
// rows from to to, which must be normal float32, and in the Mantissa form such
// with an index.
func exponents(m *Matrix, from, to int, form IndexForm, width int) (low, high int, err error) {
	low, high = 255, 0
	for i := from * m.Cols; i < to*m.Cols; i++ {
		w := m.Data[i]
		if w == 0 {
			continue
		}
		e := biasedExponent(w)
		if e == 0 || e == 255 {
			return 0, 0, fmt.Errorf("weight %g at row %d, column %d: packed words hold normal float32 only", w, i/m.Cols, i%m.Cols)
		}
		if form == Mantissa && math.IsInf(float64(nearestWithIndex(w, 0, bits.Len(uint(width-1)))), 0) {
			return 0, 0, fmt.Errorf("weight %g at row %d, column %d: too large for an index in the mantissa", w, i/m.Cols, i%m.Cols)
		}
		low, high = min(low, e), max(high, e)
	}
	if high == 0 { // no weights
		low, high = 127, 127
	}
	return low, high, nil
}

func biasedExponent(w float32) int { return int(math.Float32bits(w) >> 23 & 255) }

// scale is what a decoded weight is multiplied by to get the weight. The
// largest weight is decoded with the largest exponent, so that products
// underflow as late as possible.
func (c wordCode) scale() float32 {
	switch c.form {
	case Mantissa:
		return 1
	case Fixed:
		return float32(math.Ldexp(1, c.shift-127-fixedBits))
	}
	return float32(math.Ldexp(1, c.shift-c.exponentTop()))
}

// word is the word for a weight of m and a window that begins at base; that of
// an idle lane, which has column -1, is 0.
func (c wordCode) word(m *Matrix, row, column, base int) uint32 {
	if column < 0 {
		return 0
	}
	return c.encode(m.Row(row)[column], uint32(column-base))
}

// encode returns the word for a weight that newWordCode has seen.
func (c wordCode) encode(w float32, index uint32) uint32 {
	switch c.form {
	case Mantissa:
		return math.Float32bits(nearestWithIndex(w, index, bits.Len(uint(c.width-1))))
	case Fixed:
		return c.fixed(w, index)
	}
	b := math.Float32bits(w)
	e := uint32(int(b>>23&255) - c.shift + c.exponentTop())
	sign, magnitude := b&(1<<31), e<<23|b&(1<<23-1)
	if c.width == WideWindow {
		return index>>3<<31 | sign>>1 | magnitude<<3 | index&7
	}
	return sign | magnitude<<3 | index
}

// decodeWord is the weight in a word, before scaling.
func decodeWord(word uint32, form IndexForm, width int) float32 {
	switch {
	case form == Mantissa:
		return math.Float32frombits(word)
	case form == Fixed:
		return float32(int32(word))
	case width == WideWindow:
		return math.Float32frombits(uint32(int32(word<<1)>>4) & WideExponentMask)
	}
	return math.Float32frombits(uint32(int32(word)>>3) & ExponentMask)
}

// decodePlace is the place inside the window of the element that a word
// multiplies.
func decodePlace(word uint32, width int) int {
	if width == WideWindow {
		return int(word>>31<<3 | word&7)
	}
	return int(word) & (width - 1)
}

// nearestWithIndex is the normal float32 nearest to w whose low mantissa bits
// are the index, so many of them. It differs from w by at most 2^(n-24)·|w|.
func nearestWithIndex(w float32, index uint32, n int) float32 {
	b, period := math.Float32bits(w), int32(1)<<n
	d := int32(index) - int32(b)&(period-1) // distance in units of the last place
	switch {
	case d > period/2:
		d -= period
	case d < -period/2:
		d += period
	}
	if v := math.Float32frombits(b + uint32(d)); biasedExponent(v) != 0 {
		return v
	}
	return math.Float32frombits(b + uint32(d+period)) // keep out of the denormals
}
