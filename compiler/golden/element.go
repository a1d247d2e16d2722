package golden

import (
	"encoding/binary"
	"math"
)

// element is a type of numbers in a file: its size in bytes, and how to read one.
type element struct {
	size int
	read func([]byte) float64
}

var little = binary.LittleEndian

// elements are the types of arrays by the names of both formats.
var elements = map[string]element{
	"float32": {4, func(b []byte) float64 { return float64(math.Float32frombits(little.Uint32(b))) }},
	"float64": {8, func(b []byte) float64 { return math.Float64frombits(little.Uint64(b)) }},
	"int8":    {1, func(b []byte) float64 { return float64(int8(b[0])) }},
	"int16":   {2, func(b []byte) float64 { return float64(int16(little.Uint16(b))) }},
	"int32":   {4, func(b []byte) float64 { return float64(int32(little.Uint32(b))) }},
	"int64":   {8, func(b []byte) float64 { return float64(int64(little.Uint64(b))) }},
	"uint8":   {1, func(b []byte) float64 { return float64(b[0]) }},
	"bool":    {1, func(b []byte) float64 { return float64(b[0]) }},
}

// numpyNames are the types as NumPy describes them in a file.
var numpyNames = map[string]string{
	"<f4": "float32", "<f8": "float64",
	"|i1": "int8", "<i2": "int16", "<i4": "int32", "<i8": "int64",
	"|u1": "uint8", "|b1": "bool",
}

// decode reads elements one after the other.
func (e element) decode(data []byte) []float64 {
	values := make([]float64, len(data)/e.size)
	for i := range values {
		values[i] = e.read(data[i*e.size:])
	}
	return values
}
