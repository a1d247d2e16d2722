package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

func concatOp(c *call) (*tensor, error) {
	first := c.in[0]
	k, err := axis(c.integer("axis", math.MinInt64), len(first.shape))
	if err != nil {
		return nil, err
	}
	list, time, err := c.joinable(k)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(list[0].shape)
	shape[k] = 0
	r := list[0].derived(shape, time)
	constant, named := true, 0
	for _, t := range list {
		for a, d := range t.shape {
			if a != k && d != shape[a] {
				return nil, fmt.Errorf("inputs of shapes %v and %v differ beside axis %d", first.shape, t.shape, k)
			}
		}
		shape[k] += t.shape[k]
		constant = constant && t.constant()
		r.last, r.strided = r.last || t.last, r.strided || t.strided
		if t.size() > 0 {
			named++
			r.name = t.name
		}
	}
	if named != 1 {
		r.name = ""
	}
	if _, err = c.im.take(shape, list...); err != nil {
		return nil, err
	}
	switch {
	case constant && r.kind == float:
		r.floats = joinAlong(list, k, func(t *tensor) []float32 { return t.floats })
	case constant:
		r.numbers = joinAlong(list, k, func(t *tensor) []number { return t.numbers })
	default:
		r.view = joinAlong(list, k, func(t *tensor) []element { return c.im.elements(c.label+".constant", t) })
	}
	return r, nil
}

// joinable are the inputs of a Concat along axis k, those without frames repeated in
// every one if there are others.
func (c *call) joinable(k int) ([]*tensor, int, error) {
	time, timed := none, false
	for _, t := range c.in {
		if t.time != none {
			if timed && t.time != time {
				return nil, 0, fmt.Errorf("time is axis %d of one input and axis %d of another", time, t.time)
			}
			time, timed = t.time, true
		}
	}
	if timed && time == k {
		return nil, 0, errors.New("joins along the time axis")
	}
	list := slices.Clone(c.in)
	for i, t := range list {
		switch {
		case len(t.shape) != len(c.in[0].shape):
			return nil, 0, fmt.Errorf("inputs of shapes %v and %v differ in rank", c.in[0].shape, t.shape)
		case t.kind != c.in[0].kind:
			return nil, 0, errors.New("inputs of different types")
		case timed && t.time == none && t.view == nil && !t.constant():
			return nil, 0, errors.New("an input that is not known")
		case timed && t.time == none:
			// In a file the axis has as many elements as there are frames, which only a value
			// that is made for that has.
			return nil, 0, fmt.Errorf("joins input %q, which has no time axis, to one that has", c.node.inputs[i])
		case !timed && t.kind != float && !t.constant() && slices.ContainsFunc(c.in, (*tensor).constant):
			return nil, 0, errors.New("joins an input of integers to constants")
		}
	}
	return list, time, nil
}

// joinAlong joins the elements of tensors along an axis.
func joinAlong[T any](list []*tensor, k int, of func(*tensor) []T) []T {
	outer := product(list[0].shape[:k])
	data := make([][]T, len(list))
	for i, t := range list {
		data[i] = of(t)
	}
	all := []T{}
	for o := range outer {
		for i, t := range list {
			n := product(t.shape[k:])
			all = append(all, data[i][o*n:(o+1)*n]...)
		}
	}
	return all
}
