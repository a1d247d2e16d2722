package eval

import (
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// graphFuncs are what the functions of a program are in a graph.
var graphFuncs = [...]ir.Func{
	kernel.Tanh: ir.Tanh, kernel.Sigmoid: ir.Sigmoid, kernel.ReLU: ir.ReLU, kernel.ClippedReLU: ir.ClippedReLU,
	kernel.HardSigmoid: ir.HardSigmoid, kernel.LeakyReLU: ir.LeakyReLU, kernel.ThresholdedReLU: ir.ThresholdedReLU,
	kernel.ScaledTanh: ir.ScaledTanh, kernel.Affine: ir.Affine, kernel.ELU: ir.ELU, kernel.Softsign: ir.Softsign,
	kernel.Softplus: ir.Softplus, kernel.Clamp: ir.Clamp, kernel.Exp: ir.Exp, kernel.Log: ir.Log, kernel.Sqrt: ir.Sqrt,
	kernel.Abs: ir.Abs, kernel.Reciprocal: ir.Reciprocal, kernel.Power: ir.Power, kernel.Erf: ir.Erf,
}

var graphBinaries = [...]ir.BinaryFunc{
	kernel.Add: ir.Add, kernel.Sub: ir.Sub, kernel.Mul: ir.Mul, kernel.Div: ir.Div,
	kernel.Max: ir.Max, kernel.Min: ir.Min, kernel.Pow: ir.Pow,
}

var graphReductions = [...]ir.ReduceFunc{
	kernel.Sum: ir.Sum, kernel.Mean: ir.Mean, kernel.Largest: ir.Largest, kernel.Smallest: ir.Smallest,
}

// candidate is the function of a GRU's candidate.
func candidate(f kernel.Func) func(float64) float64 {
	return function(ir.Function{Func: graphFuncs[f]})
}

// touched is the number of elements that an element-wise function is applied to.
func touched(total bool, size int) int {
	if total {
		return kernel.Pad(size)
	}
	return size
}

func (e *Program) activate(in kernel.Activate) {
	f := function(ir.Function{Func: graphFuncs[in.Func], Clip: in.Clip, Alpha: in.Alpha, Beta: in.Beta})
	dst, src := e.at(in.Dst), e.at(in.Src)
	for i := range touched(in.Func.Total(), in.Size) {
		dst[i] = float32(f(float64(src[i])))
	}
}

// binary rounds once: a sum, difference, product or quotient of two float32 that
// is rounded to float64 and then to float32 is the one that float32 arithmetic has.
func (e *Program) binary(in kernel.Binary) {
	f := binary(graphBinaries[in.Func])
	dst, a, b := e.at(in.Dst), e.at(in.A), e.at(in.B)
	for i := range touched(in.Func.Total(), in.Size) {
		dst[i] = float32(f(float64(a[i]), float64(b[i])))
	}
}

func (e *Program) softmaxStep(in kernel.Softmax) {
	e.each(in.Dst, in.Src, in.Size, in.Size, in.Groups, softmax)
}

func (e *Program) reduce(in kernel.Reduce) {
	e.each(in.Dst, in.Src, 1, in.Size, in.Groups, func(x []float64) []float64 {
		return []float64{reduce(graphReductions[in.Func], x)}
	})
}

func (e *Program) normalize(in kernel.Normalize) {
	e.each(in.Dst, in.Src, in.Size, in.Size, in.Groups, func(x []float64) []float64 {
		return normalize(x, float64(in.Epsilon))
	})
}

// each makes to elements of each run of from elements.
func (e *Program) each(dst, src kernel.Ref, to, from, groups int, f func(x []float64) []float64) {
	for g := range max(1, groups) {
		for i, v := range f(widen(e.at(src)[g*from : (g+1)*from])) {
			e.at(dst)[g*to+i] = float32(v)
		}
	}
}

func (e *Program) pick(in kernel.Pick) {
	dst := e.at(in.Dst)
	for i, from := range in.Elements() {
		dst[i] = 0
		if from >= 0 {
			dst[i] = e.at(in.Src)[from]
		}
	}
}
