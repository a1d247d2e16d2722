package torch

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// elementwise joins values of one shape, from left to right.
func elementwise(f ir.BinaryFunc) func(*module, []*value) *value {
	return func(m *module, x []*value) *value {
		if slices.ContainsFunc(x, func(v *value) bool { return v.shape == nil }) {
			return nil
		}
		y := x[0].name
		for i, v := range x[1:] {
			if !slices.Equal(v.shape, x[0].shape) {
				m.fault("%q of shape %v and %q of shape %v, want one shape", m.from[0], x[0].shape, m.from[i+1], v.shape)
				return nil
			}
			name := m.name
			if i+2 < len(x) {
				name = fmt.Sprintf("%s_part%d", name, i)
			}
			y = m.b.node(name, ir.Binary{Func: f}, y, v.name)
		}
		return &value{name: y, shape: x[0].shape}
	}
}

// concat joins values along the first axis of a frame.
func concat(m *module, x []*value) *value {
	var shape []int
	var names []string
	for i, v := range x {
		if v.shape == nil {
			return nil
		}
		if shape != nil && !slices.Equal(v.shape[1:], shape[1:]) {
			m.fault("%q of shape %v behind shape %v, want them to differ in the first axis at most", m.from[i], v.shape, shape)
			return nil
		}
		if shape == nil {
			shape = append([]int{0}, v.shape[1:]...)
		}
		if shape[0] += v.shape[0]; shape[0] > ir.MaxElements {
			m.fault("joins more than %d elements", ir.MaxElements)
			return nil
		}
		names = append(names, v.name)
	}
	return &value{name: m.b.node(m.name, ir.Concat{}, names...), shape: shape}
}

// flatten makes a vector of a frame.
func flatten(_ *module, x []*value) *value {
	if x[0].shape == nil {
		return nil
	}
	return &value{name: x[0].name, shape: []int{x[0].width()}}
}

// reshape sees a frame in another shape.
func reshape(m *module, x []*value) *value {
	shape := m.wholes("shape", 1, ir.MaxElements)
	if x[0].shape == nil || shape == nil {
		return nil
	}
	if n, err := ir.Elements(shape); err != nil || n != x[0].width() {
		m.fault("shape %v of a frame of shape %v, want as many elements", shape, x[0].shape)
		return nil
	}
	return &value{name: x[0].name, shape: shape}
}

// transpose exchanges the two axes of a frame.
func transpose(m *module, x []*value) *value {
	s := x[0].shape
	if s == nil {
		return nil
	}
	if len(s) != 2 {
		m.fault("of a frame of shape %v, want two axes", s)
		return nil
	}
	if !m.room(product(s)) {
		return nil
	}
	return &value{name: m.b.pick(m.name, x[0].name, transposed(s[0], s[1]), product(s)), shape: []int{s[1], s[0]}}
}

// slice is the part of a frame from start, to end where that is given, along axis.
func slice(m *module, x []*value) *value {
	s := x[0].shape
	axis, start := m.whole("axis", 0, 0, maxRank), m.whole("start", 0, 0, ir.MaxElements)
	end, step := m.whole("end", unknown, 0, ir.MaxElements), m.whole("step", 1, 1, ir.MaxElements)
	if s == nil {
		return nil
	}
	if axis >= len(s) {
		m.fault("axis %d of a frame of shape %v", axis, s)
		return nil
	}
	if end == unknown {
		end = s[axis]
	}
	if start >= end || end > s[axis] {
		m.fault("from %d to %d of axis %d of a frame of shape %v", start, end, axis, s)
		return nil
	}
	if !m.room((end - start + step - 1) / step) {
		return nil
	}
	var places []int
	for at := start; at < end; at += step {
		places = append(places, at)
	}
	return m.along(x[0], axis, places)
}

// pad adds to both ends of the last axis of a frame.
func pad(m *module, x []*value) *value {
	sides, word := m.padding()
	mode := m.text("mode", "zeros")
	s := x[0].shape
	if s == nil || word != "" {
		return nil
	}
	places, ok := m.padded(s[len(s)-1], sides[0], sides[1], mode)
	if !ok {
		return nil
	}
	return m.along(x[0], len(s)-1, places)
}

// along picks places along an axis.
func (m *module) along(x *value, axis int, places []int) *value {
	outer, inner := product(x.shape[:axis]), product(x.shape[axis+1:])
	if len(places) > maxPicked/(outer*inner) || !m.room(outer*inner*len(places)) {
		m.room(maxPicked + 1)
		return nil
	}
	elements := make([]int, 0, outer*inner*len(places))
	for o := range outer {
		for _, at := range places {
			for i := range inner {
				element := -1
				if at >= 0 {
					element = (o*x.shape[axis]+at)*inner + i
				}
				elements = append(elements, element)
			}
		}
	}
	shape := slices.Clone(x.shape)
	shape[axis] = len(places)
	return &value{name: m.b.pick(m.name, x.name, elements, x.width()), shape: shape}
}

// pool reduces windows along the last axis of a frame.
func pool(f ir.ReduceFunc) func(*module, []*value) *value {
	return func(m *module, x []*value) *value {
		kernel := m.whole("kernel_size", 0, 1, maxPicked)
		stride := m.whole("stride", kernel, 1, maxPicked)
		s := x[0].shape
		if kernel == 0 {
			m.fault("no kernel_size")
			return nil
		}
		if s == nil {
			return nil
		}
		length := s[len(s)-1]
		if length < kernel {
			m.fault("%d elements, want at least %d", length, kernel)
			return nil
		}
		windows := (length-kernel)/stride + 1
		var places []int
		for w := range windows {
			for k := range kernel {
				places = append(places, w*stride+k)
			}
			if len(places) > maxPicked {
				m.room(maxPicked + 1)
				return nil
			}
		}
		picked := m.along(&value{name: x[0].name, shape: s}, len(s)-1, places)
		if picked == nil {
			return nil
		}
		shape := append(slices.Clone(s[:len(s)-1]), windows)
		return &value{name: m.b.node(m.name+"_reduced", ir.Reduce{Func: f, Size: kernel}, picked.name), shape: shape}
	}
}

// reduce makes one number of the last axis of a frame.
func reduce(f ir.ReduceFunc) func(*module, []*value) *value {
	return func(m *module, x []*value) *value {
		keep := m.flag("keepdim", false)
		s := x[0].shape
		if s == nil {
			return nil
		}
		shape := slices.Clone(s[:len(s)-1])
		if keep || len(shape) == 0 {
			shape = append(shape, 1)
		}
		return &value{name: m.b.node(m.name, ir.Reduce{Func: f, Size: s[len(s)-1]}, x[0].name), shape: shape}
	}
}
