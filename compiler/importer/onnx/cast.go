package onnx

import (
	"errors"
	"fmt"

	"github.com/sparsec/sparsec/ir"
)

func castOp(c *call) (*tensor, error) {
	to := dtype(c.integer("to", 0))
	if to.width() == 0 {
		return nil, fmt.Errorf("to %v is not supported", to)
	}
	return c.castTo(to.kind(), to == float16Type || to == bfloat16Type)
}

func castLikeOp(c *call) (*tensor, error) { return c.castTo(c.in[1].kind, false) }

// castTo changes the kind of elements. Between floats it does nothing, and indices may
// change their width.
func (c *call) castTo(k kind, half bool) (*tensor, error) {
	t := c.in[0]
	switch {
	case half && !t.constant():
		return nil, errors.New("rounds to 16 bits, which is not supported")
	case t.constant() && !half:
		return c.im.cast(t, k)
	case t.kind == k:
		return t, nil
	case t.kind == whole && k == float:
		return c.readFloats(t)
	}
	return nil, fmt.Errorf("changes the type of input %q, which is not constant; an input can be fixed by -set", c.node.inputs[0])
}

// readFloats reads an input of integers as floats.
func (c *call) readFloats(t *tensor) (*tensor, error) {
	r := t.derived(t.shape, t.time)
	r.kind = float
	for _, e := range t.view {
		v, err := c.im.read(e, ir.ValuePart)
		if err != nil {
			return nil, err
		}
		r.view = append(r.view, element{v, 0})
	}
	return r, nil
}

// cast converts a constant.
func (im *importer) cast(t *tensor, k kind) (*tensor, error) {
	if t.kind == k {
		return t, nil
	}
	n, err := im.take(t.shape, &tensor{numbers: []number{}})
	if err != nil {
		return nil, err
	}
	r := t.derived(t.shape, t.time)
	r.kind = k
	if k == float {
		r.floats = make([]float32, n)
		for i, v := range t.numbers {
			c, ok := im.value(v)
			if !ok {
				return nil, errors.New("makes a float of the number of frames")
			}
			r.floats[i] = float32(c)
		}
		return r, nil
	}
	r.numbers = make([]number, n)
	for i := range n {
		switch {
		case t.floats != nil && k == truth:
			r.numbers[i].c = bit(t.floats[i] != 0)
		case t.floats != nil:
			r.numbers[i].c = int64(t.floats[i])
		case k == truth:
			r.numbers[i].c = bit(t.numbers[i] != number{})
		default:
			r.numbers[i] = t.numbers[i]
		}
	}
	return r, nil
}

// bit is a truth as a number.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
