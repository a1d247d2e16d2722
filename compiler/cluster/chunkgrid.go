package cluster

import (
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// stride is how far apart chunks begin that overlap by half.
const stride = sparse.ChunkColumns / 2

// sixteen holds a number below 128 for each of 16 rows.
type sixteen [sparse.ChunkRows / 8]uint64

// chunkGrid is a matrix of weights as counts, in the order that a search has
// reached, with the schedule of overlapping chunks of every group of 16 rows.
//
// Where in a half of a chunk a weight lies does not matter: as many steps begin
// in a half as the row with most weights left there takes, and rows that have
// fewer go on in the next half meanwhile. Columns therefore only have their rows
// listed. A swap disturbs the schedule of a group from the halves that it changes
// on until it is in step again with what it was.
type chunkGrid struct {
	gates, block, padded int   // rows of a gate, and with its padding
	rows                 bool  // the units are the rows of every block
	cols                 []int // first columns of the units
	halves               int   // of a group
	spent                *int

	holders [][]int32 // [column as it was] rows as they were that have a weight there
	units   []int32   // unit at each place
	at      []int     // [row as it was] its place among those of all groups

	count []sixteen // [group][half] weights in the columns of the half
	left  []sixteen // of them what steps that begin in halves before do not take
	step  []uint16  // steps that begin in the half

	all, some []int // halves of a group; scratch for those that a swap changes
}

// newChunkGrid puts unit order[i] at place i. Blocks of rows are padded as those
// of packed matrices are: a group may have rows of two.
func newChunkGrid(m Matrix, order []int32, spent *int) *chunkGrid {
	g := &chunkGrid{
		gates: m.Gates, block: m.Matrix.Rows / m.Gates, rows: m.Rows, cols: m.Cols, spent: spent,
		halves:  (m.Matrix.Cols + stride - 1) / stride,
		holders: make([][]int32, m.Matrix.Cols), units: slices.Clone(order), at: make([]int, m.Matrix.Rows),
	}
	g.padded = (g.block + lanes - 1) / lanes * lanes
	g.all = identity(g.halves)
	g.placeRows()
	groups := (m.Gates*g.padded + sparse.ChunkRows - 1) / sparse.ChunkRows
	n := groups * g.halves
	g.count, g.left, g.step = make([]sixteen, n), make([]sixteen, n), make([]uint16, n)
	columns := m.places(order)
	for r := range m.Matrix.Rows {
		for c, w := range m.Row(r) {
			if w != 0 {
				g.holders[c] = append(g.holders[c], int32(r))
				g.add(r, columns[c]/stride, 1)
			}
		}
	}
	for group := range groups {
		g.follow(group, g.all, true)
	}
	return g
}

// placeRows fills in where every row goes.
func (g *chunkGrid) placeRows() {
	for gate := range g.gates {
		for place := range g.block {
			row := place
			if g.rows {
				row = int(g.units[place])
			}
			g.at[gate*g.block+row] = gate*g.padded + place
		}
	}
}

// add adds a number to the weights of a row as it was in a half; ^0 takes one
// away.
func (g *chunkGrid) add(row, half int, n uint64) {
	group, lane := g.at[row]/sparse.ChunkRows, g.at[row]%sparse.ChunkRows
	g.count[group*g.halves+half][lane/8] += n << (lane % 8 * 8)
}

func (g *chunkGrid) total() int {
	n := 0
	for _, s := range g.step {
		n += int(s)
	}
	return n
}

// half counts the steps that begin in half k, of whose weights u is left, and
// returns what they leave of the next, which is nothing at the end.
func (g *chunkGrid) half(u sixteen, k, end int) (steps int, next sixteen) {
	most := larger(u[0], u[1])
	most = larger(most, most>>32)
	most = larger(most, most>>16)
	most = larger(most, most>>8) & 0xff
	if k+1 < end {
		next = g.count[k+1]
		for i := range next {
			next[i] = excess(next[i], most*byteOnes-u[i])
		}
	}
	*g.spent += halfCost
	return int(most), next
}

// follow is by how many steps a group has grown since it was scheduled, with the
// halves that may have changed since, ascending; keep makes the schedule the new
// one.
func (g *chunkGrid) follow(group int, changed []int, keep bool) int {
	first := group * g.halves
	end := first + g.halves
	grown, reached := 0, first-1
	for _, h := range changed {
		h += first
		if h <= reached {
			continue
		}
		k := max(h-1, first)
		u := g.left[k]
		if h == first {
			u = g.count[h]
		}
		for k < end && (k <= h || u != g.left[k]) {
			steps, next := g.half(u, k, end)
			grown += steps - int(g.step[k])
			if keep {
				g.left[k], g.step[k] = u, uint16(steps)
			}
			k, u = k+1, next
		}
		reached = k
	}
	return grown
}

// swap exchanges the units at places i and j in rows and columns; twice is not
// at all. Schedules stay as they were.
func (g *chunkGrid) swap(i, j int) {
	a, b := g.units[i], g.units[j]
	g.units[i], g.units[j] = b, a
	if g.rows {
		for gate := range g.gates {
			p, q := &g.at[gate*g.block+int(a)], &g.at[gate*g.block+int(b)]
			g.swapRows(*p, *q)
			*p, *q = *q, *p
		}
	}
	for _, at := range g.cols {
		g.move(at+int(a), (at+i)/stride, (at+j)/stride)
		g.move(at+int(b), (at+j)/stride, (at+i)/stride)
	}
}

// swapRows exchanges the counts of the rows at two places of all.
func (g *chunkGrid) swapRows(i, j int) {
	a, b := g.count[i/sparse.ChunkRows*g.halves:][:g.halves], g.count[j/sparse.ChunkRows*g.halves:][:g.halves]
	i, j = i%sparse.ChunkRows, j%sparse.ChunkRows
	for k := range a {
		p, q := &a[k][i/8], &b[k][j/8]
		differ := (*p>>(i%8*8) ^ *q>>(j%8*8)) & 0xff
		*p ^= differ << (i % 8 * 8)
		*q ^= differ << (j % 8 * 8)
	}
	*g.spent += g.halves
}

// move takes the weights of a column as it was from one half to another.
func (g *chunkGrid) move(column, from, to int) {
	if from == to {
		return
	}
	for _, r := range g.holders[column] {
		g.add(int(r), from, ^uint64(0))
		g.add(int(r), to, 1)
	}
	*g.spent += holderCost * len(g.holders[column])
}

// grown is by how many steps the matrix has grown since places i and j were
// swapped.
func (g *chunkGrid) grown(i, j int) int { return g.visit(i, j, false) }

// keep makes the schedules those behind a swap.
func (g *chunkGrid) keep(i, j int) { g.visit(i, j, true) }

// visit follows every group that the swap of two places may have changed.
func (g *chunkGrid) visit(i, j int, keep bool) int {
	groups, grown := len(g.count)/g.halves, 0
	columns := g.changedHalves(i, j)
	for group := range groups {
		changed := columns
		if g.rows && (g.holds(group, i) || g.holds(group, j)) {
			changed = g.all
		}
		grown += g.follow(group, changed, keep)
	}
	*g.spent += groups
	return grown
}

// changedHalves are those that have the columns of two places.
func (g *chunkGrid) changedHalves(i, j int) []int {
	g.some = g.some[:0]
	for _, at := range g.cols {
		if p, q := (at+i)/stride, (at+j)/stride; p != q {
			g.some = append(g.some, p, q)
		}
	}
	slices.Sort(g.some)
	return g.some
}

// holds reports whether a group has the unit at a place in any gate.
func (g *chunkGrid) holds(group, place int) bool {
	first := group * sparse.ChunkRows
	for gate := range g.gates {
		at := gate*g.padded + place
		if first <= at && at < first+sparse.ChunkRows {
			return true
		}
	}
	return false
}
