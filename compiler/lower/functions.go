package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// functions are the kernels' names of element-wise functions.
var functions = map[ir.Func]kernel.Func{
	ir.Tanh: kernel.Tanh, ir.Sigmoid: kernel.Sigmoid, ir.ReLU: kernel.ReLU, ir.ClippedReLU: kernel.ClippedReLU,
	ir.HardSigmoid: kernel.HardSigmoid, ir.LeakyReLU: kernel.LeakyReLU, ir.ThresholdedReLU: kernel.ThresholdedReLU,
	ir.ScaledTanh: kernel.ScaledTanh, ir.Affine: kernel.Affine, ir.ELU: kernel.ELU, ir.Softsign: kernel.Softsign,
	ir.Softplus: kernel.Softplus, ir.Clamp: kernel.Clamp, ir.Exp: kernel.Exp, ir.Log: kernel.Log, ir.Sqrt: kernel.Sqrt,
	ir.Abs: kernel.Abs, ir.Reciprocal: kernel.Reciprocal, ir.Power: kernel.Power, ir.Erf: kernel.Erf,
}

var binaries = map[ir.BinaryFunc]kernel.BinaryFunc{
	ir.Add: kernel.Add, ir.Sub: kernel.Sub, ir.Mul: kernel.Mul, ir.Div: kernel.Div,
	ir.Max: kernel.Max, ir.Min: kernel.Min, ir.Pow: kernel.Pow,
}

var reductions = map[ir.ReduceFunc]kernel.ReduceFunc{
	ir.Sum: kernel.Sum, ir.Mean: kernel.Mean, ir.Largest: kernel.Largest, ir.Smallest: kernel.Smallest,
}

// applied is dst = f(src) as an instruction. Powers that have a simpler kernel take
// that.
func applied(f ir.Function, dst, src kernel.Ref, size int) (kernel.Instr, error) {
	name, ok := functions[f.Func]
	switch {
	case f.Func == ir.Identity:
		return kernel.Copy{Dst: dst, Src: src, Size: size}, nil
	case !ok:
		return nil, fmt.Errorf("function %v has no kernel", f.Func)
	case f.Func == ir.Power && f.Alpha == 2:
		return kernel.Binary{Func: kernel.Mul, Dst: dst, A: src, B: src, Size: size}, nil
	case f.Func == ir.Power && f.Alpha == -1:
		return kernel.Activate{Func: kernel.Reciprocal, Dst: dst, Src: src, Size: size}, nil
	}
	return kernel.Activate{Func: name, Clip: f.Clip, Alpha: f.Alpha, Beta: f.Beta, Dst: dst, Src: src, Size: size}, nil
}

// total reports whether the function of any finite number is finite.
func total(f ir.Func) bool {
	name, ok := functions[f]
	return ok && name.Total()
}
