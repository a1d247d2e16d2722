package torch

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
)

// conv is a convolution: of frames [C L] along L within each frame, of vectors [C]
// over time.
func conv(m *module, x []*value) *value {
	c := convolution{m: m, stride: m.whole("stride", 1, 1, maxPicked), dilation: m.whole("dilation", 1, 1, maxPicked)}
	c.groups = m.whole("groups", 1, 1, maxPicked)
	c.mode = m.text("padding_mode", "zeros")
	c.padding, c.padWord = m.padding()
	in := x[0].shape
	channels := unknown
	switch {
	case in == nil:
	case len(in) > 2:
		m.fault("reads frames of shape %v, want [channels length] or, to go over time, [channels]", in)
		in = nil
	case in[0]%c.groups != 0:
		m.fault("%d channels in %d groups, want a multiple", in[0], c.groups)
		in = nil
	default:
		channels = in[0] / c.groups
	}
	faults := len(m.b.faults)
	weight, shape := m.data("weight", unknown, channels, unknown)
	out := unknown
	if shape != nil {
		out, c.kernel = shape[0], shape[2]
	}
	var bias []float32
	if m.flag("bias", true) {
		bias, _ = m.data("bias", out)
	}
	if len(m.b.faults) > faults || in == nil {
		return nil
	}
	op, ok := c.product(weight, shape, bias, in[0])
	if !ok {
		return nil
	}
	if len(in) == 1 {
		return c.overTime(x[0], op, out)
	}
	return c.withinFrame(x[0], op, out)
}

// convolution is a Conv1d with its options.
type convolution struct {
	m                                *module
	kernel, stride, dilation, groups int
	padding                          [2]int // left, right
	padWord                          string // same, valid or causal, in place of numbers
	mode                             string // of padding
}

// padding is a number, two, or same, valid, or causal, which is all to the left.
func (m *module) padding() (sides [2]int, word string) {
	if text, ok := m.options["padding"].(string); ok {
		m.take("padding")
		if text != "same" && text != "valid" && text != "causal" {
			m.fault("padding is %q, want a number, two for left and right, same, valid or causal", text)
		}
		return sides, text
	}
	switch list := m.wholes("padding", 0, maxPicked); len(list) {
	case 0:
	case 1:
		sides = [2]int{list[0], list[0]}
	case 2:
		sides = [2]int{list[0], list[1]}
	default:
		m.fault("padding is %v, want a number or two", list)
	}
	return sides, ""
}

// reach is the number of elements between the first and the last tap.
func (c *convolution) reach() int { return (c.kernel - 1) * c.dilation }

// sides is the padding in numbers.
func (c *convolution) sides() (left, right int) {
	switch c.padWord {
	case "same":
		return c.reach() / 2, c.reach() - c.reach()/2
	case "causal":
		return c.reach(), 0
	}
	return c.padding[0], c.padding[1]
}

// product is the matrix of a window, channels by taps. Groups are blocks of a matrix
// that is zero elsewhere.
func (c *convolution) product(weight []float32, shape []int, bias []float32, in int) (ir.Linear, bool) {
	out, each, k := shape[0], shape[1], shape[2]
	if out%c.groups != 0 {
		c.m.fault("%d output channels in %d groups, want a multiple", out, c.groups)
		return ir.Linear{}, false
	}
	if c.groups > 1 {
		if !c.m.grow(out * in * k) {
			return ir.Linear{}, false
		}
		whole := make([]float32, out*in*k)
		for o := range out {
			at := o*in*k + o/(out/c.groups)*each*k
			copy(whole[at:], weight[o*each*k:(o+1)*each*k])
		}
		weight = whole
	}
	b := c.m.b
	op := ir.Linear{Weight: b.param(c.m.full("weight"), []int{out, in * k}, weight)}
	if bias != nil {
		op.Bias = b.param(c.m.full("bias"), []int{out}, bias)
	}
	return op, true
}

// withinFrame picks the windows, multiplies each, and brings the channels of all
// windows together.
func (c *convolution) withinFrame(x *value, op ir.Linear, out int) *value {
	channels, length := x.shape[0], x.shape[1]
	places, ok := c.places(length)
	if !ok {
		return nil
	}
	windows := (len(places)-1-c.reach())/c.stride + 1
	if len(places) <= c.reach() {
		c.m.fault("%d elements with padding, want at least %d", len(places), c.reach()+1)
		return nil
	}
	if !c.m.room(windows*channels*c.kernel) || !c.m.room(windows*out) {
		return nil
	}
	elements := make([]int, 0, windows*channels*c.kernel)
	for w := range windows {
		for ch := range channels {
			for k := range c.kernel {
				at := places[w*c.stride+k*c.dilation]
				if at >= 0 {
					at += ch * length
				}
				elements = append(elements, at)
			}
		}
	}
	b := c.m.b
	picked := b.pick(c.m.name+"_windows", x.name, elements, x.width())
	if windows > 1 {
		op.Rows = windows
	}
	y := &value{shape: []int{out, windows}}
	y.linear = b.node(c.m.name, op, picked)
	y.name = b.pick(c.m.name+"_channels", y.linear, transposed(windows, out), windows*out)
	return y
}

