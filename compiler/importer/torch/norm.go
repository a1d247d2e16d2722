package torch

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// layerNorm normalises the last axes of its input, as many as its weight has.
func layerNorm(m *module, x []*value) *value {
	epsilon := m.number("eps", 1e-5)
	affine := m.flag("elementwise_affine", true)
	bias := m.flag("bias", true)
	shape := m.wholes("normalized_shape", 1, ir.MaxElements)
	if affine && shape == nil {
		shape = m.shapeOf("weight")
	}
	faults := len(m.b.faults)
	var weight, shift []float32
	if affine {
		weight, _ = m.data("weight", shape...)
		if bias {
			shift, _ = m.data("bias", shape...)
		}
	}
	in := x[0].shape
	if len(m.b.faults) > faults || in == nil {
		return nil
	}
	if shape == nil {
		m.fault("no weight, want normalized_shape")
		return nil
	}
	if !suffix(in, shape) {
		m.fault("normalises %v of frames of shape %v, want their last axes", shape, in)
		return nil
	}
	size := product(shape)
	if affine && size < product(in) && !m.grow(2*product(in)) {
		return nil
	}
	y := &value{shape: in, name: m.b.node(m.name, ir.Normalize{Size: size, Epsilon: epsilon}, x[0].name)}
	return m.affine(y, tiled(weight, product(in)/size), tiled(shift, product(in)/size))
}

// suffix reports whether the last sizes of a shape are those.
func suffix(shape, last []int) bool {
	at := len(shape) - len(last)
	if at < 0 || len(last) == 0 {
		return false
	}
	for i, n := range last {
		if shape[at+i] != n {
			return false
		}
	}
	return true
}

// tiled repeats numbers.
func tiled(x []float32, times int) []float32 {
	if x == nil || times == 1 {
		return x
	}
	y := make([]float32, 0, len(x)*times)
	for range times {
		y = append(y, x...)
	}
	return y
}

// affine multiplies by a vector and adds another; nil leaves that out.
func (m *module) affine(x *value, weight, shift []float32) *value {
	y := *x
	y.linear = ""
	step := func(name, suffix string, f ir.BinaryFunc, by []float32) {
		if by == nil {
			return
		}
		param := m.b.param(m.full(suffix), []int{len(by)}, by)
		constant := m.b.node(m.name+"_"+suffix, ir.Constant{Value: param})
		y.name = m.b.node(name, ir.Binary{Func: f}, y.name, constant)
	}
	step(m.name+"_scaled", "weight", ir.Mul, weight)
	step(m.name+"_shifted", "bias", ir.Add, shift)
	return &y
}

// batchNorm is x·w/√(var+ε) + b − mean·w/√(var+ε) of every channel, the first axis,
// with what training has counted. It is folded into the product before it, if nothing
// else reads that.
func batchNorm(m *module, x []*value) *value {
	epsilon := float64(m.number("eps", 1e-5))
	m.skip("momentum")
	channels := unknown
	if x[0].shape != nil {
		channels = x[0].shape[0]
	}
	if !m.flag("track_running_stats", true) {
		m.fault("without running statistics it depends on the batch, which is not supported")
		return nil
	}
	faults := len(m.b.faults)
	var weight, bias []float32
	if m.flag("affine", true) {
		weight, _ = m.data("weight", channels)
		bias, _ = m.data("bias", channels)
	}
	mean, _ := m.data("running_mean", channels)
	variance, _ := m.data("running_var", channels)
	if len(m.b.faults) > faults || x[0].shape == nil {
		return nil
	}
	scale, shift := make([]float64, channels), make([]float64, channels)
	for c := range scale {
		if scale[c] = 1 / math.Sqrt(float64(variance[c])+epsilon); !(scale[c] < math.MaxFloat32) {
			m.fault("tensor %q: element %d is %v, want a variance", m.full("running_var"), c, variance[c])
			return nil
		}
		if weight != nil {
			scale[c] *= float64(weight[c])
			shift[c] = float64(bias[c])
		}
		shift[c] -= float64(mean[c]) * scale[c]
	}
	if m.foldable(x[0]) {
		m.fold(x[0], scale, shift)
		y := *x[0]
		y.linear = ""
		return &y
	}
	if !m.grow(2 * product(x[0].shape)) {
		return nil
	}
	each := product(x[0].shape) / channels
	return m.affine(x[0], spread(scale, each), spread(shift, each))
}

// spread rounds numbers, each so many times.
func spread(x []float64, times int) []float32 {
	y := make([]float32, 0, len(x)*times)
	for _, v := range x {
		for range times {
			y = append(y, float32(v))
		}
	}
	return y
}

// foldable reports whether the module may change the product that makes its input.
func (m *module) foldable(x *value) bool {
	if x.linear == "" || m.b.readers[m.from[0]] != 1 {
		return false
	}
	op := m.b.model.Nodes[m.b.place[x.linear]].Op.(ir.Linear)
	return !m.b.shared[op.Weight] && !m.b.shared[op.Bias]
}

// fold multiplies the rows of the product by scale and adds shift.
func (m *module) fold(x *value, scale, shift []float64) {
	node := &m.b.model.Nodes[m.b.place[x.linear]]
	op := node.Op.(ir.Linear)
	w := m.b.params[op.Weight]
	w.Data = slices.Clone(w.Data)
	columns := len(w.Data) / len(scale)
	for i := range w.Data {
		w.Data[i] = float32(float64(w.Data[i]) * scale[i/columns])
	}
	if op.Bias == "" {
		op.Bias = m.b.param(m.full("bias"), []int{len(shift)}, spread(shift, 1))
		node.Op = op
		return
	}
	p := m.b.params[op.Bias]
	bias := slices.Clone(p.Data)
	p.Data = bias
	for i := range bias {
		bias[i] = float32(float64(bias[i])*scale[i] + shift[i])
	}
}
