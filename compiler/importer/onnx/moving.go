package onnx

import (
	"fmt"
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

func expandOp(c *call) (*tensor, error) {
	t := c.in[0]
	if c.in[1].numbers == nil {
		return nil, fmt.Errorf("shape %q is no constant", c.node.inputs[1])
	}
	want, time, err := shapeNumbers(c.in[1].numbers)
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
