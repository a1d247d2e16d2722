package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// convolutions are the operators that slide a window over spatial axes.
var convolutions = map[string]operator{
	"Conv": {run: one(convOp), least: 2, most: 3, loose: true, attributes: windowAttributes("group")},
	"MaxPool": {run: one(maxPoolOp), least: 1, most: 1, loose: true,
		attributes: windowAttributes("ceil_mode", "storage_order")},
	"AveragePool": {run: one(averagePoolOp), least: 1, most: 1, loose: true,
		attributes: windowAttributes("ceil_mode", "count_include_pad")},
}

func convOp(c *call) (*tensor, error) {
	t, w, bias := c.in[0], c.in[1], c.input(2)
	switch {
	case t.kind != float:
		return nil, errNotFloat(c, 0)
	case w.floats == nil || bias != nil && bias.floats == nil:
		return nil, fmt.Errorf("weights %q are no constants", c.node.inputs[1:])
	case len(t.shape) < 3 || len(w.shape) != len(t.shape):
		return nil, fmt.Errorf("input of shape %v and weights of %v", t.shape, w.shape)
	case t.time == 1:
		return nil, errors.New("sums over the time axis")
	}
	groups := int(min(max(c.integer("group", 1), 1), maxWeights))
	if w.shape[0]%groups != 0 || w.shape[1]*groups != t.shape[1] || w.shape[1] == 0 || w.shape[0] == 0 {
		return nil, fmt.Errorf("weights of %v in %d groups for an input of shape %v", w.shape, groups, t.shape)
	}
	if bias != nil && len(bias.floats) != w.shape[0] {
		return nil, fmt.Errorf("bias of shape %v, want %d", bias.shape, w.shape[0])
	}
	if given := c.ints("kernel_shape"); given != nil && !slices.EqualFunc(given, w.shape[2:], func(a int64, b int) bool { return a == int64(b) }) {
		return nil, fmt.Errorf("kernel_shape %v for weights of %v", given, w.shape)
	}
	return c.looseOr(t, w.shape[2:], func(x *tensor, list []window) (*tensor, error) { return c.convolved(x, list, w, bias, groups) })
}

// convolved is a Linear over the windows: each is its elements, the channels of an
// element together. So is the value; the tensor is a view of that.
func (c *call) convolved(t *tensor, list []window, w, bias *tensor, groups int) (*tensor, error) {
	steps := stepsOf(list)
	batch, channels, out := t.shape[0], t.shape[1], w.shape[0]
	kernel, places, size := product(w.shape[2:]), product(steps), product(t.shape[2:])
	if _, err := c.im.take([]int{batch * places, kernel, channels}, t); err != nil {
		return nil, err
	}
	if _, err := c.im.take([]int{out, kernel, channels}, w); err != nil {
		return nil, err
	}
	x := c.im.elements(c.label+".constant", t)
	view := make([]element, 0, batch*places*kernel*channels)
	for n := range batch {
		slide(list, func(offsets []int) {
			for _, at := range offsets {
				for ch := range channels {
					e := element{}
					if at >= 0 {
						e = x[(n*channels+ch)*size+at]
					}
					view = append(view, e)
				}
			}
		})
	}
	biasName, err := c.biasOf(bias, out)
	if err != nil {
		return nil, err
	}
	rows := batch * places
	v := c.im.g.node(c.label, linear(c.kernelOf(w, groups, channels), biasName, rows), rows*out, c.im.g.joined(c.label+".windows", view))
	r := t.derived(append([]int{batch, out}, steps...), t.time)
	for n := range batch {
		for m := range out {
			for p := range places {
				r.view = append(r.view, element{v, int32((n*places+p)*out + m)})
			}
		}
	}
	return r, nil
}

// kernelOf is the weights [out, channels of a group, kernel] as a parameter [out,
// kernel, all channels], zeros for those of other groups.
func (c *call) kernelOf(w *tensor, groups, channels int) string {
	out, own, kernel := w.shape[0], w.shape[1], product(w.shape[2:])
	key := fmt.Sprintf("%p kernel %d", &w.floats[0], groups)
	if p, ok := c.im.params[key]; ok {
		return p
	}
	data := make([]float32, out*kernel*channels)
	for m := range out {
		from := m / (out / groups) * own
		for ch := range own {
			for k := range kernel {
				data[(m*kernel+k)*channels+from+ch] = w.floats[(m*own+ch)*kernel+k]
			}
		}
	}
	name := w.name
	if name == "" {
		name = c.label + ".weight"
	}
	return c.im.shared(key, name, []int{out, kernel * channels}, data)
}
