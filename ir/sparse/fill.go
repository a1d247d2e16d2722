package sparse

import (
	"fmt"
	"math"
	"slices"
)

// fillBinades bounds the weights that filling keeps: those far below the largest
// are worth nothing, and rows that have them cannot be integers (see [Fixed]).
const fillBinades = 6

// FillWindows returns a mask that keeps more: weights for which the schedule of
// the window kernel (see [GroupSteps]) has idle lanes. Rows stand as the kernel
// takes them, in groups of 8 in the given spans (all rows as one span where none
// are given). The number of steps stays the same or falls, and what is added is
// worth most: no other choice that keeps the windows and all of the mask has a
// larger squared norm. Rows outside the spans stay as they are. Panics if
// shapes differ, and for spans out of order or range.
//
// A set of a row's weights can be computed if each has a window of its own that
// reaches it. Such sets are the independent sets of a transversal matroid, so
// that taking weights by falling magnitude as long as the set stays one is
// optimal (Edmonds and Fulkerson, "Transversals and matroid partition", 1965).
func FillWindows(mask *Mask, m *Matrix, spans ...Span) *Mask {
	if mask.rows != m.Rows || mask.cols != m.Cols {
		panic(fmt.Sprintf("sparse: mask of %d×%d on a matrix of %d×%d", mask.rows, mask.cols, m.Rows, m.Cols))
	}
	if err := checkSpans(spans, m.Rows); err != nil {
		panic(fmt.Sprintf("sparse: filling a mask of %d×%d: %v", m.Rows, m.Cols, err))
	}
	filled := mask.Clone()
	f := filler{m: m, least: leastToFill(m), order: make([]uint64, m.Cols)}
	for _, s := range wholeUnless(spans, m.Rows) {
		for first := s.From; first < s.To; first += lanes {
			rows := Span{first, min(first+lanes, s.To)}
			f.schedule(mask, rows)
			for r := rows.From; r < rows.To; r++ {
				f.fill(filled, r)
			}
		}
	}
	return filled
}

// leastToFill is the least magnitude that filling keeps.
func leastToFill(m *Matrix) float32 {
	largest := float32(0)
	for _, w := range m.Data {
		largest = max(largest, magnitude(w))
	}
	if largest == 0 {
		return 0
	}
	return float32(math.Ldexp(1, math.Ilogb(float64(largest))-fillBinades))
}

// filler fills the rows of one group after the other.
type filler struct {
	m     *Matrix
	least float32

	// Windows from[c] up to, not including, to[c] of the group reach column c.
	// Both rise with c.
	from, to []int

	columns []int // of the row's weights, ascending
	taken   []int // window of each: the first that those before it leave
	order   []uint64
}

// schedule finds the windows of a group of rows.
func (f *filler) schedule(mask *Mask, rows Span) {
	var group rowGroup
	for r := rows.From; r < rows.To; r++ {
		for c := range mask.Row(r) {
			group.columns[r-rows.From] = append(group.columns[r-rows.From], int32(c))
		}
	}
	var bases []int
	for {
		base, ok := group.leftmost()
		if !ok {
			break
		}
		bases = append(bases, base)
		for lane := range lanes {
			group.take(lane, base+NarrowWindow)
		}
	}
	f.from, f.to = f.from[:0], f.to[:0]
	from, to := 0, 0
	for c := range f.m.Cols {
		for from < len(bases) && bases[from]+NarrowWindow <= c {
			from++
		}
		for to < len(bases) && bases[to] <= c {
			to++
		}
		f.from, f.to = append(f.from, from), append(f.to, to)
	}
}

// fill adds the largest weights of a row for which windows are left.
func (f *filler) fill(mask *Mask, r int) {
	f.columns, f.taken = f.columns[:0], f.taken[:0]
	for c := range mask.Row(r) {
		if !f.add(c) {
			panic("sparse: a schedule without a window for one of its weights")
		}
	}
	row := f.m.Row(r)
	for _, c := range byMagnitude(f.order, row) {
		if magnitude(row[c]) < f.least || row[c] == 0 {
			break
		}
		if !mask.At(r, c) && f.add(c) {
			mask.Set(r, c, true)
		}
	}
}

// add gives column c a window if that can be: the first that reaches it and that
// the columns before leave. Those behind, which want no earlier windows, move
// back one by one as far as they must. As windows are in the order of columns,
// no other assignment would have room where this one has none.
func (f *filler) add(c int) bool {
	at, _ := slices.BinarySearch(f.columns, c)
	window := f.from[c]
	if at > 0 {
		window = max(window, f.taken[at-1]+1)
	}
	if window >= f.to[c] {
		return false
	}
	end, last := at, window
	for end < len(f.columns) && f.taken[end] <= last {
		last++
		if last >= f.to[f.columns[end]] {
			return false
		}
		end++
	}
	for k := at; k < end; k++ {
		f.taken[k] = window + 1 + k - at
	}
	f.columns, f.taken = slices.Insert(f.columns, at, c), slices.Insert(f.taken, at, window)
	return true
}
