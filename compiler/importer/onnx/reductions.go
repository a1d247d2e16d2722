package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// reductions are the operators that make one number of several, and normalisations.
var reductions = map[string]operator{
	"ReduceMean":            reduction(ir.Mean),
	"ReduceSum":             reduction(ir.Sum),
	"ReduceMax":             reduction(ir.Largest),
	"ReduceMin":             reduction(ir.Smallest),
	"ReduceProd":            {run: one(reduceProdOp), least: 1, most: 2, attributes: reduceAttributes},
	"ReduceL1":              {run: one(reduceL1Op), least: 1, most: 2, attributes: reduceAttributes},
	"ReduceL2":              {run: one(reduceL2Op), least: 1, most: 2, attributes: reduceAttributes},
	"ReduceSumSquare":       {run: one(reduceSumSquareOp), least: 1, most: 2, attributes: reduceAttributes},
	"GlobalAveragePool":     {run: one(func(c *call) (*tensor, error) { return c.global(ir.Mean) }), least: 1, most: 1},
	"GlobalMaxPool":         {run: one(func(c *call) (*tensor, error) { return c.global(ir.Largest) }), least: 1, most: 1},
	"Softmax":               {run: one(func(c *call) (*tensor, error) { return c.softmax(false) }), least: 1, most: 1, attributes: []string{"axis"}},
	"LogSoftmax":            {run: one(func(c *call) (*tensor, error) { return c.softmax(true) }), least: 1, most: 1, attributes: []string{"axis"}},
	"LayerNormalization":    {run: one(layerNormOp), least: 2, most: 3, attributes: []string{"axis", "epsilon", "stash_type"}},
	"InstanceNormalization": {run: one(instanceNormOp), least: 3, most: 3, attributes: []string{"epsilon"}},
	"BatchNormalization": {run: one(batchNormOp), least: 5, most: 5,
		attributes: []string{"epsilon", "momentum", "spatial", "training_mode"}},
}

var reduceAttributes = []string{"axes", "keepdims", "noop_with_empty_axes"}

func reduction(f ir.ReduceFunc) operator {
	return operator{least: 1, most: 2, attributes: reduceAttributes, run: one(func(c *call) (*tensor, error) {
		return c.reduced(c.in[0], c.label, f)
	})}
}

// reduced makes one number of those along the axes of a reduction.
func (c *call) reduced(t *tensor, name string, f ir.ReduceFunc) (*tensor, error) {
	along, err := c.reduceAxes(t)
	if err != nil || len(along) == 0 {
		return t, err
	}
	return c.reducedAlong(t, name, f, along, c.integer("keepdims", 1) != 0)
}

// reduceAxes are the axes of a reduction: all without others.
func (c *call) reduceAxes(t *tensor) ([]int, error) {
	list, err := c.list("axes", 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		if c.integer("noop_with_empty_axes", 0) != 0 {
			return nil, nil
		}
		for k := range t.shape {
			list = append(list, int64(k))
		}
	}
	return axes(list, len(t.shape))
}

// reducedAlong reduces axes, which stay with one element each, or go.
func (c *call) reducedAlong(t *tensor, name string, f ir.ReduceFunc, along []int, keep bool) (*tensor, error) {
	ordered, kept, size, err := c.groups(t, along)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, errors.New("reduces nothing")
	}
	var shape []int
	time := none
	for k, d := range t.shape {
		switch {
		case !slices.Contains(along, k):
			if k == t.time {
				time = len(shape)
			}
			shape = append(shape, d)
		case keep:
			shape = append(shape, 1)
		}
	}
	r := t.derived(append([]int{}, shape...), time)
	switch {
	case t.numbers != nil:
		return c.foldReduce(r, ordered, size, f)
	case t.kind != float:
		return nil, errNotFloat(c, 0)
	case size == 1 && !slices.Contains(along, t.time):
		r.view = c.im.elements(name+".constant", ordered)
		return r, nil
	}
	v := c.im.g.joined(name+".x", c.im.elements(name+".constant", ordered))
	if size > 1 {
		v = c.im.g.node(name, ir.Reduce{Func: f, Size: size}, kept, v)
	}
	if t.time != none && slices.Contains(along, t.time) {
		v = c.running(name, f, v, kept)
		r.last = true
	}
	r.view = viewOf(v, kept)
	return r, nil
}

