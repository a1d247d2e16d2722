package onnx

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir"
)

// numeric are the element-wise operators.
var numeric = map[string]operator{
	"Relu":            unary(plainly(ir.ReLU), func(x float64) float64 { return max(x, 0) }),
	"Tanh":            unary(plainly(ir.Tanh), math.Tanh),
	"Sigmoid":         unary(plainly(ir.Sigmoid), func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	"Sqrt":            unary(plainly(ir.Sqrt), math.Sqrt),
	"Exp":             unary(plainly(ir.Exp), math.Exp),
	"Log":             unary(plainly(ir.Log), math.Log),
	"Abs":             unary(plainly(ir.Abs), math.Abs),
	"Reciprocal":      unary(plainly(ir.Reciprocal), func(x float64) float64 { return 1 / x }),
	"Erf":             unary(plainly(ir.Erf), math.Erf),
	"Softplus":        unary(plainly(ir.Softplus), nil),
	"Softsign":        unary(plainly(ir.Softsign), nil),
	"Neg":             unary(with(ir.Affine, "", -1, "", 0), func(x float64) float64 { return -x }),
	"Elu":             unary(with(ir.ELU, "alpha", 1, "", 0), nil, "alpha"),
	"LeakyRelu":       unary(with(ir.LeakyReLU, "alpha", 0.01, "", 0), nil, "alpha"),
	"ThresholdedRelu": unary(with(ir.ThresholdedReLU, "alpha", 1, "", 0), nil, "alpha"),
	"HardSigmoid":     unary(with(ir.HardSigmoid, "alpha", 0.2, "beta", 0.5), nil, "alpha", "beta"),
	"Selu":            {run: one(seluOp), least: 1, most: 1, attributes: []string{"alpha", "gamma"}},
	"HardSwish":       {run: one(hardSwishOp), least: 1, most: 1},
	"Mish":            {run: one(mishOp), least: 1, most: 1},
	"Gelu":            {run: one(geluOp), least: 1, most: 1, attributes: []string{"approximate"}},
	"Swish":           {run: one(swishOp), least: 1, most: 1, attributes: []string{"alpha"}},
	"Clip":            {run: one(clipOp), least: 1, most: 3, attributes: []string{"min", "max"}},
	"PRelu":           {run: one(preluOp), least: 2, most: 2},
	"Add":             pairwise(ir.Add),
	"Sub":             pairwise(ir.Sub),
	"Mul":             pairwise(ir.Mul),
	"Div":             pairwise(ir.Div),
	"Pow":             pairwise(ir.Pow),
	"Max":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Max) }), least: 1, most: many},
	"Min":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Min) }), least: 1, most: many},
	"Sum":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Add) }), least: 1, most: many},
	"Mean":            {run: one(meanOp), least: 1, most: many},
	"Mod":             {run: one(constantBinary), least: 2, most: 2, attributes: []string{"fmod"}},
	"Equal":           {run: one(constantBinary), least: 2, most: 2},
	"Less":            {run: one(constantBinary), least: 2, most: 2},
	"LessOrEqual":     {run: one(constantBinary), least: 2, most: 2},
	"Greater":         {run: one(constantBinary), least: 2, most: 2},
	"GreaterOrEqual":  {run: one(constantBinary), least: 2, most: 2},
	"And":             {run: one(constantBinary), least: 2, most: 2},
	"Or":              {run: one(constantBinary), least: 2, most: 2},
	"Xor":             {run: one(constantBinary), least: 2, most: 2},
	"Not":             {run: one(constantUnary), least: 1, most: 1},
	"Floor":           {run: one(constantUnary), least: 1, most: 1},
	"Ceil":            {run: one(constantUnary), least: 1, most: 1},
	"Round":           {run: one(constantUnary), least: 1, most: 1},
	"Sign":            {run: one(constantUnary), least: 1, most: 1},
	"Where":           {run: one(whereOp), least: 3, most: 3},
	"Cast":            {run: one(castOp), least: 1, most: 1, attributes: []string{"to", "saturate", "round_mode"}},
	"CastLike":        {run: one(castLikeOp), least: 2, most: 2, attributes: []string{"saturate", "round_mode"}},
}

// plainly is a function without numbers.
func plainly(f ir.Func) func(*call) ir.Activation {
	return func(*call) ir.Activation { return ir.Activation{Func: f} }
}

// with is a function whose numbers are attributes with defaults; without a name they
// are the defaults.
func with(f ir.Func, alpha string, a float32, beta string, b float32) func(*call) ir.Activation {
	return func(c *call) ir.Activation {
		return ir.Activation{Func: f, Alpha: c.real(alpha, a), Beta: c.real(beta, b)}
	}
}

// unary is an operator that applies a function to every element; fold computes it of
// constants, if it does.
func unary(f func(*call) ir.Activation, fold func(float64) float64, attributes ...string) operator {
	return operator{least: 1, most: 1, attributes: attributes, run: one(func(c *call) (*tensor, error) {
		t := c.in[0]
		if t.numbers != nil {
			return constantUnary(c)
		}
		if t.kind != float {
			return nil, errNotFloat(c, 0)
		}
		if t.floats != nil && fold != nil {
			return c.foldFloats(t, fold)
		}
		return c.applied(t, c.label, f(c)), nil
	})}
}

// errNotFloat says that an operand is of integers that are no constants.
func errNotFloat(c *call, i int) error {
	return fmt.Errorf("input %q is of integers that are not known; one that comes of an input can be fixed by -set", c.node.inputs[i])
}

// foldFloats computes a constant of a constant.
func (c *call) foldFloats(t *tensor, f func(float64) float64) (*tensor, error) {
	n, err := c.im.take(t.shape, t)
	if err != nil {
		return nil, err
	}
	r := t.derived(t.shape, t.time)
	r.floats = make([]float32, n)
	for i, x := range t.floats {
		r.floats[i] = float32(f(float64(x)))
	}
	return r, nil
}

// applied applies ops one after the other to every element that a tensor has, each
// once, in the order in which they lie in their vectors.
func (c *call) applied(t *tensor, name string, ops ...ir.Op) *tensor {
	g := c.im.g
	own, place := distinct(c.im.elements(name+".constant", t))
	v := g.joined(name+".x", own)
	for i, op := range ops {
		v = g.node(stepName(name, i, len(ops)), op, len(own), v)
	}
	r := t.derived(t.shape, t.time)
	r.view = make([]element, len(place))
	for i, at := range place {
		r.view[i] = element{v, at}
	}
	return r
}

// stepName names the values on the way to the last, which has the name.
func stepName(name string, i, n int) string {
	if i == n-1 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, i)
}
