package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// lanes is the number of rows that a window kernel computes together.
const lanes = 8

// searchCost is what looking for two columns in a row costs, in weights.
const searchCost = 8

// permutation is an order of the units of an axis, with the window steps of
// every matrix that has them as rows or columns.
type permutation struct {
	size     int
	order    []int // unit at each place
	matrices []*unitMatrix
	total    int // window steps of all matrices
	spent    int // weights looked at
}

// unitMatrix is a matrix with the units of an axis as rows, as columns, or both.
type unitMatrix struct {
	name     string
	pattern  string // that another order would break; empty for none
	nnz      int
	elements int

	// Rows stand in gate blocks of blockRows rows, of which those from rowAt on
	// are the units; groups begin anew at each block.
	gates, blockRows int
	rowAt            int     // −1: the units are not rows
	colAt            []int   // first columns of the units, one for each time they are read
	rows             []row   // [gate·blockRows+place]
	steps            []int32 // [group]
}

// row holds the columns of the weights of a row, ascending.
type row []int32

// newPermutation lists the matrices of an axis in the order of the parameters.
func newPermutation(a *axes, x int) *permutation {
	p := &permutation{size: a.nodes[x].size, order: identity(a.nodes[x].size)}
	for _, param := range a.m.Params {
		uses := a.uses[param.Name]
		if len(uses) == 0 || uses[0].rows == nil || uses[0].cols == nil {
			continue
		}
		u := uses[0]
		if !a.touches(u.rows, x) && !a.touches(u.cols, x) {
			continue
		}
		// A dense matrix costs the same in every order.
		if m := newUnitMatrix(a, x, param, u); 2*m.nnz <= m.elements {
			p.matrices = append(p.matrices, m)
		}
	}
	p.count()
	return p
}

func newUnitMatrix(a *axes, x int, param *ir.Param, u use) *unitMatrix {
	m := &unitMatrix{name: param.Name, elements: param.Len(), gates: u.gates,
		blockRows: param.Shape[0] / u.gates, rowAt: -1}
	// Rows of a product are one segment: the node that owns them made the axis.
	if a.touches(u.rows, x) {
		m.rowAt = 0
	}
	at := 0
	for _, s := range u.cols {
		if a.root(s.axis) == x {
			m.colAt = append(m.colAt, at)
		}
		at += s.size
	}
	cols := param.Shape[1]
	for r := range param.Shape[0] {
		var columns row
		for c, w := range param.Data[r*cols : (r+1)*cols] {
			if w != 0 {
				columns = append(columns, int32(c))
			}
		}
		m.nnz += len(columns)
		m.rows = append(m.rows, columns)
	}
	m.steps = make([]int32, u.gates*m.groups())
	if pattern, ok := groupedPattern(param, u.gates); ok {
		m.pattern = pattern.String()
	}
	return m
}

func (m *unitMatrix) groups() int { return (m.blockRows + lanes - 1) / lanes }

// count evaluates every group anew.
func (p *permutation) count() {
	p.total = 0
	for _, m := range p.matrices {
		for g := range m.steps {
			m.steps[g] = p.groupSteps(m, g)
			p.total += int(m.steps[g])
		}
	}
}

// groupSteps counts the steps of one group and what counting costs. Windows are
// narrow: an order that fills those fills wide ones too.
func (p *permutation) groupSteps(m *unitMatrix, g int) int32 {
	var columns [lanes][]int32
	first := g % m.groups() * lanes
	block := g / m.groups() * m.blockRows
	for lane := range lanes {
		if first+lane < m.blockRows {
			columns[lane] = m.rows[block+first+lane]
			p.spent += len(columns[lane])
		}
	}
	p.spent += lanes
	return int32(sparse.GroupSteps(&columns, sparse.NarrowWindow))
}

// counts are the weights in the rows and in the columns of every unit.
func (p *permutation) counts() (rows, cols []int) {
	rows, cols = make([]int, p.size), make([]int, p.size)
	for _, m := range p.matrices {
		if m.rowAt >= 0 {
			for i, r := range m.rows {
				rows[p.order[i%m.blockRows-m.rowAt]] += len(r)
			}
		}
		for _, at := range m.colAt {
			for _, r := range m.rows {
				for _, c := range r {
					if k := int(c) - at; k >= 0 && k < p.size {
						cols[p.order[k]]++
					}
				}
			}
		}
	}
	return rows, cols
}

