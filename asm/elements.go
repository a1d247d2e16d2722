package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// ElementCall is one call of an element-wise kernel, in assembly or portable
// Go.
//
// The assembly is Func with the suffix of a level, see [ElementCall.Kernel]: it takes
// the address of every vector, then N, then Streams and Params if there are any. The
// portable kernel is Func: it takes the vectors as slices, then Ints, Streams and
// Params; N before them when CountsN is set.
type ElementCall struct {
	Func     string
	Vectors  []Vector
	N        int
	CountsN  bool
	Streams  int // in lockstep, an argument behind N of those kernels that count it; 0 for others
	Ints     []int
	Params   []float32
	Portable bool // there is no assembly: the portable kernel runs at every level
}

// Kernel is the name of the assembly at a level: cells have forms of their own at
// AVX-512.
func (c ElementCall) Kernel(l kernel.Level) string {
	if l >= AVX512 && cellByName[c.Func] != 0 {
		return c.Func + "AVX512"
	}
	return c.Func + "AVX2"
}

// Vector is Len elements from Ref on.
type Vector struct {
	Ref kernel.Ref
	Len int
}

var mathByName = map[string]MathSet{
	"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "clippedReLU": ClippedReLU,
	"leakyReLU": LeakyReLU, "hardSigmoid": HardSigmoid, "affine": Affine, "clamp": Clamp, "sqrt": Sqrt,
	"div": Div, "largest": Largest, "smallest": Smallest,
	"add": Add, "sub": Sub, "mul": Mul, "softmax": Softmax, "softmaxLockstep": SoftmaxLockstep,
}

var cellByName = map[string]CellSet{
	"gruCell": GRUCell, "gruReset": GRUReset, "gruUpdateTanh": GRUUpdateTanh,
	"gruUpdateReLU": GRUUpdateReLU, "lstmCell": LSTMCell,
}

// ElementCalls are the calls of element-wise kernels that an instruction is;
// none for those that move data or multiply a matrix.
func ElementCalls(in kernel.Instr) ([]ElementCall, error) {
	switch in := in.(type) {
	case kernel.MatVec, kernel.Lookup, kernel.Copy, kernel.Pick, kernel.Masked, kernel.Ahead, kernel.Hold:
		return nil, nil
	case kernel.Activate:
		return activate(in)
	case kernel.Binary:
		return binaryCalls(in)
	case kernel.Softmax:
		return []ElementCall{softmaxCall(in)}, nil
	case kernel.Reduce:
		return reduce(in)
	case kernel.Normalize:
		n := in.Size * in.Groups
		return []ElementCall{grouped("normalize", in.Dst, n, in.Src, n, in.Size, in.Epsilon)}, nil
	case kernel.GRUCell:
		return gruCell(in)
	case kernel.GRUReset:
		return []ElementCall{gruReset(in)}, nil
	case kernel.GRUUpdate:
		call, err := gruUpdate(in)
		return []ElementCall{call}, err
	case kernel.LSTMCell:
		n := kernel.Pad(in.Size)
		return []ElementCall{{Func: "lstmCell", N: n, Vectors: []Vector{{in.H, n}, {in.C, n}, {in.X, 4 * n}}}}, nil
	}
	return nil, fmt.Errorf("no kernel for an instruction of type %T", in)
}

// gruCell of a ReLU candidate is put together from the halves of the other
// form: the reset gate multiplies R.n, in place, where the other form has it
// multiply the state.
func gruCell(in kernel.GRUCell) ([]ElementCall, error) {
	n := kernel.Pad(in.Size)
	if in.Func == kernel.Tanh {
		return []ElementCall{{Func: "gruCell", N: n, Vectors: []Vector{{in.H, n}, {in.X, 3 * n}, {in.R, 3 * n}}}}, nil
	}
	candidate := in.R
	candidate.Off += 2 * n
	reset := gruReset(kernel.GRUReset{RH: candidate, H: candidate, X: in.X, R: in.R, Size: in.Size})
	update, err := gruUpdate(kernel.GRUUpdate{Func: in.Func, H: in.H, X: in.X, R: in.R, N: candidate, Size: in.Size})
	return []ElementCall{reset, update}, err
}

func gruReset(in kernel.GRUReset) ElementCall {
	n := kernel.Pad(in.Size)
	return ElementCall{Func: "gruReset", N: n, Vectors: []Vector{{in.RH, n}, {in.H, n}, {in.X, n}, {in.R, n}}}
}

func gruUpdate(in kernel.GRUUpdate) (ElementCall, error) {
	n := kernel.Pad(in.Size)
	call := ElementCall{N: n, Vectors: []Vector{{in.H, n}, {in.X, 3 * n}, {in.R, 2 * n}, {in.N, n}}}
	switch in.Func {
	case kernel.Tanh:
		call.Func = "gruUpdateTanh"
	case kernel.ReLU:
		call.Func = "gruUpdateReLU"
	default:
		return call, fmt.Errorf("no kernel for a GRU whose candidate is %v", in.Func)
	}
	return call, nil
}
