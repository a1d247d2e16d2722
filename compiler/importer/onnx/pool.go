package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// poolKernel is the attribute that says the shape of a window.
func (c *call) poolKernel() ([]int, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	if len(c.node.outputs) > 1 && c.node.outputs[1] != "" {
		return nil, errors.New("output Indices is not supported")
	}
	var kernel []int
	for _, k := range c.ints("kernel_shape") {
		if k < 1 || k > maxWeights {
			return nil, fmt.Errorf("kernel_shape %v", c.ints("kernel_shape"))
		}
		kernel = append(kernel, int(k))
	}
	return kernel, nil
}

// maxPoolOp takes the largest under every window. Padding counts for nothing, so
// another element stands for it.
func maxPoolOp(c *call) (*tensor, error) {
	kernel, err := c.poolKernel()
	if err != nil {
		return nil, err
	}
	if t := c.in[0]; t.time >= 2 && (slices.ContainsFunc(c.ints("pads"), func(p int64) bool { return p != 0 }) ||
		c.text("auto_pad", "NOTSET") != "NOTSET" || t.loose != nil) {
		return nil, errors.New("pads the time axis, which is not supported")
	}
	return c.looseOr(c.in[0], kernel, func(t *tensor, list []window) (*tensor, error) {
		empty := false
		r, err := c.pooled(t, list, ir.Reduce{Func: ir.Largest, Size: product(kernel)}, func(view []element, offsets []int) {
			real := slices.IndexFunc(offsets, func(at int) bool { return at >= 0 })
			if empty = empty || real < 0; empty {
				return
			}
			for i, at := range offsets {
				if at < 0 {
					view[i] = view[real]
				}
			}
		})
		if empty {
			return nil, errors.New("a window over nothing but padding")
		}
		return r, err
	})
}

// averagePoolOp takes the mean under every window: of all its elements, or of those
// that are no padding.
func averagePoolOp(c *call) (*tensor, error) {
	kernel, err := c.poolKernel()
	if err != nil {
		return nil, err
	}
	all := c.integer("count_include_pad", 0) != 0
	if t := c.in[0]; t.time >= 2 && !all && (slices.ContainsFunc(c.ints("pads"), func(p int64) bool { return p != 0 }) || t.loose != nil) {
		return nil, errors.New("pads the time axis, which is not supported")
	}
	return c.looseOr(c.in[0], kernel, func(t *tensor, list []window) (*tensor, error) {
		r, err := c.pooled(t, list, ir.Reduce{Func: ir.Sum, Size: product(kernel)}, func([]element, []int) {})
		if err != nil {
			return nil, err
		}
		scale := &tensor{shape: stepsOf(list), time: none}
		countIn(scale.shape, func(step []int) { scale.floats = append(scale.floats, 1/float32(counted(list, step, all))) })
		if r.time >= 2 {
			scale = floatScalar(1 / float32(product(kernel)))
		}
		return c.combined(r, scale, c.label+".mean", ir.Mul)
	})
}

// counted is how many elements under a window count for its mean.
func counted(list []window, step []int, padding bool) int {
	n := 1
	for axis, w := range list {
		own := 0
		for k := range w.kernel {
			p := w.at(step[axis], k)
			if p >= 0 && p < w.size || padding && p >= -w.before && p < w.size+w.behind {
				own++
			}
		}
		n *= max(own, 1)
	}
	return n
}

// pooled reduces the elements under every window of every channel, which adjust may
// change first.
func (c *call) pooled(t *tensor, list []window, op ir.Reduce, adjust func(view []element, offsets []int)) (*tensor, error) {
	steps := stepsOf(list)
	size, places := product(t.shape[2:]), product(steps)
	planes := t.shape[0] * t.shape[1]
	if _, err := c.im.take([]int{planes, places, op.Size}, t); err != nil {
		return nil, err
	}
	x := c.im.elements(c.label+".constant", t)
	// The windows of a place lie together for all channels, like the values of Conv.
	view := make([]element, 0, planes*places*op.Size)
	for n := range t.shape[0] {
		slide(list, func(offsets []int) {
			for ch := range t.shape[1] {
				from := len(view)
				for _, at := range offsets {
					e := element{}
					if at >= 0 {
						e = x[(n*t.shape[1]+ch)*size+at]
					}
					view = append(view, e)
				}
				adjust(view[from:], offsets)
			}
		})
	}
	v := c.im.g.node(c.label, op, planes*places, c.im.g.joined(c.label+".windows", view))
	r := t.derived(append([]int{t.shape[0], t.shape[1]}, steps...), t.time)
	for n := range t.shape[0] {
		for ch := range t.shape[1] {
			for p := range places {
				r.view = append(r.view, element{v, int32((n*places+p)*t.shape[1] + ch)})
			}
		}
	}
	return r, nil
}
