package onnx

import (
	"math"

	"github.com/sparsec/sparsec/ir"
)

// combined applies a function of two to elements, pair by pair, each once.
func (c *call) combined(a, b *tensor, name string, f ir.BinaryFunc) (*tensor, error) {
	if a.constant() && b.constant() {
		return c.foldPair(f.String(), a, b)
	}
	a, b, err := c.aligned(a, b)
	if err != nil {
		return nil, err
	}
	r := a.derived(a.shape, a.time)
	r.last = a.last || b.last
	r.strided = a.strided || b.strided
	r.kind = float
	if x := unchanged(f, a, b); x != nil {
		r.view = c.im.elements(name+".constant", x)
		return r, nil
	}
	if op, x := affine(f, a, b); op != nil {
		r.view = c.applied(x, name, op).view
		return r, nil
	}
	if f == ir.Pow && uniform(b, 2) {
		f, b = ir.Mul, a
	}
	g := c.im.g
	own, place := distinctPairs(c.im.elements(name+".constant", a), c.im.elements(name+".constant", b))
	left, right := make([]element, len(own)), make([]element, len(own))
	for i, p := range own {
		left[i], right[i] = p[0], p[1]
	}
	v := g.node(name, ir.Binary{Func: f}, len(own), g.joined(name+".a", left), g.joined(name+".b", right))
	r.view = make([]element, len(place))
	for i, at := range place {
		r.view[i] = element{v, at}
	}
	return r, nil
}

// uniform reports whether a tensor is a number everywhere.
func uniform(t *tensor, x float32) bool {
	if len(t.floats) == 0 {
		return false
	}
	for _, v := range t.floats {
		if v != x {
			return false
		}
	}
	return true
}

// unchanged is the tensor that a function of it and one number leaves as it is, or
// nil.
func unchanged(f ir.BinaryFunc, a, b *tensor) *tensor {
	switch {
	case (f == ir.Add || f == ir.Sub) && uniform(b, 0), (f == ir.Mul || f == ir.Div || f == ir.Pow) && uniform(b, 1):
		return a
	case f == ir.Add && uniform(a, 0), f == ir.Mul && uniform(a, 1):
		return b
	}
	return nil
}

// affine is the op that does what a function of a tensor and one number does, and
// that tensor.
func affine(f ir.BinaryFunc, a, b *tensor) (ir.Op, *tensor) {
	switch {
	case len(b.floats) > 0 && uniform(b, b.floats[0]):
		x := b.floats[0]
		switch {
		case f == ir.Add:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: x}, a
		case f == ir.Sub:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: -x}, a
		case f == ir.Mul:
			return ir.Activation{Func: ir.Affine, Alpha: x}, a
		case f == ir.Div && exactInverse(x):
			return ir.Activation{Func: ir.Affine, Alpha: 1 / x}, a
		case f == ir.Pow && x == 0.5:
			return ir.Activation{Func: ir.Sqrt}, a
		case f == ir.Pow && x != 2:
			return ir.Activation{Func: ir.Power, Alpha: x}, a
		}
	case len(a.floats) > 0 && uniform(a, a.floats[0]):
		x := a.floats[0]
		switch f {
		case ir.Add:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: x}, b
		case ir.Sub:
			return ir.Activation{Func: ir.Affine, Alpha: -1, Beta: x}, b
		case ir.Mul:
			return ir.Activation{Func: ir.Affine, Alpha: x}, b
		case ir.Div:
			if x == 1 {
				return ir.Activation{Func: ir.Reciprocal}, b
			}
		}
	}
	return nil, nil
}

// exactInverse reports whether 1/x has no rounding error.
func exactInverse(x float32) bool {
	mantissa, _ := math.Frexp(float64(x))
	return math.Abs(mantissa) == 0.5 && x != 0 && !math.IsInf(float64(1/x), 0)
}

// pairwise is an operator on two tensors of one shape, after broadcasting.
func pairwise(f ir.BinaryFunc) operator {
	return operator{least: 2, most: 2, run: one(func(c *call) (*tensor, error) { return c.pair(f, c.label, c.in[0], c.in[1]) })}
}

// pair applies a function of two to tensors of numbers of any sort.
func (c *call) pair(f ir.BinaryFunc, name string, a, b *tensor) (*tensor, error) {
	switch {
	case a.constant() && b.constant():
		return c.foldPair(f.String(), a, b)
	case a.kind != float:
		return nil, errNotFloat(c, 0)
	case b.kind != float && b.numbers == nil:
		return nil, errNotFloat(c, min(1, len(c.node.inputs)-1))
	case b.kind != float: // the exponent of Pow
		var err error
		if b, err = c.im.cast(b, float); err != nil {
			return nil, err
		}
	}
	return c.combined(a, b, name, f)
}

// folded applies a function of two to all inputs.
func (c *call) folded(f ir.BinaryFunc) (*tensor, error) {
	t := c.in[0]
	for i, next := range c.in[1:] {
		var err error
		if t, err = c.pair(f, stepName(c.label, i, len(c.in)-1), t, next); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func meanOp(c *call) (*tensor, error) {
	sum, err := c.folded(ir.Add)
	if err != nil {
		return nil, err
	}
	return c.pair(ir.Mul, c.label, sum, floatScalar(1/float32(len(c.in))))
}

// floatScalar is a constant of one float.
func floatScalar(x float32) *tensor { return &tensor{shape: []int{}, time: none, floats: []float32{x}} }
