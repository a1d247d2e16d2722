package sparse

import (
	"fmt"
	"math"
)

// Select returns the mask that keeps the best units of a matrix (see [Units])
// up to the density, a share of the weights in the spans (all rows as one span
// where none are given). Rows outside the spans are not kept.
//
// Units are taken by falling worth, equal ones by position, until the next
// would exceed round(density·weights) weights: a lower density keeps a subset
// of what a higher one keeps. Where all units have one size no other choice in
// the pattern with as many weights keeps more of the squared norm (to the
// rounding of worths to float32).
//
// The dense pattern keeps everything, and is an error with a density below 1.
func (p Pattern) Select(m *Matrix, density float64, spans ...Span) (*Mask, error) {
	if !(density >= 0 && density <= 1) {
		return nil, fmt.Errorf("density %v: want 0 to 1", density)
	}
	if p == (Pattern{Kind: KindDense}) {
		if density < 1 {
			return nil, fmt.Errorf("pattern dense: density %v, want 1", density)
		}
		return keepRows(m, spans)
	}
	u, err := p.Units(m, spans...)
	if err != nil {
		return nil, err
	}
	return u.Best(density), nil
}

func keepRows(m *Matrix, spans []Span) (*Mask, error) {
	if err := checkSpans(spans, m.Rows); err != nil {
		return nil, fmt.Errorf("matrix of %d×%d: %w", m.Rows, m.Cols, err)
	}
	mask := NewMask(m.Rows, m.Cols)
	for _, s := range wholeUnless(spans, m.Rows) {
		mask.Fill(s)
	}
	return mask, nil
}

// Best returns the mask that keeps the units of most worth up to a density in
// the range 0 to 1, as [Pattern.Select] describes.
func (u *Units) Best(density float64) *Mask {
	if !(density >= 0 && density <= 1) {
		panic(fmt.Sprintf("sparse: density %v", density))
	}
	budget := int(math.Round(density * float64(u.Weights())))
	limit, left := u.cutoff(budget)
	kept := make([]bool, u.Len())
	for i := range kept {
		switch worth := math.Float32bits(u.worths[i]); {
		case worth > limit:
			kept[i] = true
		case worth == limit:
			// Once a unit does not fit, no later one of equal worth is taken.
			left -= u.Size(i)
			kept[i] = left >= 0
		}
	}
	return u.mask(kept)
}

// cutoff returns the bits of the least worth of which the budget has room for
// units, and what the units worth more leave of the budget. Bits of floats that
// are not negative rise with their value.
//
// It is a radix selection: the sizes are summed by the upper half of the bits,
// then, in the bucket where the budget ends, by the lower half.
func (u *Units) cutoff(budget int) (limit uint32, left int) {
	left = budget
	sizes := make([]int, 1<<16)
	for i, w := range u.worths {
		sizes[math.Float32bits(w)>>16] += u.Size(i)
	}
	upper, left := lastBucket(sizes, left)
	clear(sizes)
	for i, w := range u.worths {
		if bits := math.Float32bits(w); bits>>16 == upper {
			sizes[bits&0xffff] += u.Size(i)
		}
	}
	lower, left := lastBucket(sizes, left)
	return upper<<16 | lower, left
}

// lastBucket returns the bucket, from the highest down, that the budget does
// not cover whole, and what is left of the budget before it. It is the lowest
// one if the budget covers all.
func lastBucket(sizes []int, budget int) (uint32, int) {
	for b := len(sizes) - 1; b > 0; b-- {
		if sizes[b] > budget {
			return uint32(b), budget
		}
		budget -= sizes[b]
	}
	return 0, budget
}
