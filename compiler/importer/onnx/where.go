package onnx

import "fmt"

// whereOp chooses by a constant condition.
func whereOp(c *call) (*tensor, error) {
	condition, a, b := c.in[0], c.in[1], c.in[2]
	if condition.numbers == nil {
		return nil, fmt.Errorf("condition %q is no constant", c.node.inputs[0])
	}
	if a.kind != b.kind || a.kind != float && !(a.constant() && b.constant()) {
		return nil, fmt.Errorf("chooses between %q and %q, want floats or constants of one type", c.node.inputs[1], c.node.inputs[2])
	}
	a, b, err := c.aligned(a, b)
	if err != nil {
		return nil, err
	}
	condition, a, err = c.aligned(condition, a)
	if err != nil {
		return nil, err
	}
	if _, b, err = c.aligned(a, b); err != nil {
		return nil, err
	}
	choice, err := c.im.integers(condition)
	if err != nil {
		return nil, fmt.Errorf("condition %w", err)
	}
	r := a.derived(a.shape, a.time)
	r.last = a.last || b.last
	switch {
	case a.floats != nil && b.floats != nil:
		r.floats = chosen(choice, a.floats, b.floats)
	case a.numbers != nil:
		r.numbers = chosen(choice, a.numbers, b.numbers)
	default:
		r.view = chosen(choice, c.im.elements(c.label+".constant", a), c.im.elements(c.label+".constant", b))
	}
	return r, nil
}

func chosen[T any](choice []int64, a, b []T) []T {
	r := make([]T, len(choice))
	for i, first := range choice {
		r[i] = b[i]
		if first != 0 {
			r[i] = a[i]
		}
	}
	return r
}
