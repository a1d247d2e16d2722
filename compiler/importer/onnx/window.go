package onnx

import (
	"errors"
	"fmt"
)

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
