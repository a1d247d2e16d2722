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

// frameOf is one element of the first frame or the last.
func (c *call) frameOf(t *tensor, index *tensor, k int) (*tensor, error) {
	if len(index.numbers) != 1 {
		return nil, fmt.Errorf("%d elements of the time axis, want one", len(index.numbers))
	}
	n, rate := index.numbers[0], int64(t.shape[k])
	var r *tensor
	var err error
	switch {
	case n.t == rate && n.c < 0: // counted from the end, as negative ones are
		r, err = c.lastFrame(t, n.c, 1)
	case n.t != 0:
		return nil, errors.New("an element of the time axis that depends on the number of frames")
	case n.c < 0:
		r, err = c.lastFrame(t, n.c, 1)
	case c.im.axes.frames > 0 && n.c == rate*int64(c.im.axes.frames)-1 && n.c >= rate:
		r, err = c.lastFrame(t, -1, 1)
	default:
		r, err = c.firstFrame(t, n.c, 1)
	}
	if err != nil {
		return nil, err
	}
	shape := slices.Concat(t.shape[:k], index.shape, t.shape[k+1:])
	return r.like(shape, none), nil
}

// lastFrame is n elements of the time axis from one that is counted from the end. They
// are those of the frame at hand, which is right in the last frame.
func (c *call) lastFrame(t *tensor, from int64, n int) (*tensor, error) {
	rate := t.shape[t.time]
	if from < -int64(rate) {
		return nil, fmt.Errorf("element %d of the time axis, which has %d in the last frame", from, rate)
	}
	r, err := c.part(t, t.time, rate+int(from), n)
	if err != nil {
		return nil, err
	}
	r.time, r.last = none, true
	return r, nil
}

// firstFrame is n elements from one of the first frame.
func (c *call) firstFrame(t *tensor, from int64, n int) (*tensor, error) {
	if rate := t.shape[t.time]; from < 0 || from+int64(n) > int64(rate) {
		return nil, fmt.Errorf("elements %d to %d of the time axis, which has %d in the first frame", from, from+int64(n)-1, rate)
	}
	r, err := c.part(t, t.time, int(from), n)
	if err != nil {
		return nil, err
	}
	r = c.applied(r, c.label, ir.Hold{At: ir.First})
	r.time = none
	return r, nil
}

// sliceTime cuts the time axis: not at all, what is beside the frames, or all but
// elements of the last or the first frame.
func (c *call) sliceTime(t *tensor, start, end, step int64) (*tensor, error) {
	rate, extra := int64(t.shape[t.time]), int64(0)
	if t.loose != nil {
		extra = int64(t.loose.extra)
	}
	all := int64(1) << 31 // as far as a slice can tell
	if c.im.axes.frames > 0 {
		all = int64(c.im.axes.frames)*rate + extra
	}
	fault := fmt.Errorf("takes elements %d to %d by %d of the time axis", start, end, step)
	fromEnd := start < 0
	switch {
	case step != 1:
		return nil, fault
	case end >= all:
		end = 0
	case end > 0 && c.im.axes.frames > 0:
		end -= all
	}
	if start < 0 && c.im.axes.frames > 0 {
		start += all
	}
	switch { // end counts from the end if it is not above 0
	case start >= 0 && end <= 0 && start-end == extra && t.loose != nil:
		return t.loose.at(int(start))
	case start == 0 && end == 0 && extra == 0:
		return t, nil
	case t.loose != nil:
		return nil, fault
	case start < 0 && end == 0 && start >= -rate:
		return c.lastFrame(t, start, int(-start))
	case fromEnd && end == 0 && start >= all-rate && start < all:
		return c.lastFrame(t, start-all, int(all-start))
	case start >= 0 && end > start && end <= rate:
		return c.firstFrame(t, start, int(end-start))
	case start >= 0 && c.im.axes.frames > 0 && end+all <= rate && end+all > start:
		return c.firstFrame(t, start, int(end+all-start))
	}
	return nil, fault
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
		in := c.im.inputOf(e.v)
		switch {
		case in == nil || in.others[int32(e.v-in.first)] != role{}:
			return nil, errors.New("an index that is read as a number too")
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
