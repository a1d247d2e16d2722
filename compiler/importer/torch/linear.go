package torch

import "github.com/sparsec/sparsec/ir"

// linear multiplies the last axis of its input.
func linear(m *module, x []*value) *value {
	in, rows := unknown, 1
	if s := x[0].shape; s != nil {
		in, rows = s[len(s)-1], product(s[:len(s)-1])
	}
	faults := len(m.b.faults)
	weight, shape := m.data("weight", unknown, in)
	out := unknown
	if shape != nil {
		out = shape[0]
	}
	var bias []float32
	if m.flag("bias", true) {
		bias, _ = m.data("bias", out)
	}
	if len(m.b.faults) > faults || x[0].shape == nil {
		return nil
	}
	op := ir.Linear{Weight: m.b.param(m.full("weight"), shape, weight)}
	if bias != nil {
		op.Bias = m.b.param(m.full("bias"), []int{out}, bias)
	}
	y := &value{shape: append(append([]int(nil), x[0].shape[:len(x[0].shape)-1]...), out)}
	if rows > 1 {
		op.Rows = rows
	}
	y.name = m.b.node(m.name, op, x[0].name)
	if len(y.shape) == 1 {
		y.linear = y.name
	}
	return y
}

// embedding is a row of its weight.
func embedding(m *module, x []*value) *value {
	m.skip("padding_idx", "sparse", "scale_grad_by_freq")
	bound := unknown
	switch {
	case x[0].bound > 0:
		bound = x[0].bound
	case x[0].shape != nil:
		m.fault("reads vectors, want an input of indices: give it a bound")
	}
	faults := len(m.b.faults)
	weight, shape := m.data("weight", bound, unknown)
	if len(m.b.faults) > faults || bound == unknown {
		return nil
	}
	name := m.b.param(m.full("weight"), shape, weight)
	return &value{name: m.b.node(m.name, ir.Embedding{Weight: name}, x[0].name), shape: []int{shape[1]}}
}

// wantIndices gives an input of indices its bound.
func wantIndices(m *module, x *value) {
	if shape := m.shapeOf("weight"); len(shape) == 2 {
		x.bound = shape[0]
	}
}

// constant is a tensor of the file, called by the prefix alone, in every frame.
func constant(m *module, _ []*value) *value {
	shape := m.shapeOf("")
	values, _ := m.data("", shape...)
	if values == nil {
		return nil
	}
	if len(shape) == 0 {
		shape = []int{1}
	}
	name := m.b.param(m.full(""), []int{len(values)}, values)
	return &value{name: m.b.node(m.name, ir.Constant{Value: name}), shape: shape}
}
