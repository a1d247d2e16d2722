package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// convolutions are the operators that slide a window over spatial axes.
var convolutions = map[string]operator{
	"Conv": {run: one(convOp), least: 2, most: 3, loose: true, attributes: windowAttributes("group")},
	"MaxPool": {run: one(maxPoolOp), least: 1, most: 1, loose: true,
		attributes: windowAttributes("ceil_mode", "storage_order")},
	"AveragePool": {run: one(averagePoolOp), least: 1, most: 1, loose: true,
		attributes: windowAttributes("ceil_mode", "count_include_pad")},
}

func windowAttributes(more ...string) []string {
	return append([]string{"auto_pad", "dilations", "kernel_shape", "pads", "strides"}, more...)
}

// window slides along one axis.
type window struct {
	kernel, stride, dilation int
	before, behind           int // padding
	size                     int // of the axis
	steps                    int // places of the window
}

// reach is the number of elements from the first to the last of the window.
func (w window) reach() int { return w.dilation*(w.kernel-1) + 1 }

// at is the element under place k of the window at a step, outside of the axis for
// padding.
func (w window) at(step, k int) int { return step*w.stride - w.before + k*w.dilation }

// windows reads the attributes of a window over the axes of t from the third on, and
// widens the time axis to what the windows of a frame see. A window that leaves more
// elements along the time axis than frames makes a loose tensor: first is the element
// that the frames begin with, and extra how many there are.
func (c *call) windows(t *tensor, kernel []int, first int) (x *tensor, list []window, extra int, err error) {
	rank := len(t.shape) - 2
	if rank < 1 || len(kernel) != rank {
		return nil, nil, 0, fmt.Errorf("input of shape %v for a kernel %v, want two axes more", t.shape, kernel)
	}
	var given [3][]int64
	for i, name := range []string{"strides", "dilations", "pads"} {
		wanted := rank * max(i, 1)
		given[i] = c.ints(name)
		if given[i] != nil && len(given[i]) != wanted {
			return nil, nil, 0, fmt.Errorf("%s %v, want %d", name, given[i], wanted)
		}
	}
	auto := c.text("auto_pad", "NOTSET")
	if auto != "NOTSET" && auto != "VALID" && auto != "SAME_UPPER" && auto != "SAME_LOWER" && auto != "" {
		return nil, nil, 0, fmt.Errorf("auto_pad %q is not supported", auto)
	}
	for k := range rank {
		w := window{kernel: kernel[k], stride: 1, dilation: 1, size: t.shape[k+2]}
		for i, to := range []*int{&w.stride, &w.dilation} {
			if given[i] != nil {
				*to = int(min(given[i][k], maxWeights))
			}
		}
		if given[2] != nil && (auto == "NOTSET" || auto == "") {
			w.before, w.behind = int(min(given[2][k], maxWeights)), int(min(given[2][rank+k], maxWeights))
		}
		if w.kernel < 1 || w.stride < 1 || w.dilation < 1 || w.before < 0 || w.behind < 0 || w.reach() > maxWeights {
			return nil, nil, 0, fmt.Errorf("kernel %d, stride %d, dilation %d, pads %d and %d of axis %d", w.kernel, w.stride, w.dilation, w.before, w.behind, k+2)
		}
		if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
			w.same(auto == "SAME_LOWER", t.time == k+2)
		}
		list = append(list, w)
	}
	if t.loose != nil {
		if t.loose.base == nil {
			return nil, nil, 0, fmt.Errorf("input %q has %d elements along the time axis beside the frames", c.node.inputs[0], t.loose.extra)
		}
		w := &list[t.time-2]
		w.before, w.behind = w.before+t.loose.left, w.behind+t.loose.extra-t.loose.left
		t = t.loose.base
	}
	if t.time >= 2 {
		if extra, t, err = c.widened(t, &list[t.time-2], first); err != nil {
			return nil, nil, 0, err
		}
	}
	for k := range list {
		w := &list[k]
		room := w.size + w.before + w.behind - w.reach()
		if room < 0 {
			return nil, nil, 0, fmt.Errorf("a window of %d over axis %d of %d", w.reach(), k+2, w.size)
		}
		w.steps = room/w.stride + 1
		if c.integer("ceil_mode", 0) != 0 && room%w.stride != 0 && w.steps*w.stride < w.size+w.before {
			w.steps++
		}
	}
	return t, list, extra, nil
}

