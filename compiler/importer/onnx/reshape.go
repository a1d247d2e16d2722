package onnx

import (
	"errors"
	"fmt"
	"slices"
)

func flattenOp(c *call) (*tensor, error) {
	t := c.in[0]
	k := c.integer("axis", 1)
	rank := int64(len(t.shape))
	if k < -rank || k > rank {
		return nil, fmt.Errorf("axis %d, want one of %d", k, rank)
	}
	if k < 0 {
		k += rank
	}
	sizes := [2]number{{c: 1}, {c: 1}}
	for a, d := range t.shape {
		side := 0
		if a >= int(k) {
			side = 1
		}
		sizes[side].c *= int64(d)
		if a == t.time {
			sizes[side].t = 1
		}
	}
	for i, s := range sizes {
		if s.t != 0 {
			sizes[i] = number{t: s.c}
		}
	}
	return c.reshaped(t, sizes[:])
}

func reshapeOp(c *call) (*tensor, error) {
	t := c.in[0]
	if c.in[1].numbers == nil {
		return nil, fmt.Errorf("shape %q is no constant", c.node.inputs[1])
	}
	want := slices.Clone(c.in[1].numbers)
	if len(want) > maxRank {
		return nil, fmt.Errorf("%d dimensions, want at most %d", len(want), maxRank)
	}
	for k, n := range want {
		if n != (number{}) || c.integer("allowzero", 0) != 0 {
			continue
		}
		if k >= len(t.shape) {
			return nil, fmt.Errorf("dimension %d is 0, and the input has no such axis", k)
		}
		want[k] = number{c: int64(t.shape[k])}
		if k == t.time {
			want[k] = number{t: want[k].c}
		}
	}
	return c.reshaped(t, want)
}

// open is a dimension that follows from the others.
const open = -1

// reshaped gives a tensor other axes, one of them perhaps open.
func (c *call) reshaped(t *tensor, want []number) (*tensor, error) {
	if t.time != none {
		return c.reshapedFrames(t, want)
	}
	shape, time, err := c.plainShape(t, want)
	if err != nil {
		return nil, err
	}
	return t.like(shape, time), nil
}

// plainShape is the shape for a tensor without a time axis.
func (c *call) plainShape(t *tensor, want []number) ([]int, int, error) {
	shape := make([]int, len(want))
	at, rest := none, 1
	for k, n := range want {
		v, ok := c.im.value(n)
		switch {
		case !ok:
			return nil, none, errors.New("dimensions of the frames for an input that has none")
		case v == open && at == none:
			at = k
		case v < 0 || v > maxWeights || v > 0 && rest > maxWeights/int(v):
			return nil, none, fmt.Errorf("shape %v, want sizes with at most one of -1", want)
		default:
			shape[k] = int(v)
			rest *= int(v)
		}
	}
	n := t.size()
	if at != none {
		if rest == 0 || n%rest != 0 {
			return nil, none, fmt.Errorf("%d elements in shape %v", n, texts(want))
		}
		shape[at] = n / rest
		rest = n
	}
	if rest != n {
		return nil, none, fmt.Errorf("%d elements in shape %v", n, texts(want))
	}
	return shape, none, nil
}

// texts are numbers as faults write them.
func texts(list []number) []string {
	words := make([]string, len(list))
	for i, n := range list {
		switch {
		case n.t == 0:
			words[i] = fmt.Sprint(n.c)
		case n.c == 0:
			words[i] = fmt.Sprintf("%d·frames", n.t)
		default:
			words[i] = fmt.Sprintf("%d·frames%+d", n.t, n.c)
		}
	}
	return words
}

// reshapedFrames gives a tensor with a time axis other axes. The elements of a frame
// stay together when as much lies before the time axis afterwards as before, so that
// a frame is the same list of elements.
func (c *call) reshapedFrames(t *tensor, want []number) (*tensor, error) {
	outer, n := product(t.shape[:t.time]), t.size()
	for at := range want {
		if shape, ok := c.framesAt(want, at, outer, n); ok {
			return t.like(shape, at), nil
		}
	}
	for factor := 2; factor <= maxRate/t.shape[t.time]; factor++ {
		for at := range want {
			if _, ok := c.framesAt(want, at, outer, n*factor); ok && want[at] == (number{c: open}) {
				c.im.stretch = factor // so many frames together are one
				return nil, fmt.Errorf("shape %v of an input of %v joins %d frames", texts(want), t.shape, factor)
			}
		}
	}
	return nil, fmt.Errorf("shape %v of an input of %v whose axis %d runs along the frames mixes frames", texts(want), t.shape, t.time)
}

// framesAt is the shape of a frame of n elements when axis at of the wanted ones runs
// along the frames, behind outer elements.
func (c *call) framesAt(want []number, at, outer, n int) ([]int, bool) {
	shape, before, behind, free := make([]int, len(want)), 1, 1, none
	for k, w := range want {
		if k == at {
			continue
		}
		if w == (number{c: open}) && free == none {
			free = k
			continue
		}
		if w.t != 0 || w.c < 1 || w.c > maxWeights || before*behind > maxWeights/int(w.c) {
			return nil, false
		}
		shape[k] = int(w.c)
		if k < at {
			before *= int(w.c)
		} else {
			behind *= int(w.c)
		}
	}
	rate := 0 // of the axis
	switch w := want[at]; {
	case w.c == open && w.t == 0 && free == none:
		if n%(before*behind) != 0 {
			return nil, false
		}
		rate = n / (before * behind)
	case w.t > 0 && w.c == 0 && w.t <= int64(n):
		rate = int(w.t)
	case w.t == 0 && w.c > 0 && c.im.axes.frames > 0 && w.c%int64(c.im.axes.frames) == 0:
		rate = int(w.c / int64(c.im.axes.frames))
	}
	if rate < 1 {
		return nil, false
	}
	shape[at] = rate
	if free != none {
		if n%(before*rate*behind) != 0 {
			return nil, false
		}
		shape[free] = n / (before * rate * behind)
		if free < at {
			before *= shape[free]
		} else {
			behind *= shape[free]
		}
	}
	return shape, before == outer && before*rate*behind == n
}