// transposed are the elements of a matrix [rows columns] by columns.
func transposed(rows, columns int) []int {
	elements := make([]int, 0, rows*columns)
	for c := range columns {
		for r := range rows {
			elements = append(elements, r*columns+c)
		}
	}
	return elements
}

// places are the elements of an axis of a length with the padding around it, −1 for
// a zero.
func (c *convolution) places(length int) ([]int, bool) {
	left, right := c.sides()
	return c.m.padded(length, left, right, c.mode)
}

// padded are the elements of an axis with padding around it.
func (m *module) padded(length, left, right int, mode string) ([]int, bool) {
	if !m.room(length + left + right) {
		return nil, false
	}
	places := make([]int, 0, length+left+right)
	for i := -left; i < length+right; i++ {
		at := i
		if i < 0 || i >= length {
			switch mode {
			case "zeros", "constant":
				at = -1
			case "reflect":
				if at = max(i, -i); at >= length {
					at = 2*(length-1) - i
				}
			case "replicate":
				at = min(max(i, 0), length-1)
			case "circular":
				at = (i%length + length) % length
			default:
				m.fault("padding mode %q, want zeros, reflect, replicate or circular", mode)
				return nil, false
			}
			if mode == "reflect" && (at < 0 || at >= length) {
				m.fault("reflects %d and %d of %d elements, want fewer than these", left, right, length)
				return nil, false
			}
		}
		places = append(places, at)
	}
	return places, true
}

// maxAhead is the largest number of later frames that are read, each by a node.
const maxAhead = 1 << 12

// overTime keeps the last frames in a state, a delay line, and reads later ones
// where the padding is not all to the left.
func (c *convolution) overTime(x *value, op ir.Linear, out int) *value {
	left, right := c.sides()
	switch {
	case c.stride != 1:
		c.m.fault("stride %d over time, want 1: it would change the number of frames", c.stride)
		return nil
	case c.mode != "zeros":
		c.m.fault("padding mode %q over time, want zeros", c.mode)
		return nil
	case left+right != c.reach():
		c.m.fault("padding %d and %d over time, want %d in all, so that there are as many frames behind it: want same, or causal to read no later frames",
			left, right, c.reach())
		return nil
	}
	if right > maxAhead {
		c.m.fault("reads %d frames ahead, want at most %d", right, maxAhead)
		return nil
	}
	channels := x.shape[0]
	if !c.m.room((c.reach()+1)*channels) || !c.m.room(c.kernel*channels) {
		return nil
	}
	b := c.m.b
	var later []string
	for by := 1; by <= right; by++ {
		later = append(later, b.node(fmt.Sprintf("%s_ahead%d", c.m.name, by), ir.Ahead{By: by}, x.name))
	}
	window := append([]string{x.name}, later...)
	if left > 0 {
		window = append([]string{c.delay(x, left*channels)}, window...)
	}
	read := x.name
	if len(window) > 1 {
		read = b.node(c.m.name+"_window", ir.Concat{}, window...)
	}
	elements := make([]int, 0, channels*c.kernel)
	for ch := range channels {
		for k := range c.kernel {
			elements = append(elements, k*c.dilation*channels+ch)
		}
	}
	taps := b.pick(c.m.name+"_taps", read, elements, (c.reach()+1)*channels)
	y := &value{shape: []int{out}}
	y.linear = b.node(c.m.name, op, taps)
	y.name = y.linear
	return y
}

// delay is a state of the last frames of x, size elements.
func (c *convolution) delay(x *value, size int) string {
	b := c.m.b
	s := b.state(c.m.name+".past", size)
	past := b.node(c.m.name+"_past", ir.Recall{State: s})
	all := b.node(c.m.name+"_present", ir.Concat{}, past, x.name)
	next := b.node(c.m.name+"_next", ir.Pick{Spans: ir.MakeSpans([]ir.Span{{From: x.width(), Count: size, Step: 1}})}, all)
	b.node(c.m.name+"_store", ir.Store{State: s}, next)
	return past
}
