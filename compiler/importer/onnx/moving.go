package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// moving are the operators that rearrange elements and compute with shapes.
var moving = map[string]operator{
	"Transpose":       {run: one(transposeOp), least: 1, most: 1, attributes: []string{"perm"}},
	"Squeeze":         {run: one(squeezeOp), least: 1, most: 2, attributes: []string{"axes"}},
	"Unsqueeze":       {run: one(unsqueezeOp), least: 1, most: 2, attributes: []string{"axes"}},
	"Flatten":         {run: one(flattenOp), least: 1, most: 1, attributes: []string{"axis"}},
	"Reshape":         {run: one(reshapeOp), least: 2, most: 2, attributes: []string{"allowzero"}},
	"Slice":           {run: one(sliceOp), least: 1, most: 5, attributes: []string{"starts", "ends", "axes"}, loose: true},
	"Split":           {run: splitOp, least: 1, most: 2, attributes: []string{"axis", "split", "num_outputs"}},
	"Concat":          {run: one(concatOp), least: 1, most: many, attributes: []string{"axis"}},
	"Gather":          {run: one(gatherOp), least: 2, most: 2, attributes: []string{"axis"}},
	"Expand":          {run: one(expandOp), least: 2, most: 2},
	"Tile":            {run: one(tileOp), least: 2, most: 2},
	"Shape":           {run: one(shapeOp), least: 1, most: 1, attributes: []string{"start", "end"}},
	"Size":            {run: one(sizeOp), least: 1, most: 1},
	"ConstantOfShape": {run: one(constantOfShapeOp), least: 1, most: 1, attributes: []string{"value"}},
	"Range":           {run: one(rangeOp), least: 3, most: 3},
	"Pad":             {run: one(padOp), least: 1, most: 4, attributes: []string{"mode", "pads", "value"}},
}

func transposeOp(c *call) (*tensor, error) {
	t := c.in[0]
	rank := len(t.shape)
	perm := make([]int, rank)
	for k := range perm {
		perm[k] = rank - 1 - k
	}
	if given := c.ints("perm"); given != nil {
		var err error
		if perm, err = axes(given, rank); err != nil {
			return nil, fmt.Errorf("perm: %w", err)
		}
	}
	if len(perm) != rank {
		return nil, fmt.Errorf("perm %v, want %d axes", perm, rank)
	}
	return c.transposed(t, perm)
}

// transposed puts axes in another order.
func (c *call) transposed(t *tensor, perm []int) (*tensor, error) {
	own := strides(t.shape)
	maps := make([]axisMap, len(perm))
	for k, from := range perm {
		maps[k] = plain(t.shape[from], own[from])
	}
	r, err := c.im.rearranged(t, maps, moved(t.time, perm), number{}, 0)
	if err == nil {
		r.name = t.name
	}
	return r, err
}

func squeezeOp(c *call) (*tensor, error) {
	t := c.in[0]
	given, err := c.list("axes", 1)
	if err != nil {
		return nil, err
	}
	drop, err := axes(given, len(t.shape))
	if err != nil {
		return nil, err
	}
	for k, d := range t.shape {
		if given == nil && d == 1 && k != t.time {
			drop = append(drop, k)
		}
	}
	var shape []int
	time := none
	for k, d := range t.shape {
		switch {
		case !slices.Contains(drop, k):
			if k == t.time {
				time = len(shape)
			}
			shape = append(shape, d)
		case k == t.time:
			return nil, fmt.Errorf("axis %d, which is dropped, is that of the frames", k)
		case d != 1:
			return nil, fmt.Errorf("axis %d, which is dropped, has %d elements", k, d)
		}
	}
	return t.like(append([]int{}, shape...), time), nil
}

func unsqueezeOp(c *call) (*tensor, error) {
	t := c.in[0]
	given, err := c.list("axes", 1)
	if err != nil {
		return nil, err
	}
	rank := len(t.shape) + len(given)
	if rank > maxRank {
		return nil, fmt.Errorf("%d dimensions, want at most %d", rank, maxRank)
	}
	added, err := axes(given, rank)
	if err != nil {
		return nil, err
	}
	shape, time, from := make([]int, rank), none, 0
	for k := range shape {
		if slices.Contains(added, k) {
			shape[k] = 1
			continue
		}
		if from == t.time {
			time = k
		}
		shape[k] = t.shape[from]
		from++
	}
	return t.like(shape, time), nil
}

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

