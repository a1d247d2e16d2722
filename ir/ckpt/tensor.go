package ckpt

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tensor is a named row-major array as it is stored. An empty shape is that of
// a single number; a dimension may be 0.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte // little-endian, product of Shape × DType.Size() bytes
}

// Element is a Go type with an element type of its own. F16, BF16 and Bool have
// none; see [Tensor.Float32s].
type Element interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

// New is the tensor of a slice. A number of elements that does not fit the
// shape is reported when it is written.
func New[T Element](name string, shape []int, data []T) Tensor {
	t := Tensor{Name: name, DType: dtypeFor[T](), Shape: shape}
	t.Data, _ = binary.Append(make([]byte, 0, len(data)*t.DType.Size()), binary.LittleEndian, data)
	return t
}

// Values are the elements of a tensor of the type of T; of another type is an
// error.
func Values[T Element](t Tensor) ([]T, error) {
	want := dtypeFor[T]()
	if t.DType != want {
		return nil, fmt.Errorf("tensor %q: element type %v, want %v", t.Name, t.DType, want)
	}
	values := make([]T, len(t.Data)/want.Size())
	if _, err := binary.Decode(t.Data, binary.LittleEndian, values); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return values, nil
}

func dtypeFor[T Element]() DType {
	switch any(*new(T)).(type) {
	case uint8:
		return U8
	case int8:
		return I8
	case uint16:
		return U16
	case int16:
		return I16
	case uint32:
		return U32
	case int32:
		return I32
	case uint64:
		return U64
	case int64:
		return I64
	case float32:
		return F32
	}
	return F64
}

// Float32s are the elements of a tensor of F32, F16, BF16 or F64. The last is
// rounded to nearest; a finite number beyond the range of float32 is an error.
func (t Tensor) Float32s() ([]float32, error) {
	switch t.DType {
	case F32:
		return Values[float32](t)
	case F16, BF16:
		widen := widenF16
		if t.DType == BF16 {
			widen = widenBF16
		}
		values := make([]float32, len(t.Data)/2)
		for i := range values {
			values[i] = widen(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
		return values, nil
	case F64:
		return t.narrow()
	}
	return nil, fmt.Errorf("tensor %q: element type %v, want F32, F16, BF16 or F64", t.Name, t.DType)
}

// narrow rounds F64 to float32.
func (t Tensor) narrow() ([]float32, error) {
	values := make([]float32, len(t.Data)/8)
	for i := range values {
		x := math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
		values[i] = float32(x)
		if math.IsInf(float64(values[i]), 0) && !math.IsInf(x, 0) {
			return nil, fmt.Errorf("tensor %q: element %d is %v, which float32 cannot hold", t.Name, i, x)
		}
	}
	return values, nil
}

func widenBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// widenF16 is the float32 of an IEEE 754 binary16: 1 sign bit, 5 of exponent
// (bias 15), 10 of fraction. Every one is exact in float32.
func widenF16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero or subnormal: fraction · 2^−24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // infinite or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
