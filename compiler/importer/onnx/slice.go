package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

func sliceOp(c *call) (*tensor, error) {
	t := c.in[0]
	rank := len(t.shape)
	var lists [4][]int64 // starts, ends, axes, steps
	for i, name := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if lists[i], err = c.sliceList(name, i+1); err != nil {
			return nil, err
		}
	}
	starts, ends := lists[0], lists[1]
	n := len(starts)
	if starts == nil || len(ends) != n || lists[2] != nil && len(lists[2]) != n || lists[3] != nil && len(lists[3]) != n {
		return nil, fmt.Errorf("%d starts and %d ends, want as many of each", n, len(ends))
	}
	along := lists[2]
	if along == nil {
		along = make([]int64, n)
		for i := range along {
			along[i] = int64(i)
		}
	}
	at, err := axes(along, rank)
	if err != nil {
		return nil, err
	}
	steps := lists[3]
	if steps == nil {
		steps = slices.Repeat([]int64{1}, n)
	}
	if i := slices.Index(at, t.time); i >= 0 {
		if t, err = c.sliceTime(t, starts[i], ends[i], steps[i]); err != nil {
			return nil, err
		}
		starts[i], ends[i], steps[i] = 0, math.MaxInt64, 1
	}
	if t.loose != nil {
		return nil, errors.New("of an axis beside the time axis, which is longer than the frames")
	}
	own := strides(t.shape)
	maps := make([]axisMap, rank)
	for k, d := range t.shape {
		maps[k] = plain(d, own[k])
	}
	for i, k := range at {
		places, err := slicePlaces(t.shape[k], starts[i], ends[i], steps[i])
		if err != nil {
			return nil, err
		}
		maps[k] = make(axisMap, len(places))
		for j, p := range places {
			maps[k][j] = p * own[k]
		}
	}
	return c.im.rearranged(t, maps, t.time, number{}, 0)
}

// sliceList is one of the lists of Slice.
func (c *call) sliceList(name string, input int) ([]int64, error) {
	if c.opset < 10 {
		return c.ints(name), nil
	}
	return c.list(name, input)
}

// slicePlaces are the elements of an axis of n that a slice takes.
func slicePlaces(n int, start, end, step int64) ([]int, error) {
	if step == 0 {
		return nil, errors.New("a step of 0")
	}
	size := int64(n)
	low, high := int64(0), size
	if step < 0 {
		low, high = -1, size-1
	}
	clamp := func(v int64) int64 {
		if v < 0 {
			v += size
		}
		return min(max(v, low), high)
	}
	start, end = clamp(start), clamp(end)
	var places []int
	for p := start; step > 0 && p < end || step < 0 && p > end; {
		places = append(places, int(p))
		if step > size || step < -size {
			break
		}
		p += step
	}
	return places, nil
}

func splitOp(c *call) ([]*tensor, error) {
	t := c.in[0]
	k, err := axis(c.integer("axis", 0), len(t.shape))
	if err != nil {
		return nil, err
	}
	sizes, err := c.list("split", 1)
	if err != nil {
		return nil, err
	}
	n := len(c.node.outputs)
	if k == t.time {
		return nil, errors.New("splits the time axis")
	}
	if sizes == nil {
		if parts := c.integer("num_outputs", int64(n)); parts != int64(n) {
			return nil, fmt.Errorf("num_outputs %d, want %d", parts, n)
		}
		each := (t.shape[k] + n - 1) / n
		for left := t.shape[k]; len(sizes) < n; left -= each {
			sizes = append(sizes, int64(max(min(each, left), 0)))
		}
	}
	if len(sizes) != n {
		return nil, fmt.Errorf("%d sizes for %d outputs", len(sizes), n)
	}
	results := make([]*tensor, n)
	from := 0
	for i, size := range sizes {
		if size < 0 || size > int64(t.shape[k]-from) {
			return nil, fmt.Errorf("sizes %v, want a sum of %d", sizes, t.shape[k])
		}
		if results[i], err = c.part(t, k, from, int(size)); err != nil {
			return nil, err
		}
		from += int(size)
	}
	if from != t.shape[k] {
		return nil, fmt.Errorf("sizes %v, want a sum of %d", sizes, t.shape[k])
	}
	return results, nil
}

// part is a range of an axis.
func (c *call) part(t *tensor, k, from, size int) (*tensor, error) {
	own := strides(t.shape)
	maps := make([]axisMap, len(t.shape))
	for a, d := range t.shape {
		maps[a] = plain(d, own[a])
	}
	maps[k] = make(axisMap, size)
	for i := range size {
		maps[k][i] = (from + i) * own[k]
	}
	return c.im.rearranged(t, maps, t.time, number{}, 0)
}
