package sparse

import (
	"fmt"
	"math"
)

// Units are the prunable units of a matrix under a pattern, scored: what a
// threshold or a density decides about, one by one, without leaving the
// pattern. Weights of either sign count by magnitude; a NaN counts as larger
// than everything.
//
//   - element: a weight; its magnitude is |w|.
//   - block: a block; its magnitude is the largest |w| in it (Narang, Undersander,
//     Diamos, "Block-Sparse Recurrent Neural Networks", 2017).
//   - lane: step k of a cell, which is the k-th largest weight of each of the
//     cell's rows; its magnitude is their root mean square. It falls with k, so
//     that what passes a threshold is always the first steps of a cell.
//
// A unit's worth, by which a density chooses, is its root mean square: squared
// weight norm per weight kept, which makes the smaller units of a ragged edge
// comparable with whole ones.
type Units struct {
	rows, cols int
	spans      []Span

	// The unit of each weight, at r·cols+c; nil where each weight of the spans is
	// a unit, in row-major order.
	unit []int32

	// One entry for each unit. sizes is nil where all are 1.
	magnitudes, worths []float32
	sizes              []int32
}

// Units scores the units of a matrix in the given spans of rows, or in all
// rows as one span where none are given. Spans are in rising order and do not
// overlap. The dense pattern has no units and is an error.
func (p Pattern) Units(m *Matrix, spans ...Span) (*Units, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if len(m.Data) != m.Rows*m.Cols || len(m.Data) > math.MaxInt32 {
		return nil, fmt.Errorf("matrix of %d×%d: %d weights, want the product and at most %d", m.Rows, m.Cols, len(m.Data), math.MaxInt32)
	}
	if err := checkSpans(spans, m.Rows); err != nil {
		return nil, fmt.Errorf("matrix of %d×%d: %w", m.Rows, m.Cols, err)
	}
	u := &Units{rows: m.Rows, cols: m.Cols, spans: wholeUnless(spans, m.Rows)}
	switch p.Kind {
	case KindElement:
		u.addElements(m)
	case KindBlock:
		u.addBlocks(m, p)
	case KindLane:
		u.addSteps(m, p)
	case KindSlide:
		u.addSlides(m, p)
	case KindDense:
		return nil, fmt.Errorf("pattern dense: has no units to prune")
	}
	return u, nil
}

// Len is the number of units.
func (u *Units) Len() int { return len(u.magnitudes) }

// Magnitude is what a threshold is compared with.
func (u *Units) Magnitude(i int) float32 { return u.magnitudes[i] }

// Worth is the root mean square of the unit's weights.
func (u *Units) Worth(i int) float32 { return u.worths[i] }

// Size is the number of weights in a unit; units at a ragged edge are smaller.
func (u *Units) Size(i int) int {
	if u.sizes == nil {
		return 1
	}
	return int(u.sizes[i])
}

// Weights is the number of weights in all units.
func (u *Units) Weights() int { return countRows(u.spans) * u.cols }

// Above returns the mask that prunes the units whose magnitude is below the
// threshold for their size. Rows outside the units' spans are not kept.
func (u *Units) Above(threshold func(size int) float64) *Mask {
	bySize := map[int]float64{}
	kept := make([]bool, u.Len())
	for i := range kept {
		size := u.Size(i)
		limit, known := bySize[size]
		if !known {
			limit = threshold(size)
			bySize[size] = limit
		}
		kept[i] = !(float64(u.magnitudes[i]) < limit) // a NaN is kept
	}
	return u.mask(kept)
}

// Least is the least worth of the units of which a mask keeps a weight, 0 if it
// keeps none.
func (u *Units) Least(kept *Mask) float64 {
	least, element := math.Inf(1), 0
	for _, s := range u.spans {
		for r := s.From; r < s.To; r++ {
			for c := range kept.Row(r) {
				i := element + c
				if u.unit != nil {
					i = int(u.unit[r*u.cols+c])
				}
				least = min(least, float64(u.worths[i]))
			}
			element += u.cols
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// mask keeps the weights of the units that are kept.
func (u *Units) mask(kept []bool) *Mask {
	m := NewMask(u.rows, u.cols)
	element := 0
	for _, s := range u.spans {
		for r := s.From; r < s.To; r++ {
			words := m.row(r)
			for c := range u.cols {
				i := element
				if u.unit != nil {
					i = int(u.unit[r*u.cols+c])
				}
				if kept[i] {
					words[c/wordBits] |= 1 << (c % wordBits)
				}
				element++
			}
		}
	}
	return m
}

func magnitude(w float32) float32 { return math.Float32frombits(math.Float32bits(w) &^ (1 << 31)) }
