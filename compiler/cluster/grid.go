package cluster

// grid is a matrix of weights as bits, in the order that a search has reached,
// with the schedule of sliding windows of every group of 8 rows. A column that
// changes disturbs a schedule from there on only until it is in step again with
// what it was, which is soon: most of it need not be counted anew.
type grid struct {
	gates, blockRows int // groups begin anew at each gate
	groups           int // of a gate
	chunks           int // of 8 columns
	rows             bool
	cols             []int // first columns of the units
	spent            *int

	word []uint64 // [group][chunk] 8 rows, one a byte, by 8 columns
	left []uint64 // of it what windows that begin in chunks before do not cover
	step []uint16 // windows that begin in the chunk
}

// newGrid puts unit order[i] at place i.
func newGrid(m Matrix, order []int32, spent *int) *grid {
	g := &grid{
		gates: m.Gates, blockRows: m.Matrix.Rows / m.Gates, chunks: (m.Matrix.Cols + 7) / 8,
		rows: m.Rows, cols: m.Cols, spent: spent,
	}
	g.groups = (g.blockRows + lanes - 1) / lanes
	n := g.gates * g.groups * g.chunks
	g.word, g.left, g.step = make([]uint64, n), make([]uint64, n), make([]uint16, n)
	columns := m.places(order)
	for r := range m.Matrix.Rows {
		gate, place := r/g.blockRows, r%g.blockRows
		from := r
		if m.Rows {
			from = gate*g.blockRows + int(order[place])
		}
		word := g.word[g.at(gate, place):]
		for c, w := range m.Row(from) {
			if w != 0 {
				to := columns[c]
				word[to/8] |= 1 << (place%lanes*8 + to%8)
			}
		}
	}
	for first := 0; first < n; first += g.chunks {
		g.schedule(first)
	}
	return g
}

// places is where every column goes.
func (m Matrix) places(order []int32) []int {
	columns := identity(m.Matrix.Cols)
	for _, at := range m.Cols {
		for place, unit := range order {
			columns[at+int(unit)] = at + place
		}
	}
	return columns
}

// at is the first chunk of the group of a row.
func (g *grid) at(gate, place int) int { return (gate*g.groups + place/lanes) * g.chunks }

// total is the number of windows.
func (g *grid) total() int {
	n := 0
	for _, s := range g.step {
		n += int(s)
	}
	return n
}

// schedule counts the windows of the group whose first chunk is given.
func (g *grid) schedule(first int) {
	u := g.word[first]
	for k := first; k < first+g.chunks; k++ {
		g.left[k] = u
		var steps int
		steps, u = g.chunk(u, k, first+g.chunks)
		g.step[k] = uint16(steps)
	}
}

// chunk counts the windows that begin in chunk k, of which u is left, and
// returns what they leave of the next, which is nothing at the end.
func (g *grid) chunk(u uint64, k, end int) (steps int, next uint64) {
	if k+1 < end {
		next = g.word[k+1]
	}
	for u != 0 {
		reached := next & before[firstColumn(u)&7] &^ nonzero(u)
		next ^= lowest(reached)
		u ^= lowest(u)
		steps++
	}
	*g.spent += 1 + windowCost*steps
	return steps, next
}

// whole is by how many windows a group has grown, any of whose words may have
// changed since it was scheduled.
func (g *grid) whole(first int) int {
	grown, u := 0, g.word[first]
	for k := first; k < first+g.chunks; k++ {
		var steps int
		steps, u = g.chunk(u, k, first+g.chunks)
		grown += steps - int(g.step[k])
	}
	return grown
}

// part is the same for a group of which only the words of two chunks, p ≤ q,
// have changed.
func (g *grid) part(first, p, q int) int {
	grown, end := 0, first+g.chunks
	p, q = first+p, first+q
	k, u := p-1, uint64(0)
	if p == first {
		k, u = p, g.word[p]
	} else {
		u = g.left[k]
	}
	for {
		var steps int
		steps, u = g.chunk(u, k, end)
		grown += steps - int(g.step[k])
		k++
		if k == end {
			return grown
		}
		if k < p || u != g.left[k] {
			continue
		}
		// In step again.
		if k >= q {
			return grown
		}
		k, p = max(k, q-1), q
		u = g.left[k]
	}
}

// swap exchanges the units at places i and j in rows and columns; twice is not
// at all. Schedules stay as they were.
func (g *grid) swap(i, j int) {
	if g.rows {
		for gate := range g.gates {
			g.swapRows(g.at(gate, i), i%lanes*8, g.at(gate, j), j%lanes*8)
		}
	}
	for _, at := range g.cols {
		a, b := at+i, at+j
		for first := 0; first < len(g.word); first += g.chunks {
			p, q := &g.word[first+a/8], &g.word[first+b/8]
			differ := (*p>>(a%8) ^ *q>>(b%8)) & byteOnes
			*p ^= differ << (a % 8)
			*q ^= differ << (b % 8)
		}
	}
	*g.spent += len(g.cols) * len(g.word) / g.chunks
}

// swapRows exchanges the bytes at a shift of one group with those of another.
func (g *grid) swapRows(from, shift, to, toShift int) {
	a, b := g.word[from:][:g.chunks], g.word[to:][:g.chunks]
	for k := range a {
		differ := (a[k]>>shift ^ b[k]>>toShift) & 0xff
		a[k] ^= differ << shift
		b[k] ^= differ << toShift
	}
	*g.spent += g.chunks
}

// grown is by how many windows the matrix has grown since places i and j were
// swapped.
func (g *grid) grown(i, j int) int {
	n := 0
	for first := range g.changed(i, j) {
		n += g.groupGrown(first, i, j)
	}
	return n
}

// groupGrown looks at no more of a group than it has to.
func (g *grid) groupGrown(first, i, j int) int {
	if g.inRows(first, i, j) || len(g.cols) > 1 {
		return g.whole(first)
	}
	p, q := (g.cols[0]+i)/8, (g.cols[0]+j)/8
	return g.part(first, min(p, q), max(p, q))
}

// keep makes the schedules those of the words after a swap.
func (g *grid) keep(i, j int) {
	for first := range g.changed(i, j) {
		g.schedule(first)
	}
}

// changed yields the groups whose words a swap has changed.
func (g *grid) changed(i, j int) func(yield func(first int) bool) {
	return func(yield func(first int) bool) {
		for first := 0; first < len(g.word); first += g.chunks {
			if (g.inRows(first, i, j) || g.inColumns(first, i, j)) && !yield(first) {
				return
			}
		}
	}
}

// inRows reports whether a group has one of the two units among its rows.
func (g *grid) inRows(first, i, j int) bool {
	group := first / g.chunks % g.groups
	return g.rows && (group == i/lanes || group == j/lanes)
}

// inColumns reports whether any row has a weight for one unit but not for the
// other.
func (g *grid) inColumns(first, i, j int) bool {
	for _, at := range g.cols {
		a, b := at+i, at+j
		if (g.word[first+a/8]>>(a%8)^g.word[first+b/8]>>(b%8))&byteOnes != 0 {
			return true
		}
	}
	return false
}