// groups puts axes last, so that their elements lie together: kept groups of size.
func (c *call) groups(t *tensor, along []int) (ordered *tensor, kept, size int, err error) {
	perm := groupPerm(len(t.shape), along)
	ordered, err = c.transposed(t, perm)
	if err != nil {
		return nil, 0, 0, err
	}
	size = 1
	for _, k := range along {
		size *= t.shape[k]
	}
	return ordered, t.size() / max(size, 1), size, nil
}

// groupPerm is the order of axes with some of them last.
func groupPerm(rank int, along []int) []int {
	var perm []int
	for k := range rank {
		if !slices.Contains(along, k) {
			perm = append(perm, k)
		}
	}
	last := slices.Sorted(slices.Values(along))
	return append(perm, last...)
}

// inverse is the order of axes that undoes another.
func inverse(perm []int) []int {
	back := make([]int, len(perm))
	for k, from := range perm {
		back[from] = k
	}
	return back
}

// foldReduce reduces a constant of integers.
func (c *call) foldReduce(r, ordered *tensor, size int, f ir.ReduceFunc) (*tensor, error) {
	list, err := c.im.integers(ordered)
	if err != nil {
		return nil, err
	}
	for group := range slices.Chunk(list, size) {
		sum := int64(0)
		for _, v := range group {
			sum += v
		}
		switch f {
		case ir.Largest:
			sum = slices.Max(group)
		case ir.Smallest:
			sum = slices.Min(group)
		case ir.Mean:
			sum /= int64(size)
		}
		r.numbers = append(r.numbers, number{c: sum})
	}
	return r, nil
}

// running reduces a value over the frames so far, which in the last frame is over
// all.
func (c *call) running(name string, f ir.ReduceFunc, v vector, n int) vector {
	g := c.im.g
	start := map[ir.ReduceFunc]float32{ir.Largest: -math.MaxFloat32, ir.Smallest: math.MaxFloat32}[f]
	op := map[ir.ReduceFunc]ir.BinaryFunc{ir.Largest: ir.Max, ir.Smallest: ir.Min, ir.Sum: ir.Add, ir.Mean: ir.Add}[f]
	state := g.state(name+".sofar", n, slices.Repeat([]float32{start}, n))
	before := g.node(name+".before", ir.Recall{State: state}, n)
	now := g.node(name+".sofar", ir.Binary{Func: op}, n, before, v)
	g.store(name+".next", state, now)
	if f != ir.Mean {
		return now
	}
	frames := g.state(name+".frames", n, nil)
	behind := g.node(name+".behind", ir.Recall{State: frames}, n)
	counted := g.node(name+".frames", ir.Activation{Func: ir.Affine, Alpha: 1, Beta: 1}, n, behind)
	g.store(name+".frames.next", frames, counted)
	return g.node(name+".mean", ir.Binary{Func: ir.Div}, n, now, counted)
}

// reduceProdOp is for the arithmetic of shapes.
func reduceProdOp(c *call) (*tensor, error) {
	t := c.in[0]
	list, err := c.im.integers(t)
	if err != nil || len(t.shape) > 1 {
		return nil, errors.New("is supported of constants of integers along one axis only")
	}
	n := int64(1)
	for _, v := range list {
		n *= v
	}
	if c.integer("keepdims", 1) != 0 {
		return vectorOf([]number{{c: n}}), nil
	}
	return scalar(number{c: n}), nil
}

func reduceL1Op(c *call) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	return c.reduced(c.applied(c.in[0], c.label+".abs", ir.Activation{Func: ir.Abs}), c.label, ir.Sum)
}

func reduceSumSquareOp(c *call) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	square, err := c.combined(c.in[0], c.in[0], c.label+".square", ir.Mul)
	if err != nil {
		return nil, err
	}
	return c.reduced(square, c.label, ir.Sum)
}

func reduceL2Op(c *call) (*tensor, error) {
	sum, err := reduceSumSquareOp(c)
	if err != nil {
		return nil, err
	}
	return c.applied(sum, c.label+".root", ir.Activation{Func: ir.Sqrt}), nil
}

// global reduces all axes from the third on.
func (c *call) global(f ir.ReduceFunc) (*tensor, error) {
	t := c.in[0]
	if len(t.shape) < 3 || t.kind != float {
		return nil, fmt.Errorf("input of shape %v, want floats along at least 3 axes", t.shape)
	}
	var along []int
	for k := 2; k < len(t.shape); k++ {
		along = append(along, k)
	}
	return c.reducedAlong(t, c.label, f, along, true)
}
