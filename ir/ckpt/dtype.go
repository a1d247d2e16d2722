package ckpt

import "fmt"

// DType is the element type of a stored tensor. Its value order is that of
// their alignment, by which the tensors of a file are sorted.
type DType uint8

// The element types of safetensors that are read and written.
const (
	Bool DType = iota
	U8
	I8
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	F64
	I64
	U64
)

// dtypes has the name and the size in bytes of each.
var dtypes = [...]struct {
	name string
	size int
}{
	Bool: {"BOOL", 1}, U8: {"U8", 1}, I8: {"I8", 1},
	I16: {"I16", 2}, U16: {"U16", 2}, F16: {"F16", 2}, BF16: {"BF16", 2},
	I32: {"I32", 4}, U32: {"U32", 4}, F32: {"F32", 4},
	F64: {"F64", 8}, I64: {"I64", 8}, U64: {"U64", 8},
}

// String is the name in the header.
func (d DType) String() string {
	if int(d) >= len(dtypes) {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size is the size of an element in bytes, of one of the types above.
func (d DType) Size() int { return dtypes[d].size }

// dtypeOf is the type of a name in the header.
func dtypeOf(name string) (DType, bool) {
	for d, t := range dtypes {
		if t.name == name {
			return DType(d), true
		}
	}
	return 0, false
}
