package onnx

import (
	"errors"
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir"
)

// seluOp is gamma·ELU.
func seluOp(c *call) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	elu := ir.Activation{Func: ir.ELU, Alpha: c.real("alpha", 1.67326319217681884765625)}
	return c.applied(c.in[0], c.label, elu, ir.Activation{Func: ir.Affine, Alpha: c.real("gamma", 1.05070102214813232421875)}), nil
}

// gated is x·f(x), f given by ops.
func (c *call) gated(name string, ops ...ir.Op) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	return c.combined(c.in[0], c.applied(c.in[0], name+".gate", ops...), name, ir.Mul)
}

func hardSwishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.HardSigmoid, Alpha: 1. / 6, Beta: 0.5})
}

func mishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.Softplus}, ir.Activation{Func: ir.Tanh})
}

func swishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.Affine, Alpha: c.real("alpha", 1)}, ir.Activation{Func: ir.Sigmoid})
}

// geluOp is x·Φ(x), or its approximation by tanh.
func geluOp(c *call) (*tensor, error) {
	half := ir.Activation{Func: ir.Affine, Alpha: 0.5, Beta: 0.5}
	switch approximate := c.text("approximate", "none"); approximate {
	case "none":
		return c.gated(c.label, ir.Activation{Func: ir.Affine, Alpha: float32(math.Sqrt2 / 2)}, ir.Activation{Func: ir.Erf}, half)
	case "tanh":
		if c.in[0].kind != float {
			return nil, errNotFloat(c, 0)
		}
		// √(2/π)·(x + 0.044715·x³) = x·(√(2/π)·0.044715·x² + √(2/π))
		k := math.Sqrt(2 / math.Pi)
		square, err := c.combined(c.in[0], c.in[0], c.label+".square", ir.Mul)
		if err != nil {
			return nil, err
		}
		slope := c.applied(square, c.label+".slope", ir.Activation{Func: ir.Affine, Alpha: float32(k * 0.044715), Beta: float32(k)})
		inner, err := c.combined(slope, c.in[0], c.label+".inner", ir.Mul)
		if err != nil {
			return nil, err
		}
		return c.combined(c.in[0], c.applied(inner, c.label+".gate", ir.Activation{Func: ir.Tanh}, half), c.label, ir.Mul)
	default:
		return nil, fmt.Errorf("approximate %q, want none or tanh", approximate)
	}
}

// clipOp has its bounds as attributes in old versions and as inputs in new ones.
func clipOp(c *call) (*tensor, error) {
	low, high := c.real("min", -math.MaxFloat32), c.real("max", math.MaxFloat32)
	for i, bound := range []*float32{&low, &high} {
		switch t := c.input(i + 1); {
		case t == nil:
		case len(t.floats) == 1:
			*bound = t.floats[0]
		case c.in[0].numbers != nil && len(t.numbers) == 1:
			return nil, errors.New("clipping of integers is not supported")
		default:
			return nil, fmt.Errorf("bound %q is no constant of one float", c.node.inputs[i+1])
		}
	}
	switch t := c.in[0]; {
	case t.kind != float:
		return nil, errNotFloat(c, 0)
	case low > high:
		return nil, fmt.Errorf("bounds %v and %v, want the lower first", low, high)
	case t.floats != nil:
		return c.foldFloats(t, func(x float64) float64 { return min(max(x, float64(low)), float64(high)) })
	case low == 0 && high == math.MaxFloat32:
		return c.applied(t, c.label, ir.Activation{Func: ir.ReLU}), nil
	default:
		return c.applied(t, c.label, ir.Activation{Func: ir.Clamp, Alpha: low, Beta: high}), nil
	}
}

// preluOp is max(x, 0) + slope·min(x, 0).
func preluOp(c *call) (*tensor, error) {
	x, slope := c.in[0], c.in[1]
	if x.kind != float || slope.kind != float {
		return nil, errNotFloat(c, 0)
	}
	if len(slope.floats) > 0 && uniform(slope, slope.floats[0]) {
		return c.applied(x, c.label, ir.Activation{Func: ir.LeakyReLU, Alpha: slope.floats[0]}), nil
	}
	above := c.applied(x, c.label+".above", ir.Activation{Func: ir.ReLU})
	below, err := c.combined(x, above, c.label+".below", ir.Sub)
	if err != nil {
		return nil, err
	}
	if below, err = c.combined(below, slope, c.label+".slope", ir.Mul); err != nil {
		return nil, err
	}
	return c.combined(above, below, c.label, ir.Add)
}
