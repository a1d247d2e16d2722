package cluster

import (
	"math/bits"

	"github.com/sparsec/sparsec/ir/sparse"
)

// lanes is the number of rows that a window kernel computes together.
const lanes = 8

// windows scores an order of rows by sliding windows.
type windows struct {
	order []int32 // row at each place, shared
	spent *int

	chunks int      // of 8 columns, in a row
	row    []uint8  // [row][chunks] a bit for each weight
	group  []uint64 // [group][chunks] the same of 8 rows, one a byte
	steps  []int    // [group]
}

func newWindows(m *sparse.Matrix, order []int32, spent *int) *windows {
	chunks, groups := (m.Cols+7)/8, (m.Rows+lanes-1)/lanes
	w := &windows{
		order: order, spent: spent, chunks: chunks,
		row: make([]uint8, m.Rows*chunks), group: make([]uint64, groups*chunks), steps: make([]int, groups),
	}
	for r := range m.Rows {
		row := w.row[r*chunks:]
		for c, v := range m.Row(r) {
			if v != 0 {
				row[c/8] |= 1 << (c % 8)
			}
		}
	}
	for p := range order {
		w.put(p)
	}
	for g := range w.steps {
		w.steps[g] = w.stepsWith(g*lanes, int(order[g*lanes]))
	}
	return w
}

// put copies the row at a place into the words of its group.
func (w *windows) put(place int) {
	row := w.row[int(w.order[place])*w.chunks:][:w.chunks]
	group, shift := w.group[place/lanes*w.chunks:][:w.chunks], place%lanes*8
	for k, b := range row {
		group[k] = group[k]&^(0xff<<shift) | uint64(b)<<shift
	}
}

// delta is by how many steps two groups grow when places i and j, one of each,
// change their rows.
func (w *windows) delta(i, j int) int {
	return w.stepsWith(i, int(w.order[j])) - w.steps[i/lanes] +
		w.stepsWith(j, int(w.order[i])) - w.steps[j/lanes]
}

// swapped is called when places i and j have changed their rows.
func (w *windows) swapped(i, j int) {
	for _, p := range []int{i, j} {
		w.put(p)
		w.steps[p/lanes] = w.stepsWith(p, int(w.order[p]))
	}
}

// stepsWith counts the steps of the group of a place with another row there.
func (w *windows) stepsWith(place, row int) int {
	group := w.group[place/lanes*w.chunks:][:w.chunks]
	steps := countWindows(group, w.row[row*w.chunks:][:w.chunks], place%lanes)
	*w.spent += w.chunks + windowCost*steps
	return steps
}

// countWindows counts the steps of a group of 8 rows, of which one is replaced
// by row. A word has the columns of a chunk, a row a byte.
//
// It is the greedy of [sparse.GroupSteps] on bits: u holds what is not yet
// covered of one chunk, v of the next. The window begins at the first column
// that any byte of u has. Each row gives up its lowest bit in u or, if it has
// none there, its lowest in that part of v that the window reaches.
func countWindows(group []uint64, row []uint8, lane int) int {
	shift := uint(lane*8) & 63
	keep := ^(uint64(0xff) << shift)
	steps, u := 0, uint64(0)
	row = row[:len(group)]
	for k, word := range group {
		v := word&keep | uint64(row[k])<<shift
		for u != 0 {
			reached := v & before[firstColumn(u)&7] &^ nonzero(u)
			v ^= lowest(reached)
			u ^= lowest(u)
			steps++
		}
		u = v
	}
	for u != 0 {
		u ^= lowest(u)
		steps++
	}
	return steps
}

// before has in each byte the bits below a place.
var before = [8]uint64{
	0, 1 * byteOnes, 3 * byteOnes, 7 * byteOnes, 15 * byteOnes, 31 * byteOnes, 63 * byteOnes, 127 * byteOnes,
}

// firstColumn is the lowest place of a bit that any byte of a word has.
func firstColumn(x uint64) int {
	x |= x >> 32
	x |= x >> 16
	x |= x >> 8
	return bits.TrailingZeros64(x)
}

// lowest has in each byte its lowest bit.
func lowest(x uint64) uint64 { return x &^ (x | byteTops - byteOnes) }
