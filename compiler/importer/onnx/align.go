package onnx

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// elements are the elements of a tensor of floats; of a constant those of a vector
// that is one, zeros left zeros.
func (im *importer) elements(name string, t *tensor) []element {
	if t.view != nil || t.floats == nil {
		return t.view
	}
	view := make([]element, len(t.floats))
	if !slices.ContainsFunc(t.floats, func(x float32) bool { return x != 0 }) {
		return view
	}
	if t.name != "" {
		name = t.name
	}
	v := im.g.constant(name, t.floats)
	for i := range view {
		view[i] = element{v, int32(i)}
	}
	return view
}

// distinct are the elements of a view, each once and in order, and where each of the
// view is among them.
func distinct(view []element) ([]element, []int32) {
	own := slices.Clone(view)
	slices.SortFunc(own, compareElements)
	own = slices.Compact(own)
	place := make([]int32, len(view))
	for i, e := range view {
		at, _ := slices.BinarySearchFunc(own, e, compareElements)
		place[i] = int32(at)
	}
	return own, place
}

func compareElements(a, b element) int { return cmp.Or(cmp.Compare(a.v, b.v), cmp.Compare(a.i, b.i)) }

// distinctPairs are the pairs of elements of two views, each once, in the order of
// that of the two that has more of its own, and where each is among them.
func distinctPairs(a, b []element) ([][2]element, []int32) {
	first, _ := distinct(a)
	second, _ := distinct(b)
	lead := 0
	if len(second) > len(first) {
		lead = 1
	}
	compare := func(x, y [2]element) int {
		return cmp.Or(compareElements(x[lead], y[lead]), compareElements(x[1-lead], y[1-lead]))
	}
	pairs := make([][2]element, len(a))
	for i := range a {
		pairs[i] = [2]element{a[i], b[i]}
	}
	own := slices.Clone(pairs)
	slices.SortFunc(own, compare)
	own = slices.Compact(own)
	place := make([]int32, len(pairs))
	for i, p := range pairs {
		at, _ := slices.BinarySearchFunc(own, p, compare)
		place[i] = int32(at)
	}
	return own, place
}

// aligned broadcasts two tensors to one shape. Where one runs along the frames, what
// the other has at the last frame it has in every frame.
func (c *call) aligned(a, b *tensor) (*tensor, *tensor, error) {
	rank := max(len(a.shape), len(b.shape))
	timeA, timeB := fromEnd(a, rank), fromEnd(b, rank)
	if timeA != none && timeB != none && timeA != timeB {
		return nil, nil, fmt.Errorf("time is axis %d of one input and axis %d of the other, counted from the last", rank-timeA, rank-timeB)
	}
	time := max(timeA, timeB)
	if time != none && (a.time == none) != (b.time == none) {
		a, b = c.held(a), c.held(b)
	}
	shape := make([]int, rank)
	for k := range shape {
		x, y := sizeAt(a, k, rank), sizeAt(b, k, rank)
		switch {
		case k == time && timeA != none && timeB != none && x != y:
			return nil, nil, fmt.Errorf("inputs of shapes %v and %v have %d and %d elements of the time axis in a frame", a.shape, b.shape, x, y)
		case k == time && timeA == none && x != 1, k == time && timeB == none && y != 1:
			return nil, nil, fmt.Errorf("inputs of shapes %v and %v: one has the frames where the other has an axis of its own", a.shape, b.shape)
		case k == time && timeA == none:
			shape[k] = y
		case k == time && timeB == none:
			shape[k] = x
		case x == y || y == 1:
			shape[k] = x
		case x == 1:
			shape[k] = y
		default:
			return nil, nil, fmt.Errorf("shapes %v and %v do not fit each other", a.shape, b.shape)
		}
	}
	a, err := c.im.broadcast(a, shape, time)
	if err != nil {
		return nil, nil, err
	}
	b, err = c.im.broadcast(b, shape, time)
	return a, b, err
}

// fromEnd is the time axis of a tensor in a shape of more dimensions.
func fromEnd(t *tensor, rank int) int {
	if t.time == none {
		return none
	}
	return t.time + rank - len(t.shape)
}

// sizeAt is the size of an axis of a shape of more dimensions.
func sizeAt(t *tensor, k, rank int) int {
	if k -= rank - len(t.shape); k >= 0 {
		return t.shape[k]
	}
	return 1
}

// broadcast repeats a tensor along axes where it has one element.
func (im *importer) broadcast(t *tensor, shape []int, time int) (*tensor, error) {
	if slices.Equal(t.shape, shape) {
		return t.like(shape, time), nil
	}
	maps := make([]axisMap, len(shape))
	own := strides(t.shape)
	skip := len(shape) - len(t.shape)
	for k, n := range shape {
		switch {
		case k < skip || t.shape[k-skip] == 1 && n != 1:
			maps[k] = make(axisMap, n)
		case t.shape[k-skip] != n:
			return nil, fmt.Errorf("shape %v does not broadcast to %v", t.shape, shape)
		default:
			maps[k] = plain(n, own[k-skip])
		}
	}
	return im.rearranged(t, maps, time, number{}, 0)
}

// held is a tensor without a time axis, of which the last frame counts, as it is in
// the last frame.
func (c *call) held(t *tensor) *tensor {
	if t.time != none || !t.last || t.view == nil {
		return t
	}
	r := c.applied(t, c.label+".last", ir.Hold{At: ir.Last})
	r.last = false
	return r
}