func concatOp(c *call) (*tensor, error) {
	first := c.in[0]
	k, err := axis(c.integer("axis", math.MinInt64), len(first.shape))
	if err != nil {
		return nil, err
	}
	list, time, err := c.joinable(k)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(list[0].shape)
	shape[k] = 0
	r := list[0].derived(shape, time)
	constant, named := true, 0
	for _, t := range list {
		for a, d := range t.shape {
			if a != k && d != shape[a] {
				return nil, fmt.Errorf("inputs of shapes %v and %v differ beside axis %d", first.shape, t.shape, k)
			}
		}
		shape[k] += t.shape[k]
		constant = constant && t.constant()
		r.last, r.strided = r.last || t.last, r.strided || t.strided
		if t.size() > 0 {
			named++
			r.name = t.name
		}
	}
	if named != 1 {
		r.name = ""
	}
	if _, err = c.im.take(shape, list...); err != nil {
		return nil, err
	}
	switch {
	case constant && r.kind == float:
		r.floats = joinAlong(list, k, func(t *tensor) []float32 { return t.floats })
	case constant:
		r.numbers = joinAlong(list, k, func(t *tensor) []number { return t.numbers })
	default:
		r.view = joinAlong(list, k, func(t *tensor) []element { return c.im.elements(c.label+".constant", t) })
	}
	return r, nil
}

// joinable are the inputs of a Concat along axis k, those without frames repeated in
// every one if there are others.
func (c *call) joinable(k int) ([]*tensor, int, error) {
	time, timed := none, false
	for _, t := range c.in {
		if t.time != none {
			if timed && t.time != time {
				return nil, 0, fmt.Errorf("time is axis %d of one input and axis %d of another", time, t.time)
			}
			time, timed = t.time, true
		}
	}
	if timed && time == k {
		return nil, 0, errors.New("joins along the time axis")
	}
	list := slices.Clone(c.in)
	for i, t := range list {
		switch {
		case len(t.shape) != len(c.in[0].shape):
			return nil, 0, fmt.Errorf("inputs of shapes %v and %v differ in rank", c.in[0].shape, t.shape)
		case t.kind != c.in[0].kind:
			return nil, 0, errors.New("inputs of different types")
		case timed && t.time == none && t.view == nil && !t.constant():
			return nil, 0, errors.New("an input that is not known")
		case timed && t.time == none:
			// In a file the axis has as many elements as there are frames, which only a value
			// that is made for that has.
			return nil, 0, fmt.Errorf("joins input %q, which has no time axis, to one that has", c.node.inputs[i])
		case !timed && t.kind != float && !t.constant() && slices.ContainsFunc(c.in, (*tensor).constant):
			return nil, 0, errors.New("joins an input of integers to constants")
		}
	}
	return list, time, nil
}

// joinAlong joins the elements of tensors along an axis.
func joinAlong[T any](list []*tensor, k int, of func(*tensor) []T) []T {
	outer := product(list[0].shape[:k])
	data := make([][]T, len(list))
	for i, t := range list {
		data[i] = of(t)
	}
	all := []T{}
	for o := range outer {
		for i, t := range list {
			n := product(t.shape[k:])
			all = append(all, data[i][o*n:(o+1)*n]...)
		}
	}
	return all
}

func expandOp(c *call) (*tensor, error) {
	t := c.in[0]
	if c.in[1].numbers == nil {
		return nil, fmt.Errorf("shape %q is no constant", c.node.inputs[1])
	}
	want, time, err := c.shapeNumbers(c.in[1].numbers, t)
	if err != nil {
		return nil, err
	}
	rank := max(len(want), len(t.shape))
	shape := make([]int, rank)
	for k := range shape {
		shape[k] = sizeAt(t, k, rank)
		if at := k - (rank - len(want)); at >= 0 && shape[k] == 1 {
			shape[k] = want[at]
		}
	}
	switch own := fromEnd(t, rank); {
	case own != none:
		time = own
	case time != none:
		time += rank - len(want)
	}
	if err := c.im.allows(shape, t); err != nil {
		return nil, err
	}
	return c.im.broadcast(t, shape, time)
}

