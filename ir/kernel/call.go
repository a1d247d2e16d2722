package kernel

import "github.com/sparsec/sparsec/ir/sparse"

// Call is one call of a matrix–vector kernel, in assembly or portable Go: the
// name of the function and its arguments in order. Whoever prints it needs to
// know nothing of strategies.
type Call struct {
	Func string
	Args []Arg
}

// Arg is one argument of a [Call].
//
// The assembly takes pointers: Dst, Init and Src are the address of element
// Off behind the place that the MatVec names, Weights is the address of byte
// Off of weights.bin. The portable kernels take slices of Len elements that
// begin there. Int is Value, printed as an int.
type Arg struct {
	Kind  ArgKind
	Off   int  // elements of float32; bytes for Weights
	Len   int  // elements that the kernel may touch, at least
	Elem  Elem // of Weights: the element type of the portable slice
	Value int  // of Int
}

// ArgKind says what an [Arg] stands for.
type ArgKind uint8

// The kinds of arguments.
const (
	DstArg ArgKind = iota
	InitArg
	SrcArg
	WeightsArg
	IntArg
	CountArg // of vectors, in kernels for several
	StepArg  // bytes from one vector to the next
)

// Elem is an element type of a section of weights.bin.
type Elem uint8

// The element types of sections.
const (
	Float32 Elem = iota
	Uint32
	Uint16
	Int16
	Int8
)

var elemNames = [...]string{Float32: "float32", Uint32: "uint32", Uint16: "uint16", Int16: "int16", Int8: "int8"}

// String is the name of the Go type.
func (e Elem) String() string { return elemNames[e] }

// Size is the size of an element in bytes.
func (e Elem) Size() int {
	switch e {
	case Uint16, Int16:
		return 2
	case Int8:
		return 1
	}
	return 4
}

// SectionElem is the element type of a section of a packed matrix.
func SectionElem(s sparse.Section) Elem {
	switch s.Name {
	case "bases", "columns", "places", "offsets", "ids", "halves", "tiles":
		return Uint16
	case "fixed":
		return Int16
	case "bytes":
		return Int8
	case "words", "counts", "turns", "runs", "patches":
		return Uint32
	}
	return Float32
}

// Vectors are the first three arguments of every call, for rows and columns as
// given.
func Vectors(row, rows, reads int) []Arg {
	return []Arg{
		{Kind: DstArg, Off: row, Len: rows},
		{Kind: InitArg, Off: row, Len: rows},
		{Kind: SrcArg, Len: reads},
	}
}
