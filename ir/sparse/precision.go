package sparse

import (
	"fmt"
	"math"
	"strings"
)

// Precision is how a packed matrix stores its weights. What is not float32 has
// a scale for each row, chosen so that the row's largest weight nearly fills the
// range; sums of decoded weights are multiplied by it.
type Precision uint8

const (
	// Float32 keeps every weight.
	Float32 Precision = iota
	// Fixed16 are 16-bit integers: a weight moves by at most about 2^-16 of the
	// row's largest. In windows the low three bits hold the place of the element of
	// src, and it moves by at most about 2^-13.
	Fixed16
	// Float16 are half-precision numbers: a weight moves by at most 2^-11 of
	// itself, or 2^-39 of the row's largest.
	Float16
	// Int8 are 8-bit integers: a weight moves by at most about 2^-8 of the
	// row's largest.
	Int8
)

// Precisions are all there are, the finest first.
func Precisions() []Precision { return []Precision{Float32, Fixed16, Float16, Int8} }

var precisionNames = [...]string{Float32: "f32", Fixed16: "q16", Float16: "f16", Int8: "int8"}

// String is the text form: f32, q16, f16 or int8.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("precision?%d", p)
}

// ParsePrecision reads the text form.
func ParsePrecision(text string) (Precision, error) {
	for p, name := range precisionNames {
		if name == text {
			return Precision(p), nil
		}
	}
	return 0, fmt.Errorf("weights %q: want one of %s", text, strings.Join(precisionNames[:], ", "))
}

// MarshalText is the text form.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the text form.
func (p *Precision) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePrecision(string(text))
	return err
}

// Bytes is the size of a stored weight.
func (p Precision) Bytes() int { return [...]int{Float32: 4, Fixed16: 2, Float16: 2, Int8: 1}[p] }

// fixedLimit and int8Limit are the largest integers that weights are rounded to;
// 16-bit ones leave room for a place in the low bits.
const (
	fixedLimit = 1<<15 - 8
	int8Limit  = 1<<7 - 1
)

// scale is what decoded weights of a row are multiplied by, given the largest
// magnitude of the row, which is finite.
//
// It has at most 8 significant bits, and a decoded weight at most 16: the
// product is a float32, so that what is stored stands for float32 weights. A
// scale of less than the least float32 is that; weights are multiples of it.
func (p Precision) scale(largest float32) float32 {
	const least = math.SmallestNonzeroFloat32
	if largest == 0 || p == Float32 {
		return 1
	}
	if p == Float16 {
		_, e := math.Frexp(float64(largest))
		return float32(max(math.Ldexp(1, e-15), least))
	}
	limit := float64(fixedLimit)
	if p == Int8 {
		limit = int8Limit
	}
	unit := float64(largest) / limit
	_, e := math.Frexp(unit)
	step := max(math.Ldexp(1, e-8), least)
	return float32(math.Ceil(unit/step) * step)
}

// Check names the first weight that the precision cannot hold: one that is not
// finite, or so large that it might be rounded to infinity. Float32 holds all.
func (p Precision) Check(m *Matrix) error {
	if p == Float32 {
		return nil
	}
	for i, w := range m.Data {
		if !(magnitude(w) < 1<<127) {
			return fmt.Errorf("weight %g at row %d, column %d: %s holds finite weights below 2^127", w, i/m.Cols, i%m.Cols, p)
		}
	}
	return nil
}

// rowScales are the scales of a matrix padded to rows, none for Float32.
func (p Precision) rowScales(m *Matrix, rows int) float32s {
	if p == Float32 {
		return nil
	}
	var scales float32s
	for r := range rows {
		largest := float32(0)
		if r < m.Rows {
			for _, w := range m.Row(r) {
				largest = max(largest, magnitude(w))
			}
		}
		scales.append(p.scale(largest))
	}
	return scales
}