// set puts the units in the given order.
func (p *permutation) set(order []int) {
	place := make([]int, p.size) // where a unit stands now
	for i, u := range p.order {
		place[u] = i
	}
	from := make([]int, p.size) // place now of the unit that goes to each place
	to := make([]int, p.size)
	for i, u := range order {
		from[i] = place[u]
		to[place[u]] = i
	}
	for _, m := range p.matrices {
		m.move(from, to)
	}
	p.order = slices.Clone(order)
	p.count()
}

func (m *unitMatrix) move(from, to []int) {
	if m.rowAt >= 0 {
		old := slices.Clone(m.rows)
		for g := range m.gates {
			for i, f := range from {
				m.rows[g*m.blockRows+m.rowAt+i] = old[g*m.blockRows+m.rowAt+f]
			}
		}
	}
	if len(m.colAt) == 0 {
		return
	}
	for i, r := range m.rows {
		moved := slices.Clone(r)
		for k, c := range r {
			for _, at := range m.colAt {
				if u := int(c) - at; u >= 0 && u < len(to) {
					moved[k] = int32(at + to[u])
				}
			}
		}
		slices.Sort(moved)
		m.rows[i] = moved
	}
}

// trySwap exchanges the units at two places and takes it back if the steps grow.
func (p *permutation) trySwap(i, j int) {
	before := p.total
	var undo []func()
	for _, m := range p.matrices {
		m.swap(i, j)
		p.spent += searchCost * len(m.colAt) * len(m.rows)
		for _, g := range m.changed(i, j) {
			old := m.steps[g]
			m.steps[g] = p.groupSteps(m, g)
			p.total += int(m.steps[g] - old)
			undo = append(undo, func() { m.steps[g] = old })
		}
	}
	if p.total <= before {
		p.order[i], p.order[j] = p.order[j], p.order[i]
		return
	}
	p.total = before
	for _, f := range undo {
		f()
	}
	for _, m := range p.matrices {
		m.swap(i, j)
	}
}

// swap exchanges places i and j in rows and columns.
func (m *unitMatrix) swap(i, j int) {
	if m.rowAt >= 0 {
		for g := range m.gates {
			base := g*m.blockRows + m.rowAt
			m.rows[base+i], m.rows[base+j] = m.rows[base+j], m.rows[base+i]
		}
	}
	for _, at := range m.colAt {
		for _, r := range m.rows {
			r.swap(int32(at+i), int32(at+j))
		}
	}
}

// swap exchanges two columns in place, keeping the order.
func (r row) swap(a, b int32) {
	at, hasA := slices.BinarySearch(r, a)
	to, hasB := slices.BinarySearch(r, b)
	switch {
	case hasA == hasB:
	case hasA:
		r.replace(at, b)
	default:
		r.replace(to, a)
	}
}

// replace sets the column at place k and moves it to where it belongs.
func (r row) replace(k int, c int32) {
	r[k] = c
	for ; k > 0 && r[k-1] > r[k]; k-- {
		r[k-1], r[k] = r[k], r[k-1]
	}
	for ; k+1 < len(r) && r[k+1] < r[k]; k++ {
		r[k+1], r[k] = r[k], r[k+1]
	}
}

// changed lists the groups whose steps may differ after places i and j were
// exchanged: those of the two rows, and those with a weight in a column of one
// unit but not of the other.
func (m *unitMatrix) changed(i, j int) []int {
	var groups []int
	for g := range m.steps {
		first := g % m.groups() * lanes
		inRows := m.rowAt >= 0 && (i-i%lanes == first || j-j%lanes == first)
		if inRows || m.columnsDiffer(g, i, j) {
			groups = append(groups, g)
		}
	}
	return groups
}

func (m *unitMatrix) columnsDiffer(g, i, j int) bool {
	first := g % m.groups() * lanes
	block := g / m.groups() * m.blockRows
	for _, at := range m.colAt {
		for r := first; r < min(first+lanes, m.blockRows); r++ {
			_, hasI := slices.BinarySearch(m.rows[block+r], int32(at+i))
			_, hasJ := slices.BinarySearch(m.rows[block+r], int32(at+j))
			if hasI != hasJ {
				return true
			}
		}
	}
	return false
}
