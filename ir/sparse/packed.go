package sparse

// Packed is a matrix in the form that one family of kernels reads.
//
// Rows() is a multiple of 8: packers add empty rows. A kernel computes
// dst = init + W·src for whole groups of rows; src has Cols() values, and at
// least 16 behind the next multiple of 16 can be read.
type Packed interface {
	Rows() int // multiple of 8
	Cols() int
	NNZ() int   // weights stored that are not padding
	Steps() int // vector steps of the kernel, padding lanes included
	// Sections are the arrays that the kernel reads, in the order it reads
	// them, little-endian.
	Sections() []Section
	// MulAdd computes dst = init + W·src in float32, in the kernel's order of
	// additions. len(dst) and len(init) are at least Rows(), len(src) at least
	// Cols()+16; dst and init may be the same slice.
	MulAdd(dst, init, src []float32)
	// Unpack is the matrix the packed form stands for: what Sections say, not
	// what was packed.
	Unpack() *Matrix
}

// Section is one array of a packed matrix.
type Section struct {
	Name string // "weights", "bases", "counts", …: what the array holds
	Data []byte
}

// IndexForm says where the lane index of a window is kept inside the weight word.
type IndexForm uint8

const (
	// Exponent keeps the index in the top exponent bits, which are constant
	// after scaling by a power of two: float32 weights stay exact. It needs
	// non-zero weights within a range of 2^31, of 2^15 in wide windows.
	Exponent IndexForm = iota
	// Mantissa keeps the index in the low 3 mantissa bits: weights move by at most
	// 2^-21 relative, and the kernel saves the decoding.
	Mantissa
	// Fixed has integers for weights, with the index in the low 3 bits (5 in a
	// [FixedChunk], which says what is exact there): turning
	// them into float32 rounds it off. Weights stay exact and decoding takes one
	// instruction, where no weight of a row is below an 8th to a 32nd of its
	// largest. Groups of rows with smaller weights fall back to the Exponent
	// form, row by row. Elements of src beyond 2^81 may overflow.
	Fixed
)
