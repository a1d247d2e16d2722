package sparse

import (
	"container/heap"
	"math"
)

// addSlides makes windows units: in each group of rows, the window at any base
// whose largest free weights, one of each row, have the largest squared norm is
// a unit, and so on with the weights that are left. It falls from unit to unit,
// so that what passes a threshold is what the greedy choice takes first.
//
// Weights that no window reaches in all rows at the end, equally many of each
// row, are one unit of magnitude 0, which goes first.
func (u *Units) addSlides(m *Matrix, p Pattern) {
	u.unit = make([]int32, len(m.Data))
	for _, span := range u.spans {
		for first := span.From; first < span.To; first += p.R {
			g := slideGroup{m: m, rows: Span{first, min(first+p.R, span.To)}, width: min(p.C, m.Cols)}
			g.addUnits(u)
		}
	}
	u.worths = u.magnitudes
}

// slideGroup is a group of rows whose weights windows take one after the other.
type slideGroup struct {
	m     *Matrix
	rows  Span
	width int
	taken []bool // [row of the group][column]
	queue slideQueue
}

func (g *slideGroup) addUnits(u *Units) {
	cols := g.m.Cols
	g.taken = make([]bool, g.rows.Len()*cols)
	columns := make([]int, g.rows.Len())
	for base := 0; base+g.width <= cols; base++ {
		g.queue = append(g.queue, slide{g.best(base, columns), base})
	}
	heap.Init(&g.queue)
	left := len(g.taken)
	for len(g.queue) > 0 {
		top := &g.queue[0]
		energy := g.best(top.base, columns)
		switch {
		case energy < 0: // a row has nothing left there
			heap.Pop(&g.queue)
		case energy < top.energy:
			top.energy = energy
			heap.Fix(&g.queue, 0)
		default:
			for lane, c := range columns {
				g.taken[lane*cols+c] = true
				u.unit[(g.rows.From+lane)*cols+c] = int32(len(u.sizes))
			}
			u.magnitudes = append(u.magnitudes, rootMean(energy, len(columns)))
			u.sizes = append(u.sizes, int32(len(columns)))
			left -= len(columns)
		}
	}
	if left > 0 {
		for i, taken := range g.taken {
			if !taken {
				u.unit[g.rows.From*cols+i] = int32(len(u.sizes))
			}
		}
		u.magnitudes = append(u.magnitudes, 0)
		u.sizes = append(u.sizes, int32(left))
	}
}

// best finds the largest weight of each row that the window at a base has left,
// the left one among equals, and returns their squared norm; below 0 if a row
// has none.
func (g *slideGroup) best(base int, columns []int) float64 {
	energy := 0.0
	for lane := range columns {
		row, taken := g.m.Row(g.rows.From+lane), g.taken[lane*g.m.Cols:]
		best, square := -1, -1.0
		for c := base; c < base+g.width; c++ {
			if s := squared(row[c]); !taken[c] && s > square {
				best, square = c, s
			}
		}
		if best < 0 {
			return -1
		}
		columns[lane], energy = best, energy+square
	}
	return energy
}

// squared is w², infinite for a NaN.
func squared(w float32) float64 {
	if w != w {
		return math.Inf(1)
	}
	return float64(w) * float64(w)
}

// slide is a window with a bound of what it is worth: windows taken since may
// have left less.
type slide struct {
	energy float64
	base   int
}

// slideQueue is a heap, the window of most worth first, the left one among
// equals.
type slideQueue []slide

func (q slideQueue) Len() int { return len(q) }

func (q slideQueue) Less(i, j int) bool {
	if q[i].energy != q[j].energy {
		return q[i].energy > q[j].energy
	}
	return q[i].base < q[j].base
}

func (q slideQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *slideQueue) Push(x any)   { *q = append(*q, x.(slide)) }

func (q *slideQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// matchesSlides: the rows of a group keep equally many weights, and window k can
// take the k-th of each. If any windows take one of each row, those do: sorting
// the weights of a row exchanges them between windows without leaving these.
func (p Pattern) matchesSlides(m *Mask, spans []Span) bool {
	for _, span := range spans {
		for first := span.From; first < span.To; first += p.R {
			if !p.matchesSlideGroup(m, Span{first, min(first+p.R, span.To)}) {
				return false
			}
		}
	}
	return true
}

func (p Pattern) matchesSlideGroup(m *Mask, rows Span) bool {
	var least, most []int // columns of the k-th weights
	for r := rows.From; r < rows.To; r++ {
		k := 0
		for c := range m.Row(r) {
			if r == rows.From {
				least, most = append(least, c), append(most, c)
			}
			if k == len(least) {
				return false
			}
			least[k], most[k] = min(least[k], c), max(most[k], c)
			if most[k]-least[k] >= p.C {
				return false
			}
			k++
		}
		if k != len(least) {
			return false
		}
	}
	return true
}
