package onnx

import (
	"errors"
	"fmt"
	"math"
)

// shapeNumbers is a shape with at most one number of frames, which is its time axis.
func shapeNumbers(numbers []number) (shape []int, time int, err error) {
	shape, time = make([]int, len(numbers)), none
	if len(numbers) > maxRank {
		return nil, none, fmt.Errorf("%d dimensions, want at most %d", len(numbers), maxRank)
	}
	for k, n := range numbers {
		switch {
		case n.t != 0 && time == none && n.c == 0 && n.t > 0 && n.t <= maxRate:
			shape[k], time = int(n.t), k
		case n.t != 0:
			return nil, none, errors.New("a dimension that is computed of the number of frames")
		case n.c < 0 || n.c > maxWeights:
			return nil, none, fmt.Errorf("dimension %d, want 0 to %d", n.c, maxWeights)
		default:
			shape[k] = int(n.c)
		}
	}
	return shape, time, nil
}

// shapeOp is constant but for the frames.
func shapeOp(c *call) (*tensor, error) {
	t := c.in[0]
	numbers := []number{}
	for k, d := range t.shape {
		n := number{c: int64(d)}
		if k == t.time {
			n = number{t: int64(d)}
		}
		numbers = append(numbers, n)
	}
	places, err := slicePlaces(len(numbers), c.integer("start", 0), c.integer("end", math.MaxInt64), 1)
	if err != nil {
		return nil, err
	}
	part := []number{}
	for _, p := range places {
		part = append(part, numbers[p])
	}
	return vectorOf(part), nil
}

func sizeOp(c *call) (*tensor, error) {
	t := c.in[0]
	n := number{c: int64(t.size())}
	if t.time != none {
		n = number{t: n.c}
	}
	return scalar(n), nil
}

func constantOfShapeOp(c *call) (*tensor, error) {
	if c.in[0].numbers == nil {
		return nil, fmt.Errorf("shape %q is no constant", c.node.inputs[0])
	}
	shape, time, err := shapeNumbers(c.in[0].numbers)
	if err != nil {
		return nil, err
	}
	value := floatScalar(0)
	if a := c.attribute("value"); a != nil {
		if a.tensor == nil {
			return nil, errors.New("a value without a tensor")
		}
		if value, err = c.im.source.constant(a.tensor); err != nil {
			return nil, err
		}
		if value.size() != 1 {
			return nil, fmt.Errorf("value of shape %v, want one element", value.shape)
		}
	}
	if err := c.im.allows(shape, value); err != nil {
		return nil, err
	}
	r, err := c.im.broadcast(value.like([]int{}, none), shape, none)
	if err != nil || time == none {
		return r, err
	}
	if r.kind != float {
		return nil, errors.New("integers along the time axis")
	}
	r.view, r.floats, r.time = c.im.elements(c.label, r), nil, time
	return r, nil
}

func rangeOp(c *call) (*tensor, error) {
	var v [3]number
	for i, t := range c.in {
		if len(t.numbers) != 1 || t.numbers[0].t != 0 {
			return nil, fmt.Errorf("input %q is no constant of one integer", c.node.inputs[i])
		}
		v[i] = t.numbers[0]
	}
	start, limit, delta := v[0].c, v[1].c, v[2].c
	if delta == 0 {
		return nil, errors.New("a step of 0")
	}
	n := int64(math.Ceil((float64(limit) - float64(start)) / float64(delta)))
	if n > maxWeights {
		return nil, fmt.Errorf("%d elements, want at most %d", n, maxWeights)
	}
	n = max(n, 0)
	if _, err := c.im.take([]int{int(n)}, c.in[0]); err != nil {
		return nil, err
	}
	numbers := make([]number, n)
	for i := range numbers {
		numbers[i].c = start + int64(i)*delta
	}
	return vectorOf(numbers), nil
}
