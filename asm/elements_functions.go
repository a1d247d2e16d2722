package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// funcKernels are the kernels of element-wise functions.
var funcKernels = map[kernel.Func]string{
	kernel.Tanh: "tanh", kernel.Sigmoid: "sigmoid", kernel.ReLU: "relu", kernel.ClippedReLU: "clippedReLU",
	kernel.HardSigmoid: "hardSigmoid", kernel.LeakyReLU: "leakyReLU", kernel.ThresholdedReLU: "thresholdedReLU",
	kernel.ScaledTanh: "scaledTanh", kernel.Affine: "affine", kernel.ELU: "elu", kernel.Softsign: "softsign",
	kernel.Softplus: "softplus", kernel.Clamp: "clamp", kernel.Exp: "exp", kernel.Log: "log", kernel.Sqrt: "sqrt",
	kernel.Abs: "abs", kernel.Reciprocal: "reciprocal", kernel.Power: "power", kernel.Erf: "erf",
}

var binaryKernels = map[kernel.BinaryFunc]string{
	kernel.Add: "add", kernel.Sub: "sub", kernel.Mul: "mul", kernel.Div: "div",
	kernel.Max: "largest", kernel.Min: "smallest", kernel.Pow: "pow",
}

var reduceKernels = map[kernel.ReduceFunc]string{
	kernel.Sum: "sumOf", kernel.Mean: "meanOf", kernel.Largest: "largestOf", kernel.Smallest: "smallestOf",
}

func activate(in kernel.Activate) ([]ElementCall, error) {
	name, ok := funcKernels[in.Func]
	if !ok {
		return nil, fmt.Errorf("no kernel for the function %v", in.Func)
	}
	return elementWise(name, in.Func.Total(), in.Size, in.Numbers(), in.Dst, in.Src), nil
}

func binaryCalls(in kernel.Binary) ([]ElementCall, error) {
	name, ok := binaryKernels[in.Func]
	if !ok {
		return nil, fmt.Errorf("no kernel for the function %v", in.Func)
	}
	return elementWise(name, in.Func.Total(), in.Size, nil, in.Dst, in.A, in.B), nil
}

// elementWise are the calls of a kernel for size elements of all places, the first
// the destination. The assembly takes whole vectors: where padding may give what is
// not finite, what it leaves there is cleared.
func elementWise(name string, total bool, size int, params []float32, places ...kernel.Ref) []ElementCall {
	n := size
	if total {
		n = kernel.Pad(size)
	}
	call := ElementCall{Func: name, N: n, Params: params, Portable: mathByName[name] == 0}
	for _, r := range places {
		call.Vectors = append(call.Vectors, Vector{r, n})
	}
	calls := []ElementCall{call}
	if rest := (n+7)&^7 - n; rest > 0 && !call.Portable {
		behind := places[0]
		behind.Off += n
		calls = append(calls, ElementCall{Func: "zero", N: rest, Vectors: []Vector{{behind, rest}}, Portable: true})
	}
	return calls
}

func softmaxCall(in kernel.Softmax) ElementCall {
	if in.Groups > 1 {
		n := in.Size * in.Groups
		return grouped("softmaxGroups", in.Dst, n, in.Src, n, in.Size)
	}
	n := (in.Size + 7) &^ 7
	return ElementCall{Func: "softmax", N: in.Size, CountsN: true, Vectors: []Vector{{in.Dst, n}, {in.Src, n}}}
}

func reduce(in kernel.Reduce) ([]ElementCall, error) {
	name, ok := reduceKernels[in.Func]
	if !ok {
		return nil, fmt.Errorf("no kernel for the reduction %v", in.Func)
	}
	return []ElementCall{grouped(name, in.Dst, in.Groups, in.Src, in.Size*in.Groups, in.Size)}, nil
}

// grouped is the call of a portable kernel of groups of size elements.
func grouped(name string, dst kernel.Ref, to int, src kernel.Ref, from, size int, params ...float32) ElementCall {
	return ElementCall{Func: name, N: from, Vectors: []Vector{{dst, to}, {src, from}}, Ints: []int{size}, Streams: 1, Params: params, Portable: true}
}
