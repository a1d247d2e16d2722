package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// loose is a tensor whose time axis is longer than the frames: extra elements, of
// which only a Slice says whether they lie before the frames or behind.
type loose struct {
	extra int
	base  *tensor // a Pad that adds so many zeros
	left  int
	// at makes the tensor whose frames begin with the element of that number.
	at func(first int) (*tensor, error)
}

func padOp(c *call) (*tensor, error) {
	t := c.in[0]
	rank := len(t.shape)
	pads, err := c.list("pads", 1)
	if err != nil {
		return nil, err
	}
	along := make([]int, rank)
	for k := range along {
		along[k] = k
	}
	if chosen := c.input(3); chosen != nil {
		list, err := c.im.integers(chosen)
		if err != nil {
			return nil, fmt.Errorf("axes %w", err)
		}
		if along, err = axes(list, rank); err != nil {
			return nil, err
		}
	}
	if len(pads) != 2*len(along) {
		return nil, fmt.Errorf("%d pads, want %d", len(pads), 2*len(along))
	}
	fill, fillFloat, err := c.padding(t)
	if err != nil {
		return nil, err
	}
	mode := c.text("mode", "constant")
	own := strides(t.shape)
	maps := make([]axisMap, rank)
	for k, d := range t.shape {
		maps[k] = plain(d, own[k])
	}
	var late [2]int64 // of the time axis
	shape := slices.Clone(t.shape)
	for i, k := range along {
		before, behind := pads[i], pads[i+len(along)]
		if before > maxWeights || behind > maxWeights || before < -int64(t.shape[k]) || behind < -int64(t.shape[k]) {
			return nil, fmt.Errorf("pads %d and %d of axis %d", before, behind, k)
		}
		if shape[k] += int(before + behind); shape[k] < 0 {
			return nil, fmt.Errorf("pads %d and %d of axis %d, which has %d elements", before, behind, k, t.shape[k])
		}
		if err := c.im.allows(shape, t); err != nil {
			return nil, fmt.Errorf("pads %d and %d of axis %d: %w", before, behind, k, err)
		}
		if k == t.time {
			late = [2]int64{before, behind}
			continue
		}
		places, err := padPlaces(mode, t.shape[k], int(before), int(behind))
		if err != nil {
			return nil, err
		}
		maps[k] = make(axisMap, len(places))
		for j, p := range places {
			maps[k][j] = -1
			if p >= 0 {
				maps[k][j] = p * own[k]
			}
		}
	}
	r, err := c.im.rearranged(t, maps, t.time, fill, fillFloat)
	if err != nil || late == [2]int64{} {
		return r, err
	}
	return c.paddedFrames(r, mode, int(late[0]), int(late[1]), fillFloat)
}

// padding is the number that is padded with.
func (c *call) padding(t *tensor) (number, float32, error) {
	fill := c.real("value", 0)
	if v := c.input(2); v != nil {
		switch {
		case len(v.floats) == 1:
			fill = v.floats[0]
		case len(v.numbers) == 1 && v.kind == t.kind:
			return v.numbers[0], 0, nil
		default:
			return number{}, 0, errors.New("constant_value is no constant of one number")
		}
	}
	if c.text("mode", "constant") != "constant" {
		fill = 0
	}
	return number{}, fill, nil
}

// padPlaces are the elements of an axis of n with its padding, −1 for the constant.
func padPlaces(mode string, n, before, behind int) ([]int, error) {
	if mode == "reflect" && (before >= n || behind >= n) || mode != "constant" && n == 0 {
		return nil, fmt.Errorf("pads %d and %d by %s an axis of %d", before, behind, mode, n)
	}
	var places []int
	for i := -before; i < n+behind; i++ {
		p := i
		switch {
		case i >= 0 && i < n:
		case mode == "constant":
			p = -1
		case mode == "edge":
			p = min(max(i, 0), n-1)
		case mode == "wrap":
			p = (i%n + n) % n
		case mode == "reflect" && i < 0:
			p = -i
		case mode == "reflect":
			p = 2*(n-1) - i
		default:
			return nil, fmt.Errorf("mode %q is not supported", mode)
		}
		places = append(places, p)
	}
	return places, nil
}

// paddedFrames pads the time axis, which frames before and behind the sequence do
// where it is with zeros.
func (c *call) paddedFrames(t *tensor, mode string, before, behind int, fill float32) (*tensor, error) {
	if mode != "constant" || fill != 0 || before < 0 || behind < 0 || t.kind != float {
		return nil, fmt.Errorf("pads the time axis by %s (%d before, %d behind); only zeros are supported", mode, before, behind)
	}
	if before+behind > maxContext*t.shape[t.time] {
		return nil, fmt.Errorf("pads the time axis by %d and %d elements, want at most %d frames", before, behind, maxContext)
	}
	r := t.derived(t.shape, t.time)
	r.loose = &loose{extra: before + behind, base: t, left: before, at: func(first int) (*tensor, error) {
		return c.shifted(t, first-before)
	}}
	return r, nil
}
