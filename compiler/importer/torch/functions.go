package torch

import (
	"math"

	"github.com/sparsec/sparsec/ir"
)

// function is a type of an element-wise function of one input.
type function struct {
	f ir.Func
	// alpha and beta are the options that are the numbers of the function, with
	// PyTorch's defaults; a name that is empty is no option but that number.
	alpha, beta numberOption
}

type numberOption struct {
	name  string
	value float64
}

var functions = map[string]function{
	"Tanh": {f: ir.Tanh}, "Sigmoid": {f: ir.Sigmoid}, "ReLU": {f: ir.ReLU}, "Softsign": {f: ir.Softsign},
	"Exp": {f: ir.Exp}, "Log": {f: ir.Log}, "Sqrt": {f: ir.Sqrt}, "Abs": {f: ir.Abs}, "Reciprocal": {f: ir.Reciprocal}, "Erf": {f: ir.Erf},
	"ReLU6":       {f: ir.Clamp, beta: numberOption{value: 6}},
	"Hardtanh":    {f: ir.Clamp, alpha: numberOption{"min_val", -1}, beta: numberOption{"max_val", 1}},
	"Clamp":       {f: ir.Clamp, alpha: numberOption{"min", -math.MaxFloat32}, beta: numberOption{"max", math.MaxFloat32}},
	"Hardsigmoid": {f: ir.HardSigmoid, alpha: numberOption{value: 1. / 6}, beta: numberOption{value: 0.5}},
	"LeakyReLU":   {f: ir.LeakyReLU, alpha: numberOption{"negative_slope", 0.01}},
	"ELU":         {f: ir.ELU, alpha: numberOption{"alpha", 1}},
	"Softplus":    {f: ir.Softplus},
	"Power":       {f: ir.Power, alpha: numberOption{"exponent", 2}},
	"Square":      {f: ir.Power, alpha: numberOption{value: 2}},
	"Affine":      {f: ir.Affine, alpha: numberOption{"scale", 1}, beta: numberOption{"shift", 0}},
}

func (f function) build(m *module, x []*value) *value {
	m.skip("inplace")
	number := func(o numberOption) float32 {
		if o.name == "" {
			return float32(o.value)
		}
		return m.number(o.name, o.value)
	}
	return m.activation(m.name, ir.Activation{Func: f.f, Alpha: number(f.alpha), Beta: number(f.beta)}, x[0])
}

// activation adds an element-wise function of a value whose shape is known.
func (m *module) activation(name string, op ir.Activation, x *value) *value {
	if x.shape == nil {
		return nil
	}
	return &value{name: m.b.node(name, op, x.name), shape: x.shape}
}

// silu is x·σ(x).
func silu(m *module, x []*value) *value {
	m.skip("inplace")
	gate := m.activation(m.name+"_sigmoid", ir.Activation{Func: ir.Sigmoid}, x[0])
	if gate == nil {
		return nil
	}
	return &value{name: m.b.node(m.name, ir.Binary{Func: ir.Mul}, x[0].name, gate.name), shape: x[0].shape}
}

// gelu is x·(1 + erf(x/√2))/2, the exact form.
func gelu(m *module, x []*value) *value {
	if form := m.text("approximate", "none"); form != "none" {
		m.fault("approximate is %q, want none", form)
	}
	if x[0].shape == nil {
		return nil
	}
	scaled := m.activation(m.name+"_scaled", ir.Activation{Func: ir.Affine, Alpha: math.Sqrt2 / 2}, x[0])
	erf := m.activation(m.name+"_erf", ir.Activation{Func: ir.Erf}, scaled)
	half := m.activation(m.name+"_half", ir.Activation{Func: ir.Affine, Alpha: 0.5, Beta: 0.5}, erf)
	return &value{name: m.b.node(m.name, ir.Binary{Func: ir.Mul}, x[0].name, half.name), shape: x[0].shape}
}

// lastAxis takes the option dim, which must be the last axis of a frame, and returns
// its size; 0 where the shape is not known.
func (m *module) lastAxis(x *value) int {
	if dim := m.whole("dim", -1, math.MinInt32, math.MaxInt32); dim != -1 {
		m.fault("dim is %d, want -1, the last axis", dim)
	}
	if x.shape == nil {
		return 0
	}
	return x.shape[len(x.shape)-1]
}

func softmax(m *module, x []*value) *value {
	n := m.lastAxis(x[0])
	if n == 0 {
		return nil
	}
	op := ir.Softmax{}
	if len(x[0].shape) > 1 {
		op.Size = n
	}
	return &value{name: m.b.node(m.name, op, x[0].name), shape: x[0].shape}
}

// logSoftmax is d − log Σ exp d with d = x − max x, which no softmax near zero makes
// infinite.
func logSoftmax(m *module, x []*value) *value {
	n := m.lastAxis(x[0])
	if n == 0 || !m.room(2*x[0].width()) {
		return nil
	}
	b, width := m.b, x[0].width()
	groups := make([]int, width)
	for i := range groups {
		groups[i] = i / n
	}
	most := b.node(m.name+"_max", ir.Reduce{Func: ir.Largest, Size: n}, x[0].name)
	most = b.pick(m.name+"_max_spread", most, groups, width/n)
	below := b.node(m.name+"_below", ir.Binary{Func: ir.Sub}, x[0].name, most)
	powers := b.node(m.name+"_exp", ir.Activation{Func: ir.Exp}, below)
	sums := b.node(m.name+"_sum", ir.Reduce{Func: ir.Sum, Size: n}, powers)
	logs := b.node(m.name+"_log", ir.Activation{Func: ir.Log}, sums)
	logs = b.pick(m.name+"_log_spread", logs, groups, width/n)
	return &value{name: b.node(m.name, ir.Binary{Func: ir.Sub}, below, logs), shape: x[0].shape}
}

// binaries are the types that join values element by element.
var binaries = map[string]ir.BinaryFunc{
	"Add": ir.Add, "Sub": ir.Sub, "Mul": ir.Mul, "Div": ir.Div, "Maximum": ir.Max, "Minimum": ir.Min, "Pow": ir.Pow,
}
