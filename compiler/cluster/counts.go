package cluster

import "github.com/sparsec/sparsec/ir/sparse"

// counts scores an order of rows by aligned chunks. It holds, for each row and
// for all others of its group together, the number of weights in every chunk:
// what a row adds to a group is then known without looking at the others.
//
// Counts lie in bytes, 8 chunks a word. Sums of 16 bits hold what two rows of up
// to 65,536 columns may add.
type counts struct {
	tile  tile
	order []int32 // row at each place, shared
	spent *int

	words  int      // of a row
	row    []uint64 // [row][words]
	others []uint64 // [place][words] largest of the others in the group
	base   []int    // [place] steps without the row there
	steps  []int    // [group]
	most   []uint64 // [words] scratch
}

func newCounts(m *sparse.Matrix, t tile, order []int32, spent *int) *counts {
	words := (m.Cols + 8*t.cols - 1) / (8 * t.cols)
	c := &counts{
		tile: t, order: order, spent: spent, words: words,
		row: make([]uint64, m.Rows*words), others: make([]uint64, m.Rows*words),
		base: make([]int, m.Rows), steps: make([]int, (m.Rows+t.rows-1)/t.rows),
		most: make([]uint64, words),
	}
	for r := range m.Rows {
		row := c.row[r*words:]
		for col, w := range m.Row(r) {
			if w != 0 {
				chunk := col / t.cols
				row[chunk/8] += 1 << (chunk % 8 * 8)
			}
		}
	}
	c.recount()
	return c
}

// recount evaluates every group for a new order.
func (c *counts) recount() {
	for g := range c.steps {
		c.update(g)
	}
}

func (c *counts) at(place int) []uint64 { return c.row[int(c.order[place])*c.words:][:c.words] }

// update evaluates a group whose rows have changed: what the others of each row
// have at most is the larger of what those before and those behind it have.
func (c *counts) update(g int) {
	first := g * c.tile.rows
	last := min(first+c.tile.rows, len(c.order)) - 1
	clear(c.most)
	for p := first; p <= last; p++ {
		copy(c.others[p*c.words:], c.most)
		addLarger(c.most, c.at(p))
	}
	c.steps[g] = sum(c.most)
	clear(c.most)
	for p := last; p >= first; p-- {
		others := c.others[p*c.words:][:c.words]
		addLarger(others, c.most)
		c.base[p] = sum(others)
		addLarger(c.most, c.at(p))
	}
	*c.spent += 4 * c.tile.rows * c.words
}

func addLarger(dst, src []uint64) {
	for i, x := range src {
		dst[i] = larger(dst[i], x)
	}
}

func sum(words []uint64) int {
	n := uint64(0)
	for _, x := range words {
		n += pairs(x)
	}
	return total(n)
}

// delta is by how many steps two groups grow when places i and j, one of each,
// change their rows.
func (c *counts) delta(i, j int) int {
	*c.spent += 2*c.words + pairCost
	othersI, othersJ := c.others[i*c.words:][:c.words], c.others[j*c.words:][:c.words]
	rowI, rowJ := c.at(i)[:c.words], c.at(j)[:c.words]
	grown := uint64(0)
	for k, x := range othersI {
		grown += pairs(excess(rowJ[k], x)) + pairs(excess(rowI[k], othersJ[k]))
	}
	return c.base[i] + c.base[j] + total(grown) - c.steps[i/c.tile.rows] - c.steps[j/c.tile.rows]
}

// swapped is called when places i and j have changed their rows.
func (c *counts) swapped(i, j int) {
	c.update(i / c.tile.rows)
	c.update(j / c.tile.rows)
}
