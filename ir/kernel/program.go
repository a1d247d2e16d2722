package kernel

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Lanes is the multiple of float32 to which every buffer, gate block and
// constant vector is padded with zeros, so that no kernel needs a tail.
const Lanes = 16

// Guard is the number of readable float32 behind every padded buffer: a window
// may start at the last logical element.
const Guard = 16

// Pad rounds n up to a multiple of Lanes.
func Pad(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }

// Program is what one step of a model does.
type Program struct {
	Name     string
	Inputs   []Port
	Outputs  []Port
	Buffers  []Buffer
	States   []State
	Consts   []Const
	Matrices []Matrix
	Layers   []Layer // in order of execution
	// Batch is the number of streams that a step moves in lockstep, a multiple of
	// 8 up to MaxBatch: each element of a buffer is then that many float32, one a
	// stream. 0 is one stream. A program says the same of every stream: an
	// interpreter follows one.
	Batch int
	// Base and Level are the lowest and the highest instruction set that the
	// program has kernels for; on machines below Base the portable ones run.
	Base, Level Level
}

// Levels are those that the program has kernels for, in rising order.
func (p *Program) Levels() []Level { return Levels()[p.Base : p.Level+1] }

// Port is an input or output of a step: Size float32, or one index below Bound.
type Port struct {
	Name  string
	Buf   int // of Buffers; −1 for an index, which only a Lookup reads
	Size  int
	Bound int // of an index; 0 for float32
}

// Buffer is a vector of one stream. It has Pad(Len)+Guard elements; those past
// Len are zero or, in a buffer that a cell or matrix wrote, finite.
type Buffer struct {
	Name string
	Len  int
}

// State is a buffer that keeps its value from step to step.
type State struct {
	Name string // of the model's state
	Buf  int
	Size int
	Init int // of Consts; −1 for zeros
	// Exposed says that users of the program read and set the state.
	Exposed bool
	// Units is, for an exposed state, the place of each element among those that
	// users see; nil where these are in order.
	Units []int
}

// Const is a vector (bias, initial state) or a table (embedding) of Rows rows,
// each padded to Pad(Cols).
type Const struct {
	Name       string // of the tensors it comes from
	Rows, Cols int
	Data       []float32 // Rows·Pad(Cols)
}

// Strategy is a family of kernels for matrix–vector products.
type Strategy uint8

const (
	Dense         Strategy = iota // all columns, panels of rows
	Block                         // R×1 row blocks
	Window                        // sliding-window permute, packed stream
	Copies                        // the same over copies of the vector in other orders
	Unrolled                      // the window steps as straight-line code
	CSR                           // compressed rows, scalar
	Stream                        // single weights, of programs of several streams
	Chunk                         // overlapping chunks of columns in two registers, AVX-512
	ChunkUnrolled                 // the chunk steps as straight-line code
)

// Matrix is one packed matrix and what a reader wants to know of it.
type Matrix struct {
	Name string // tensor, with the row range where it is a part
	Rows int    // logical, before gate padding
	Cols int
	NNZ  int
	Form // what the portable kernels, those of the base level and the interpreter read

	// Wide is what the kernels of AVX-512 read in its place, in a program whose
	// base is lower; nil where that is the same.
	Wide *Form
}

// Form is a matrix packed for a family of kernels.
type Form struct {
	Strategy Strategy
	Packed   sparse.Packed
	Ranges   []Range // what each call of the kernel covers
}

// At is the form that the kernels of a level read.
func (m *Matrix) At(l Level) *Form {
	if l == AVX512 && m.Wide != nil {
		return m.Wide
	}
	return &m.Form
}

// Forms are the different forms of the matrix, that of the base level first.
func (m *Matrix) Forms() []*Form {
	if m.Wide == nil {
		return []*Form{&m.Form}
	}
	return []*Form{&m.Form, m.Wide}
}

// Precision is how the form's weights are stored.
func (f *Form) Precision() sparse.Precision {
	if p, ok := f.Packed.(interface{ Precision() sparse.Precision }); ok {
		return p.Precision()
	}
	return sparse.Float32
}

// StrategyName names the strategy and, where it is not float32, the precision.
func (f *Form) StrategyName() string {
	if p := f.Precision(); p != sparse.Float32 {
		return fmt.Sprintf("%s/%s", f.Strategy, p)
	}
	return f.Strategy.String()
}

// Size is the number of bytes of all sections.
func (f *Form) Size() int {
	n := 0
	for _, s := range f.Packed.Sections() {
		n += len(s.Data)
	}
	return n
}

// Range is a half-open range of row groups (of 8 rows) that one assembly call
// covers, kept under about 100 µs.
type Range struct{ From, To int }

// Layer is what one function of the package does; Go can preempt between calls.
type Layer struct {
	Name   string // of the node
	Doc    string // one line: op and sizes
	Instrs []Instr
	Phases []Phase // what workers share, in order; see Share
	Turns  []Phase // what every other step does from the last share to the first; see Turn
	// Reverse says that the layer goes through a sequence from its end: its states
	// come from the frame behind.
	Reverse bool
}

// Space says whether a Ref points to a buffer or a constant.
type Space uint8

const (
	Buf Space = iota
	Con
)

// Ref is a place in a buffer or constant: element Off, a multiple of Lanes
// unless an instruction says otherwise.
type Ref struct {
	Space Space
	ID    int
	Off   int
}
