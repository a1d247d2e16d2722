package onnx

import (
	"fmt"
	"slices"
)

// none is the time axis of a tensor that has none.
const none = -1

// kind is what elements are computed as.
type kind uint8

const (
	float kind = iota
	whole      // integers
	truth      // 0 or 1
)

// number is c + t·T, where T is the number of frames: a size along the time axis, or
// what is computed of it.
type number struct{ c, t int64 }

// element is element i of vector v of a frame. Vector 0 is zeros.
type element struct {
	v vector
	i int32
}

// tensor is one frame of a value of the graph: constants, or a view of vectors.
//
// Along the axis time, if there is one, shape is the number of the axis' elements in
// a frame, its rate; the axis as a whole has as many times the number of frames. A
// tensor without that axis is the same in every frame, unless last says that it is
// right in the last one.
type tensor struct {
	shape   []int
	time    int
	kind    kind
	name    string    // of the initialiser that it is the whole of, in any order
	floats  []float32 // of a constant
	numbers []number  // of a constant that is no float
	view    []element // otherwise
	last    bool
	strided bool   // the time axis was reached through a stride
	loose   *loose // the time axis is longer than the frames
	lost    bool   // a fault was reported where it is made
}

// constant reports whether the elements are known.
func (t *tensor) constant() bool { return t.floats != nil || t.numbers != nil }

// size is the number of elements of a frame.
func (t *tensor) size() int { return product(t.shape) }

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// strides are the distances of neighbours along every axis.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for k := len(shape) - 1; k >= 0; k-- {
		s[k] = n
		n *= shape[k]
	}
	return s
}

// like is a tensor of the same elements and another shape, which has as many.
func (t *tensor) like(shape []int, time int) *tensor {
	c := *t
	c.shape, c.time = shape, time
	return &c
}

// derived is an empty tensor that inherits what holds for values computed of t.
func (t *tensor) derived(shape []int, time int) *tensor {
	return &tensor{shape: shape, time: time, kind: t.kind, last: t.last, strided: t.strided}
}

// axisMap says for every place along an axis of a result how far from the beginning
// of the source its elements lie; −1 is a fill.
type axisMap []int

// plain is the map of an axis as it is.
func plain(n, stride int) axisMap {
	m := make(axisMap, n)
	for i := range m {
		m[i] = i * stride
	}
	return m
}

// rearranged is a tensor whose element at a place is that of t at the sum of what the
// maps of the axes say, or fill where one says −1. A slice, a transposition, a padding
// are all of this form.
func (im *importer) rearranged(t *tensor, maps []axisMap, time int, fill number, fillFloat float32) (*tensor, error) {
	shape := make([]int, len(maps))
	for k, m := range maps {
		shape[k] = len(m)
	}
	r := t.derived(shape, time)
	n, err := im.take(shape, t)
	if err != nil {
		return nil, err
	}
	switch {
	case t.floats != nil:
		r.floats = make([]float32, n)
		spread(r.floats, t.floats, maps, fillFloat)
	case t.numbers != nil:
		r.numbers = make([]number, n)
		spread(r.numbers, t.numbers, maps, fill)
	case fillFloat != 0:
		return nil, fmt.Errorf("filling with %v beside values that are not constant", fillFloat)
	default:
		r.view = make([]element, n)
		spread(r.view, t.view, maps, element{})
	}
	return r, nil
}

// spread copies src to dst by maps of the axes.
func spread[T any](dst, src []T, maps []axisMap, fill T) {
	var walk func(k, at int, dst []T)
	walk = func(k, at int, dst []T) {
		if k == len(maps) {
			dst[0] = fill
			if at >= 0 {
				dst[0] = src[at]
			}
			return
		}
		block := len(dst) / max(len(maps[k]), 1)
		for i, by := range maps[k] {
			next := -1
			if at >= 0 && by >= 0 {
				next = at + by
			}
			walk(k+1, next, dst[i*block:(i+1)*block])
		}
	}
	if len(dst) > 0 {
		walk(0, 0, dst)
	}
}

// take reports a tensor that would be too large, before it is made, and is its number
// of elements.
func (im *importer) take(shape []int, of ...*tensor) (int, error) {
	n, bytes, err := im.cost(shape, of)
	im.room -= bytes
	return n, err
}

// allows reports a tensor that would be too large, before anything is made for it.
func (im *importer) allows(shape []int, of ...*tensor) error {
	_, _, err := im.cost(shape, of)
	return err
}

// cost is the number of elements and bytes of a tensor made of others.
func (im *importer) cost(shape []int, of []*tensor) (n, bytes int, err error) {
	width := 4
	for _, t := range of {
		switch {
		case t.view != nil:
			width = max(width, 8)
		case t.numbers != nil:
			width = max(width, 16)
		}
	}
	n = 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > maxWeights/d {
			return 0, 0, fmt.Errorf("shape %v has more than %d elements", shape, maxWeights)
		}
		n *= d
	}
	if n*width > im.room {
		return 0, 0, fmt.Errorf("with a value of shape %v the graph has more elements than a file of its size may", shape)
	}
	return n, n * width, nil
}

// axis is an axis that may be counted from the end.
func axis(a int64, rank int) (int, error) {
	if a < -int64(rank) || a >= int64(rank) {
		return 0, fmt.Errorf("axis %d, want one of %d", a, rank)
	}
	if a < 0 {
		a += int64(rank)
	}
	return int(a), nil
}

// axes are several of them, each once.
func axes(list []int64, rank int) ([]int, error) {
	all := make([]int, len(list))
	for i, a := range list {
		k, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(all[:i], k) {
			return nil, fmt.Errorf("axis %d twice", k)
		}
		all[i] = k
	}
	return all, nil
}

// moved is where an axis is in a list of axes, or none.
func moved(axis int, perm []int) int { return slices.Index(perm, axis) }

// integers are the elements of a constant of integers. Numbers of frames count as
// long as the file says how many there are.
func (im *importer) integers(t *tensor) ([]int64, error) {
	if t.numbers == nil {
		return nil, fmt.Errorf("is no constant of integers")
	}
	all := make([]int64, len(t.numbers))
	for i, n := range t.numbers {
		v, ok := im.value(n)
		if !ok {
			return nil, fmt.Errorf("depends on the number of frames")
		}
		all[i] = v
	}
	return all, nil
}

// value is a number, if it is known.
func (im *importer) value(n number) (int64, bool) {
	if n.t == 0 {
		return n.c, true
	}
	return n.c + n.t*int64(im.axes.frames), im.axes.frames > 0
}

// scalar is a constant of one integer.
func scalar(v number) *tensor {
	return &tensor{shape: []int{}, time: none, kind: whole, numbers: []number{v}}
}

// vectorOf is a constant of integers along one axis.
func vectorOf(numbers []number) *tensor {
	return &tensor{shape: []int{len(numbers)}, time: none, kind: whole, numbers: numbers}
}
