package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// along applies ops to groups of elements along axes, each a vector of its own.
func (c *call) along(t *tensor, name string, axes []int, ops func(size int, v vector) vector) (*tensor, error) {
	if t.kind != float {
		return nil, errNotFloat(c, 0)
	}
	if t.time != none && slices.Contains(axes, t.time) {
		return nil, errors.New("runs along the time axis, which is not supported")
	}
	ordered, _, size, err := c.groups(t, axes)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, errors.New("an axis without elements")
	}
	v := ops(size, c.im.g.joined(name+".x", c.im.elements(name+".constant", ordered)))
	r := ordered.derived(ordered.shape, ordered.time)
	r.view = viewOf(v, ordered.size())
	return c.transposed(r, inverse(groupPerm(len(t.shape), axes)))
}

// softmax is along one axis; before version 13 along all from that on.
func (c *call) softmax(log bool) (*tensor, error) {
	t := c.in[0]
	otherwise := int64(-1)
	if c.opset < 13 {
		otherwise = 1
	}
	k, err := axis(c.integer("axis", otherwise), len(t.shape))
	if err != nil {
		return nil, err
	}
	list := []int{k}
	for a := k + 1; a < len(t.shape) && c.opset < 13; a++ {
		list = append(list, a)
	}
	g := c.im.g
	return c.along(t, c.label, list, func(size int, v vector) vector {
		n := g.values[v].size
		if !log {
			return g.node(c.label, ir.Softmax{Size: size}, n, v)
		}
		// x − max − log Σ exp(x − max)
		spread := func(name string, v vector) vector {
			view := make([]element, 0, n)
			for i := range n / size {
				view = append(view, slices.Repeat([]element{{v, int32(i)}}, size)...)
			}
			return g.joined(name, view)
		}
		top := g.node(c.label+".max", ir.Reduce{Func: ir.Largest, Size: size}, n/size, v)
		low := g.node(c.label+".low", ir.Binary{Func: ir.Sub}, n, v, spread(c.label+".top", top))
		sum := g.node(c.label+".sum", ir.Reduce{Func: ir.Sum, Size: size}, n/size, g.node(c.label+".exp", ir.Activation{Func: ir.Exp}, n, low))
		logs := g.node(c.label+".log", ir.Activation{Func: ir.Log}, n/size, sum)
		return g.node(c.label, ir.Binary{Func: ir.Sub}, n, low, spread(c.label+".logs", logs))
	})
}

// normalized is (x − mean)/√(variance + epsilon) along axes.
func (c *call) normalized(t *tensor, axes []int, epsilon float32) (*tensor, error) {
	return c.along(t, c.label, axes, func(size int, v vector) vector {
		return c.im.g.node(c.label, ir.Normalize{Size: size, Epsilon: epsilon}, c.im.g.values[v].size, v)
	})
}

func layerNormOp(c *call) (*tensor, error) {
	for i, name := range c.node.outputs {
		if i > 0 && name != "" {
			return nil, fmt.Errorf("output %q, a statistic, is not supported", name)
		}
	}
	t := c.in[0]
	k, err := axis(c.integer("axis", -1), len(t.shape))
	if err != nil {
		return nil, err
	}
	var list []int
	for a := k; a < len(t.shape); a++ {
		list = append(list, a)
	}
	r, err := c.normalized(t, list, c.real("epsilon", 1e-5))
	if err != nil {
		return nil, err
	}
	return c.scaled(r, c.in[1], c.input(2))
}

// scaled is scale·x + bias.
func (c *call) scaled(x, scale, bias *tensor) (*tensor, error) {
	r, err := c.pair(ir.Mul, c.label+".scaled", x, scale)
	if err != nil || bias == nil {
		return r, err
	}
	return c.pair(ir.Add, c.label+".biased", r, bias)
}

// perChannel gives a constant of as many numbers as there are channels the axes of a
// tensor whose second they are.
func perChannel(t, x *tensor) (*tensor, error) {
	if len(x.shape) < 2 || t.floats == nil || len(t.floats) != x.shape[1] {
		return nil, fmt.Errorf("statistics of shape %v for an input of %v, want constants of floats", t.shape, x.shape)
	}
	shape := slices.Repeat([]int{1}, len(x.shape)-1)
	shape[0] = len(t.floats)
	return t.like(shape, none), nil
}

func instanceNormOp(c *call) (*tensor, error) {
	t := c.in[0]
	scale, err := perChannel(c.in[1], t)
	if err != nil {
		return nil, err
	}
	bias, err := perChannel(c.in[2], t)
	if err != nil {
		return nil, err
	}
	var list []int
	for a := 2; a < len(t.shape); a++ {
		list = append(list, a)
	}
	r, err := c.normalized(t, list, c.real("epsilon", 1e-5))
	if err != nil {
		return nil, err
	}
	return c.scaled(r, scale, bias)
}

// batchNormOp is an affine function of every channel.
func batchNormOp(c *call) (*tensor, error) {
	t := c.in[0]
	switch {
	case t.kind != float:
		return nil, errNotFloat(c, 0)
	case c.integer("training_mode", 0) != 0 || c.integer("spatial", 1) != 1:
		return nil, errors.New("statistics of the input are not supported")
	}
	var parts [4]*tensor // scale, bias, mean, variance
	for i := range parts {
		if len(t.shape) < 2 || c.in[i+1].floats == nil || len(c.in[i+1].floats) != t.shape[1] {
			return nil, fmt.Errorf("statistics of shape %v for an input of %v, want constants of floats", c.in[i+1].shape, t.shape)
		}
		parts[i] = c.in[i+1]
	}
	epsilon := float64(c.real("epsilon", 1e-5))
	scale := &tensor{shape: parts[0].shape, time: none}
	bias := &tensor{shape: parts[0].shape, time: none}
	for i, variance := range parts[3].floats {
		s := float64(parts[0].floats[i]) / math.Sqrt(float64(variance)+epsilon)
		scale.floats = append(scale.floats, float32(s))
		bias.floats = append(bias.floats, float32(float64(parts[1].floats[i])-s*float64(parts[2].floats[i])))
	}
	scale, err := perChannel(scale, t)
	if err != nil {
		return nil, err
	}
	if bias, err = perChannel(bias, t); err != nil {
		return nil, err
	}
	return c.scaled(t, scale, bias)
}
