package sparse

import (
	"fmt"
	"math"
)

// ExponentMask clears what the arithmetic shift of a word in the Exponent form
// leaves in the bits that are constant there: the top three of the exponent.
const ExponentMask = 0x8fff_ffff

// exponentTop is the largest value of the exponent bits that stay in a word; 0
// would decode to a denormal number.
const exponentTop = 1<<5 - 1

// wordCode puts a weight and a 3-bit index into one word.
type wordCode struct {
	form  IndexForm
	shift int // of Exponent: biased exponent of the largest weight
}

// newWordCode checks that all weights of m can be encoded.
func newWordCode(m *Matrix, form IndexForm) (wordCode, error) {
	low, high := 255, 0
	for i, w := range m.Data {
		if w == 0 {
			continue
		}
		e := biasedExponent(w)
		if e == 0 || e == 255 {
			return wordCode{}, fmt.Errorf("weight %g at row %d, column %d: window words hold normal float32 only", w, i/m.Cols, i%m.Cols)
		}
		if form == Mantissa && math.IsInf(float64(nearestWithIndex(w, 0)), 0) {
			return wordCode{}, fmt.Errorf("weight %g at row %d, column %d: too large for an index in the mantissa", w, i/m.Cols, i%m.Cols)
		}
		low, high = min(low, e), max(high, e)
	}
	if high == 0 { // no weights
		low, high = 127, 127
	}
	code := wordCode{form: form, shift: high}
	if form == Mantissa {
		return code, nil
	}
	if high-low >= exponentTop {
		return wordCode{}, fmt.Errorf("weights between 2^%d and 2^%d: an index in the exponent needs them within a range of 2^%d",
			low-127, high-126, exponentTop)
	}
	if high-exponentTop > 127 {
		return wordCode{}, fmt.Errorf("weights up to 2^%d: an index in the exponent needs them below 2^%d", high-126, 127+exponentTop-126)
	}
	return code, nil
}

func biasedExponent(w float32) int { return int(math.Float32bits(w) >> 23 & 255) }

// scale is what a decoded weight is multiplied by to get the weight. The
// largest weight is decoded with the largest exponent, so that products
// underflow as late as possible.
func (c wordCode) scale() float32 {
	if c.form == Mantissa {
		return 1
	}
	return float32(math.Ldexp(1, c.shift-exponentTop))
}

// encode returns the word for a weight that newWordCode has seen.
func (c wordCode) encode(w float32, index uint32) uint32 {
	if c.form == Mantissa {
		return math.Float32bits(nearestWithIndex(w, index))
	}
	b := math.Float32bits(w)
	e := uint32(int(b>>23&255) - c.shift + exponentTop)
	return b&(1<<31) | (e<<23|b&(1<<23-1))<<3 | index
}

// nearestWithIndex is the normal float32 nearest to w whose low three mantissa
// bits are the index. It differs from w by at most 2^-21·|w|.
func nearestWithIndex(w float32, index uint32) float32 {
	b := math.Float32bits(w)
	d := int32(index) - int32(b&7) // distance in units of the last place
	switch {
	case d > 4:
		d -= 8
	case d < -4:
		d += 8
	}
	if v := math.Float32frombits(b + uint32(d)); biasedExponent(v) != 0 {
		return v
	}
	return math.Float32frombits(b + uint32(d+8)) // keep out of the denormals
}
