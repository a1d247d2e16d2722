package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// dtype is the enumeration TensorProto.DataType.
type dtype int64

const (
	float32Type  dtype = 1
	uint8Type    dtype = 2
	int8Type     dtype = 3
	uint16Type   dtype = 4
	int16Type    dtype = 5
	int32Type    dtype = 6
	int64Type    dtype = 7
	stringType   dtype = 8
	boolType     dtype = 9
	float16Type  dtype = 10
	float64Type  dtype = 11
	uint32Type   dtype = 12
	uint64Type   dtype = 13
	bfloat16Type dtype = 16
)

// dtypeNames are the element types, as faults write them.
var dtypeNames = map[dtype]string{
	0: "undefined", float32Type: "float32", uint8Type: "uint8", int8Type: "int8", uint16Type: "uint16", int16Type: "int16",
	int32Type: "int32", int64Type: "int64", stringType: "string", boolType: "bool", float16Type: "float16",
	float64Type: "float64", uint32Type: "uint32", uint64Type: "uint64", 14: "complex64", 15: "complex128",
	bfloat16Type: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz",
	21: "uint4", 22: "int4", 23: "float4e2m1",
}

// String is the name of the type.
func (d dtype) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("type %d", int64(d))
}

// width is the number of bytes of an element, 0 for types that are not read.
func (d dtype) width() int {
	switch d {
	case uint8Type, int8Type, boolType:
		return 1
	case uint16Type, int16Type, float16Type, bfloat16Type:
		return 2
	case float32Type, int32Type, uint32Type:
		return 4
	case float64Type, int64Type, uint64Type:
		return 8
	}
	return 0
}

// kind is what the element type is computed as.
func (d dtype) kind() kind {
	switch d {
	case boolType:
		return truth
	case float32Type, float16Type, float64Type, bfloat16Type:
		return float
	}
	return whole
}

// constant decodes the numbers of a tensor; folder is that of the file, for those in
// another.
func (t *tensorProto) constant(folder string) (*tensor, error) {
	if t.dtype.width() == 0 {
		return nil, fmt.Errorf("elements of %v are not supported", t.dtype)
	}
	shape, n, err := shapeOf(t.dims)
	if err != nil {
		return nil, err
	}
	c := &tensor{shape: shape, time: none, kind: t.dtype.kind(), name: t.name}
	raw, hasRaw := t.raw, t.hasRaw
	if t.external != nil {
		if raw, err = t.readExternal(folder, n); err != nil {
			return nil, err
		}
		hasRaw = true
	}
	switch {
	case hasRaw && len(raw) != n*t.dtype.width():
		return nil, fmt.Errorf("raw_data of %d bytes, want %d of %v %v", len(raw), n*t.dtype.width(), t.dtype, shape)
	case hasRaw:
		t.unpack(c, raw, n)
		return c, nil
	}
	return c, t.fromFields(c, n)
}

// shapeOf is a shape of a file and its number of elements, which a file of this size
// could hold: no allocation is made on its word alone.
func shapeOf(dims []int64) ([]int, int, error) {
	n := 1
	shape := make([]int, len(dims))
	for i, d := range dims {
		switch {
		case d < 0:
			return nil, 0, fmt.Errorf("shape %v has dimension %d, want at least 0", dims, d)
		case d > 0 && int64(n) > maxWeights/d:
			return nil, 0, fmt.Errorf("shape %v has more than %d elements", dims, maxWeights)
		}
		shape[i] = int(d)
		n *= int(d)
	}
	return shape, n, nil
}

// maxWeights is the largest number of elements of a tensor of the file.
const maxWeights = 1 << 28

// unpack fills a constant with n little-endian numbers.
func (t *tensorProto) unpack(c *tensor, raw []byte, n int) {
	if c.kind != float {
		c.numbers = make([]number, n)
	} else {
		c.floats = make([]float32, n)
	}
	for i := range n {
		at := raw[i*t.dtype.width():]
		switch t.dtype {
		case float32Type:
			c.floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(at))
		case float64Type:
			c.floats[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(at)))
		case float16Type:
			c.floats[i] = fromHalf(binary.LittleEndian.Uint16(at))
		case bfloat16Type:
			c.floats[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(at)) << 16)
		case int64Type, uint64Type:
			c.numbers[i].c = int64(binary.LittleEndian.Uint64(at))
		case int32Type:
			c.numbers[i].c = int64(int32(binary.LittleEndian.Uint32(at)))
		case uint32Type:
			c.numbers[i].c = int64(binary.LittleEndian.Uint32(at))
		case int16Type:
			c.numbers[i].c = int64(int16(binary.LittleEndian.Uint16(at)))
		case uint16Type:
			c.numbers[i].c = int64(binary.LittleEndian.Uint16(at))
		case int8Type:
			c.numbers[i].c = int64(int8(at[0]))
		case uint8Type:
			c.numbers[i].c = int64(at[0])
		case boolType:
			c.numbers[i].c = min(int64(at[0]), 1)
		}
	}
}

// fromHalf is a float16 as float32.
func fromHalf(h uint16) float32 {
	sign, exponent, mantissa := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0:
		return float32(math.Copysign(float64(mantissa)*0x1p-24, float64(1-int(h>>15)*2)))
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
}

// fromFields fills a constant with n numbers of the typed fields.
func (t *tensorProto) fromFields(c *tensor, n int) error {
	got := 0
	err := fields(t.message, func(x field) error {
		typ, ok := t.typedField(x.tag)
		if !ok {
			return nil
		}
		return x.each(typ, func(v uint64) error {
			if got++; got > n {
				return fmt.Errorf("more numbers than the %d of %v", n, c.shape)
			}
			t.typed(c, v)
			return nil
		})
	})
	if err == nil && got != n {
		err = fmt.Errorf("%d numbers, want %d of %v %v", got, n, t.dtype, c.shape)
	}
	return err
}

// typedField is the wire type of a field, if that is the field of the tensor's type.
func (t *tensorProto) typedField(tag protowire.Number) (protowire.Type, bool) {
	switch t.dtype {
	case float32Type:
		return protowire.Fixed32Type, tag == 4
	case float64Type:
		return protowire.Fixed64Type, tag == 10
	case int64Type:
		return protowire.VarintType, tag == 7
	case uint32Type, uint64Type:
		return protowire.VarintType, tag == 11
	}
	return protowire.VarintType, tag == 5
}

// typed appends a number of a typed field.
func (t *tensorProto) typed(c *tensor, v uint64) {
	switch t.dtype {
	case float32Type:
		c.floats = append(c.floats, math.Float32frombits(uint32(v)))
	case float64Type:
		c.floats = append(c.floats, float32(math.Float64frombits(v)))
	case float16Type:
		c.floats = append(c.floats, fromHalf(uint16(v)))
	case bfloat16Type:
		c.floats = append(c.floats, math.Float32frombits(uint32(v)<<16))
	case boolType:
		c.numbers = append(c.numbers, number{c: min(int64(v), 1)})
	case int32Type, int16Type, int8Type:
		c.numbers = append(c.numbers, number{c: int64(int32(v))})
	default:
		c.numbers = append(c.numbers, number{c: int64(v)})
	}
}