// shapeNumbers is a shape with at most one number of frames, which is its time axis.
func (c *call) shapeNumbers(numbers []number, t *tensor) (shape []int, time int, err error) {
	shape, time = make([]int, len(numbers)), none
	if len(numbers) > maxRank {
		return nil, none, fmt.Errorf("%d dimensions, want at most %d", len(numbers), maxRank)
	}
	for k, n := range numbers {
		switch {
		case n.t != 0 && time == none && n.c == 0 && n.t > 0 && n.t <= maxRate:
			shape[k], time = int(n.t), k
		case n.t != 0:
			return nil, none, errors.New("a dimension that is computed of the number of frames")
		case n.c < 0 || n.c > maxWeights:
			return nil, none, fmt.Errorf("dimension %d, want 0 to %d", n.c, maxWeights)
		default:
			shape[k] = int(n.c)
		}
	}
	return shape, time, nil
}

func tileOp(c *call) (*tensor, error) {
	t := c.in[0]
	repeats, err := c.im.integers(c.in[1])
	if err != nil {
		return nil, fmt.Errorf("repeats %w", err)
	}
	if len(repeats) != len(t.shape) {
		return nil, fmt.Errorf("%d repeats, want %d", len(repeats), len(t.shape))
	}
	own := strides(t.shape)
	maps := make([]axisMap, len(repeats))
	shape := make([]int, len(repeats))
	for k, n := range repeats {
		if n < 0 || n > maxWeights || k == t.time && n != 1 {
			return nil, fmt.Errorf("%d repeats of axis %d are not supported", n, k)
		}
		shape[k] = min(int(n)*t.shape[k], maxWeights)
	}
	if err := c.im.allows(shape, t); err != nil {
		return nil, err
	}
	for k, n := range repeats {
		maps[k] = slices.Repeat(plain(t.shape[k], own[k]), int(n))
	}
	return c.im.rearranged(t, maps, t.time, number{}, 0)
}

// shapeOp is constant but for the frames.
func shapeOp(c *call) (*tensor, error) {
	t := c.in[0]
	numbers := []number{}
	for k, d := range t.shape {
		n := number{c: int64(d)}
		if k == t.time {
			n = number{t: int64(d)}
		}
		numbers = append(numbers, n)
	}
	places, err := slicePlaces(len(numbers), c.integer("start", 0), c.integer("end", math.MaxInt64), 1)
	if err != nil {
		return nil, err
	}
	part := []number{}
	for _, p := range places {
		part = append(part, numbers[p])
	}
	return vectorOf(part), nil
}

func sizeOp(c *call) (*tensor, error) {
	t := c.in[0]
	n := number{c: int64(t.size())}
	if t.time != none {
		n = number{t: n.c}
	}
	return scalar(n), nil
}

func constantOfShapeOp(c *call) (*tensor, error) {
	if c.in[0].numbers == nil {
		return nil, fmt.Errorf("shape %q is no constant", c.node.inputs[0])
	}
	shape, time, err := c.shapeNumbers(c.in[0].numbers, nil)
	if err != nil {
		return nil, err
	}
	value := floatScalar(0)
	if a := c.attribute("value"); a != nil {
		if a.tensor == nil {
			return nil, errors.New("a value without a tensor")
		}
		if value, err = c.im.source.constant(a.tensor); err != nil {
			return nil, err
		}
		if value.size() != 1 {
			return nil, fmt.Errorf("value of shape %v, want one element", value.shape)
		}
	}
	if err := c.im.allows(shape, value); err != nil {
		return nil, err
	}
	r, err := c.im.broadcast(value.like([]int{}, none), shape, none)
	if err != nil || time == none {
		return r, err
	}
	if r.kind != float {
		return nil, errors.New("integers along the time axis")
	}
	r.view, r.floats, r.time = c.im.elements(c.label, r), nil, time
	return r, nil
}

func rangeOp(c *call) (*tensor, error) {
	var v [3]number
	for i, t := range c.in {
		if len(t.numbers) != 1 || t.numbers[0].t != 0 {
			return nil, fmt.Errorf("input %q is no constant of one integer", c.node.inputs[i])
		}
		v[i] = t.numbers[0]
	}
	start, limit, delta := v[0].c, v[1].c, v[2].c
	if delta == 0 {
		return nil, errors.New("a step of 0")
	}
	n := int64(math.Ceil((float64(limit) - float64(start)) / float64(delta)))
	if n > maxWeights {
		return nil, fmt.Errorf("%d elements, want at most %d", n, maxWeights)
	}
	n = max(n, 0)
	if _, err := c.im.take([]int{int(n)}, c.in[0]); err != nil {
		return nil, err
	}
	numbers := make([]number, n)
	for i := range numbers {
		numbers[i].c = start + int64(i)*delta
	}
	return vectorOf(numbers), nil
}
