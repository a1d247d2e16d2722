package sparse

import "iter"

// rowGroup is the queue of columns that have a weight, for each of 8 rows.
//
// Windows are scheduled greedily: the next window begins at the leftmost
// column that is not yet covered in any row, and each row takes its leftmost
// uncovered weight if it lies inside. For the given order of rows and columns
// no schedule is shorter (by exchange: the leftmost weight must be covered by
// some window, moving that window right to it loses nothing, and a row gains
// nothing by taking a later weight first). In a lane-balanced R×8 pattern all
// rows of a group keep in step inside each chunk of columns, so every lane of
// every step is full although windows are not aligned to chunks.
type rowGroup struct {
	first   int
	columns [lanes][]int32
}

// load fills the queues with the rows that begin at first; rows past the end of
// the matrix are empty.
func (g *rowGroup) load(m *Matrix, first int) {
	g.first = first
	for lane := range lanes {
		q := g.columns[lane][:0]
		if first+lane < m.Rows {
			for c, w := range m.Row(first + lane) {
				if w != 0 {
					q = append(q, int32(c))
				}
			}
		}
		g.columns[lane] = q
	}
}

// windowStep is a window and, for each lane, the column of the weight that it
// takes, or -1.
type windowStep struct {
	base    int
	columns [lanes]int
}

// steps takes all columns, a window of the given width at a time.
func (g *rowGroup) steps(width int) iter.Seq[windowStep] {
	return func(yield func(windowStep) bool) {
		for next, ok := g.leftmost(); ok; next, ok = g.leftmost() {
			var s windowStep
			last := next
			for lane := range lanes {
				s.columns[lane] = -1
				if c, ok := g.take(lane, next+width); ok {
					s.columns[lane] = c
					last = max(last, c)
				}
			}
			s.base = windowBase(next, last, width)
			if !yield(s) {
				return
			}
		}
	}
}

// leftmost is the first column not yet taken; false when all are.
func (g *rowGroup) leftmost() (int, bool) {
	const none = 1<<31 - 1
	c := int32(none)
	for lane := range lanes {
		if q := g.columns[lane]; len(q) > 0 {
			c = min(c, q[0])
		}
	}
	return int(c), c != none
}

// take removes the next column of a lane if it lies before the limit.
func (g *rowGroup) take(lane, limit int) (int, bool) {
	q := g.columns[lane]
	if len(q) == 0 || int(q[0]) >= limit {
		return 0, false
	}
	g.columns[lane] = q[1:]
	return int(q[0]), true
}

// windowBase is the base of a window that covers the columns first to last. If
// first itself would make a vector load cross a cache line, in a src that is
// aligned to one, the window begins a little to the left where it can: such a
// load costs two. One of the two loads of a wide window crosses unless they are
// aligned.
func windowBase(first, last, width int) int {
	const line = 16 // elements of src
	over := first%line - (line - lanes)
	if width == WideWindow {
		over = first % lanes
	}
	if over > 0 && first-over+width > last {
		return first - over
	}
	return first
}

// WindowSteps counts the steps that packing m in windows of the given width
// would make: those that do something, which straight-line code runs, and those with
// padding, which the packed stream of a form holds.
func WindowSteps(m *Matrix, width int, form IndexForm) (steps, padded int) {
	var columns [lanes][]int32
	for first := 0; first < m.Rows; first += lanes {
		var group rowGroup
		for lane := range lanes {
			group.columns[lane] = columns[lane]
		}
		group.load(m, first)
		columns = group.columns
		n := GroupSteps(&group.columns, width)
		steps += n
		padded += roundUp(n, windowUnit(form))
	}
	return steps, padded
}

// GroupSteps counts the window steps of 8 rows, given for each the ascending
// columns that have a weight. It is what a search for a better order of rows
// evaluates.
func GroupSteps(columns *[lanes][]int32, width int) int {
	const none = 1<<31 - 1
	var at [lanes]int
	var head [lanes]int32
	for lane, q := range columns {
		head[lane] = none
		if len(q) > 0 {
			head[lane] = q[0]
		}
	}
	for steps := 0; ; steps++ {
		base := min(head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7])
		if base == none {
			return steps
		}
		for lane, c := range head {
			if c-base < int32(width) {
				at[lane]++
				head[lane] = none
				if q := columns[lane]; at[lane] < len(q) {
					head[lane] = q[at[lane]]
				}
			}
		}
	}
}
