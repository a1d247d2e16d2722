package ir

import "fmt"

// MaxElements is the largest number of elements of a tensor, state or frame:
// 1 GiB of float32. A graph that asks for more is a fault, so that no size of
// a graph that Verify accepts overflows an int of 32 bits.
const MaxElements = 1 << 28

// maxRank is the largest number of dimensions.
const maxRank = 16

// Elements is the number of elements of a shape. An error names the first thing
// wrong with it: a dimension below 1, or more than [MaxElements] in all.
func Elements(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("shape has %d dimensions, want at most %d", len(shape), maxRank)
	}
	n := 1
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("shape %s has dimension %d, want at least 1", shapeText(shape), d)
		}
		if d > MaxElements/n {
			return 0, fmt.Errorf("shape %s has more than %d elements", shapeText(shape), MaxElements)
		}
		n *= d
	}
	return n, nil
}
