package onnx

import (
	"errors"
	"fmt"
)

// structural are the operators that make no computation of their own.
var structural = map[string]operator{
	"Constant": {run: one(constantOp), attributes: []string{"value", "value_float", "value_floats", "value_int", "value_ints"}},
	"Identity": {run: one(identityOp), least: 1, most: 1, loose: true},
	"Dropout":  {run: dropoutOp, least: 1, most: 3, attributes: []string{"ratio", "seed"}, loose: true},
	"If":       {run: ifOp, least: 1, most: 1, attributes: []string{"then_branch", "else_branch"}},
}

func identityOp(c *call) (*tensor, error) { return c.in[0], nil }

// dropoutOp is the identity: a model is not trained here.
func dropoutOp(c *call) ([]*tensor, error) {
	if t := c.input(2); t != nil {
		if mode, err := c.im.integers(t); err != nil || len(mode) != 1 || mode[0] != 0 {
			return nil, errors.New("training_mode, want false")
		}
	}
	if len(c.node.outputs) > 1 && c.node.outputs[1] != "" {
		return nil, errors.New("output mask is not supported")
	}
	return []*tensor{c.in[0]}, nil
}

func constantOp(c *call) (*tensor, error) {
	for _, a := range c.node.attributes {
		a = c.attribute(a.name)
		if a == nil {
			continue
		}
		switch a.kind {
		case tensorAttribute:
			if a.tensor == nil {
				return nil, errors.New("a value without a tensor")
			}
			return c.im.source.constant(a.tensor)
		case floatAttribute:
			return &tensor{shape: []int{}, time: none, floats: []float32{a.float}}, nil
		case floatsAttribute:
			return &tensor{shape: []int{len(a.floats)}, time: none, floats: append([]float32{}, a.floats...)}, nil
		case intAttribute:
			return scalar(number{c: a.integer}), nil
		case intsAttribute:
			numbers := make([]number, len(a.ints))
			for i, v := range a.ints {
				numbers[i].c = v
			}
			return vectorOf(numbers), nil
		}
	}
	return nil, errors.New("no value that is a tensor or a number")
}

// ifOp interprets the branch that a constant condition takes.
func ifOp(c *call) ([]*tensor, error) {
	condition, err := c.im.integers(c.in[0])
	if err != nil || len(condition) != 1 {
		return nil, fmt.Errorf("condition %q is no constant; an input that it comes of can be fixed by -set", c.node.inputs[0])
	}
	name := "else_branch"
	if condition[0] != 0 {
		name = "then_branch"
	}
	a := c.attribute(name)
	if a == nil || a.graph == nil {
		return nil, fmt.Errorf("has no %s", name)
	}
	if len(a.graph.outputs) != len(c.node.outputs) {
		return nil, fmt.Errorf("%s has %d outputs, want %d", name, len(a.graph.outputs), len(c.node.outputs))
	}
	inner := &scope{im: c.im, around: c.scope, values: map[string]*tensor{}, opset: c.opset, attributes: c.scope.attributes, depth: c.depth}
	inner.initialisers(a.graph)
	inner.nodes(a.graph.nodes, live(a.graph))
	results := make([]*tensor, len(a.graph.outputs))
	for i, o := range a.graph.outputs {
		t, ok := inner.find(o.name)
		if !ok {
			c.fault("output %q of the %s is not defined", o.name, name)
			continue
		}
		results[i] = t
	}
	return results, nil
}
