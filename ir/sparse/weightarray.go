package sparse

import "math"

// weightArray are the weights of a packed matrix in one of the precisions, with
// the scales of its rows.
type weightArray struct {
	precision Precision
	data      []byte
	scales    float32s // [row]; none for Float32
}

// newWeightArray begins the array of a matrix that is padded to rows.
func newWeightArray(m *Matrix, precision Precision, rows int) (weightArray, error) {
	if err := precision.Check(m); err != nil {
		return weightArray{}, err
	}
	return weightArray{precision: precision, scales: precision.rowScales(m, rows)}, nil
}

// grow appends n zeros.
func (a *weightArray) grow(n int) { a.data = append(a.data, make([]byte, n*a.precision.Bytes())...) }

// len is the number of weights.
func (a *weightArray) len() int { return len(a.data) / a.precision.Bytes() }

// append appends a weight of a row.
func (a *weightArray) append(w float32, row int) {
	a.grow(1)
	a.set(a.len()-1, w, row)
}

// set stores a weight of a row at place i, rounded to the nearest that can be
// stored, ties to even.
func (a *weightArray) set(i int, w float32, row int) {
	size := a.precision.Bytes()
	at := a.data[size*i : size*i : size*(i+1)]
	switch scaled := float64(w) / float64(a.scale(row)); a.precision {
	case Float32:
		(*float32s)(&at).append(w)
	case Fixed16:
		(*uint16s)(&at).append(uint16(int16(math.RoundToEven(scaled))))
	case Float16:
		(*uint16s)(&at).append(halfBits(scaled))
	case Int8:
		_ = append(at, byte(int8(math.RoundToEven(scaled))))
	}
}

// at is the stored weight at place i, before scaling.
func (a *weightArray) at(i int) float32 {
	switch a.precision {
	case Fixed16:
		return float32(int16(uint16s(a.data).at(i)))
	case Float16:
		return halfValue(uint16s(a.data).at(i))
	case Int8:
		return float32(int8(a.data[i]))
	}
	return float32s(a.data).at(i)
}

// scale is what sums of the stored weights of a row are multiplied by.
func (a *weightArray) scale(row int) float32 {
	if a.precision == Float32 {
		return 1
	}
	return a.scales.at(row)
}

// weight is the weight that place i stands for in a row. The product is a
// float32, but its factors need float64.
func (a *weightArray) weight(i, row int) float32 {
	return float32(float64(a.at(i)) * float64(a.scale(row)))
}

// section is the array under the name of its elements: "weights" (float32),
// "fixed" (int16), "halves" (float16 as uint16) or "bytes" (int8).
func (a *weightArray) section() Section {
	name := [...]string{Float32: "weights", Fixed16: "fixed", Float16: "halves", Int8: "bytes"}[a.precision]
	return Section{name, a.data}
}

// scaleSections is the array "scales" (float32, one a row), unless the weights
// are float32.
func (a *weightArray) scaleSections() []Section {
	if a.precision == Float32 {
		return nil
	}
	return []Section{{"scales", a.scales}}
}

// scaleBytes is the size of the scales of so many rows.
func (a *weightArray) scaleBytes(rows int) int {
	if a.precision == Float32 {
		return 0
	}
	return 4 * rows
}