// same pads an axis so that its windows are as many as its elements by the stride. A
// frame of the time axis is so many strides.
func (w *window) same(lower, time bool) {
	n := (w.size+w.stride-1)/w.stride - 1
	total := max(n*w.stride+w.reach()-w.size, 0)
	if time {
		total = max(w.reach()-w.stride, 0)
	}
	w.before, w.behind = total/2, total-total/2
	if lower {
		w.before, w.behind = w.behind, w.before
	}
}

// widened is a tensor whose time axis has in every frame all that the windows which
// begin in that see.
func (c *call) widened(t *tensor, w *window, first int) (extra int, x *tensor, err error) {
	rate := t.shape[t.time]
	if rate%w.stride != 0 {
		c.im.stretch = w.stride / gcd(rate, w.stride)
		return 0, nil, fmt.Errorf("stride %d over a time axis of %d elements in a frame", w.stride, rate)
	}
	extra = floorDiv(w.before+w.behind-w.reach(), w.stride) + 1
	if extra < 0 {
		return 0, nil, fmt.Errorf("shortens the time axis by %d elements: pads %d and %d, a window of %d, stride %d", -extra, w.before, w.behind, w.reach(), w.stride)
	}
	if c.integer("ceil_mode", 0) != 0 && w.stride > 1 {
		return 0, nil, errors.New("ceil_mode along the time axis is not supported")
	}
	low := first*w.stride - w.before
	x = t
	if high := low + rate - w.stride + w.reach(); low != 0 || high != rate {
		if x, err = c.around(t, low, high); err != nil {
			return 0, nil, err
		}
		x.strided = true
	}
	w.size, w.before, w.behind = x.shape[x.time], 0, 0
	if x.strided = x.strided || w.stride > 1; w.stride > 1 {
		own := *x
		x = &own
	}
	return extra, x, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// slide calls f for every place of the windows, in row-major order, with the offset
// of every element under the window; −1 for padding.
func slide(list []window, f func(offsets []int)) {
	sizes, kernels, steps := make([]int, len(list)), make([]int, len(list)), make([]int, len(list))
	for k, w := range list {
		sizes[k], kernels[k], steps[k] = w.size, w.kernel, w.steps
	}
	own := strides(sizes)
	offsets := make([]int, product(kernels))
	countIn(steps, func(step []int) {
		i := 0
		countIn(kernels, func(k []int) {
			at := 0
			for axis, w := range list {
				p := w.at(step[axis], k[axis])
				if p < 0 || p >= w.size {
					at = -1
					break
				}
				at += p * own[axis]
			}
			offsets[i] = at
			i++
		})
		f(offsets)
	})
}

// countIn calls f for all indices of a shape in row-major order.
func countIn(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	for range product(shape) {
		f(index)
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
}

// stepsOf is the shape of the places of windows.
func stepsOf(list []window) []int {
	steps := make([]int, len(list))
	for k, w := range list {
		steps[k] = w.steps
	}
	return steps
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

// looseOr slides windows over a tensor, now, or when a slice says where the frames
// begin.
func (c *call) looseOr(t *tensor, kernel []int, f func(*tensor, []window) (*tensor, error)) (*tensor, error) {
	at := func(first int) (*tensor, error) {
		x, list, _, err := c.windows(t, kernel, first)
		if err != nil {
			return nil, err
		}
		return f(x, list)
	}
	_, _, extra, err := c.windows(t, kernel, 0)
	if err != nil || extra == 0 {
		if err != nil {
			return nil, err
		}
		return at(0)
	}
	r, err := at(0)
	if err != nil {
		return nil, err
	}
	own := *r
	own.loose = &loose{extra: extra, at: at}
	return &own, nil
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
	if t := c.in[0]; t.time == 0 || t.time == 1 || len(kernel) > 0 {
		return kernel, nil
	}
	return nil, errors.New("has no kernel_shape")
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
