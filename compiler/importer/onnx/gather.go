package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

func gatherOp(c *call) (*tensor, error) {
	t, index := c.in[0], c.in[1]
	k, err := axis(c.integer("axis", 0), len(t.shape))
	switch {
	case err != nil:
		return nil, err
	case index.kind != whole:
		return nil, errors.New("indices are not integers")
	case index.view != nil:
		return c.embedded(t, index, k)
	case k == t.time:
		return c.frameOf(t, index, k)
	}
	places, err := c.places(t.shape[k], index)
	if err != nil {
		return nil, err
	}
	if len(t.shape)-1+len(index.shape) > maxRank {
		return nil, fmt.Errorf("more than %d dimensions", maxRank)
	}
	own := strides(t.shape)
	maps := make([]axisMap, len(t.shape))
	for a, d := range t.shape {
		maps[a] = plain(d, own[a])
	}
	maps[k] = make(axisMap, len(places))
	for i, p := range places {
		maps[k][i] = p * own[k]
	}
	r, err := c.im.rearranged(t, maps, t.time, number{}, 0)
	if err != nil {
		return nil, err
	}
	shape := slices.Concat(t.shape[:k], index.shape, t.shape[k+1:])
	time := t.time
	if time > k {
		time += len(index.shape) - 1
	}
	return r.like(shape, time), nil
}

// places are indices into an axis of n, which may count from its end.
func (c *call) places(n int, index *tensor) ([]int, error) {
	list, err := c.im.integers(index)
	if err != nil {
		return nil, fmt.Errorf("indices %w", err)
	}
	places := make([]int, len(list))
	for i, v := range list {
		if v < 0 {
			v += int64(n)
		}
		if v < 0 || v >= int64(n) {
			return nil, fmt.Errorf("index %d, want 0 to %d", list[i], n-1)
		}
		places[i] = int(v)
	}
	return places, nil
}

// frameOf is the first or the last element of the time axis. The last is that of the
// frame at hand, which is right in the last frame.
func (c *call) frameOf(t *tensor, index *tensor, k int) (*tensor, error) {
	if len(index.numbers) != 1 {
		return nil, fmt.Errorf("%d elements of the time axis, want one", len(index.numbers))
	}
	rate := t.shape[k]
	n := index.numbers[0]
	back := n.c // counted from the end
	if n.t == int64(rate) {
		back, n = n.c, number{c: -1}
	}
	var r *tensor
	var err error
	switch {
	case n.t != 0:
		return nil, errors.New("an element of the time axis that depends on the number of frames")
	case n.c < 0 && back >= -int64(rate):
		r, err = c.part(t, k, rate+int(back), 1)
	case n.c >= 0 && n.c < int64(rate):
		if r, err = c.part(t, k, int(n.c), 1); err == nil {
			r = c.applied(r, c.label, ir.Hold{At: ir.First})
		}
	default:
		return nil, fmt.Errorf("element %d of the time axis, want one of the first frame or the last", n.c)
	}
	if err != nil {
		return nil, err
	}
	r.last = n.c < 0
	shape := slices.Concat(t.shape[:k], index.shape, t.shape[k+1:])
	return r.like(shape, none), nil
}

// embedded looks indices that are inputs up in the rows of a constant.
func (c *call) embedded(table, index *tensor, k int) (*tensor, error) {
	if table.floats == nil || len(table.shape) == 0 || k != 0 {
		return nil, fmt.Errorf("looks an input up in %q along axis %d, want a constant of floats and axis 0", c.node.inputs[0], k)
	}
	rows := table.shape[0]
	width := table.size() / max(rows, 1)
	if rows == 0 || width == 0 || rows > ir.MaxElements {
		return nil, fmt.Errorf("a table of shape %v", table.shape)
	}
	name := table.name
	if name == "" {
		name = c.label + ".weight"
	}
	p := c.im.shared(fmt.Sprintf("%p rows", table), name, []int{rows, width}, table.floats)
	shape := slices.Concat(index.shape, table.shape[1:])
	if _, err := c.im.take(shape, index); err != nil {
		return nil, err
	}
	r := index.derived(shape, index.time)
	r.kind = float
	for i, e := range index.view {
		x := &c.im.g.values[e.v]
		switch {
		case x.typ.DType != ir.Index:
			return nil, errors.New("an index that is computed")
		case x.typ.Bound != ir.MaxElements && x.typ.Bound != rows:
			return nil, fmt.Errorf("an input that is an index of %d rows here and of %d elsewhere", rows, x.typ.Bound)
		}
		x.typ.Bound = rows
		name := c.label
		if len(index.view) > 1 {
			name = fmt.Sprintf("%s.%d", c.label, i)
		}
		r.view = append(r.view, viewOf(c.im.g.node(name, ir.Embedding{Weight: p}, width, e.v), width)...)
	}
	return r, nil
}
