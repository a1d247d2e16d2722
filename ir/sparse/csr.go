package sparse

import (
	"cmp"
	"fmt"
	"slices"
)

// csrSort is the number of rows that are sorted by length together: enough that
// the rows of a group of 8 are of almost one length, few enough that they stay
// near each other in memory.
const csrSort = 64

// CSR is a matrix in compressed rows for scalar multiply-adds, eight rows in
// flight, which hide the latency of the additions. It is the plain form that
// others are measured against.
//
// Rows are in groups of 8 that are computed in lockstep: the k-th weights of
// all rows of a group lie together, as do their columns. Inside each block of 64
// rows, rows are sorted by their number of weights, so that the rows of a group
// end at almost the same time (SELL-C-σ with C = 8 and σ = 64: Kreutzer, Hager,
// Wellein, Fehske and Bishop, SIAM J. Sci. Comput. 36, 2014). What is left of
// shorter rows is padded by zero weights for the row's own last column or, in a
// row without weights, the column that the longest row of its group reads.
type CSR struct {
	rows, cols, nnz int

	weights float32s // [step][8]
	columns uint16s  // [step][8]
	places  uint16s  // [group][8] the lane's row minus the first of the group, as int16
	counts  uint32s  // [group] weights of its longest row
	starts  []int    // [group] rounds of 8 before it; one more at the end
}

// PackCSR packs a matrix of at most 65,536 columns and any content; rows are
// padded to a multiple of 8.
func PackCSR(m *Matrix) (*CSR, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit columns reach", m.Cols)
	}
	p := &CSR{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	for first := 0; first < p.rows; first += csrSort {
		block := rowColumns(m, first, min(first+csrSort, p.rows))
		for g := 0; g < len(block); g += lanes {
			p.packGroup(m, first+g, block[g:g+lanes])
		}
	}
	p.starts = append(p.starts, p.columns.len()/lanes)
	return p, nil
}

// csrRow is a row with the columns of its weights.
type csrRow struct {
	row     int
	columns []int
}

// rowColumns lists the rows of a block, the longest first; rows behind the end
// of the matrix are empty.
func rowColumns(m *Matrix, from, to int) []csrRow {
	block := make([]csrRow, to-from)
	for i := range block {
		block[i].row = from + i
		if from+i >= m.Rows {
			continue
		}
		for c, w := range m.Row(from + i) {
			if w != 0 {
				block[i].columns = append(block[i].columns, c)
			}
		}
	}
	slices.SortStableFunc(block, func(a, b csrRow) int { return cmp.Compare(len(b.columns), len(a.columns)) })
	return block
}

// packGroup appends the eight rows of a group, whose first row by position is
// first and whose longest is the first in the list.
func (p *CSR) packGroup(m *Matrix, first int, group []csrRow) {
	p.starts = append(p.starts, p.columns.len()/lanes)
	longest := group[0].columns
	for k := range longest {
		for _, r := range group {
			column, weight := longest[k], float32(0)
			switch {
			case k < len(r.columns):
				column = r.columns[k]
				weight = m.Row(r.row)[column]
			case len(r.columns) > 0:
				column = r.columns[len(r.columns)-1]
			}
			p.weights.append(weight)
			p.columns.append(uint16(column))
		}
	}
	for _, r := range group {
		p.places.append(uint16(int16(r.row - first)))
	}
	p.counts.append(uint32(len(longest)))
}

// CSRSteps counts the multiply-adds of a matrix whose rows, a multiple of 8,
// have so many weights, in the form of [CSR].
func CSRSteps(lengths []int) int {
	steps := 0
	for first := 0; first < len(lengths); first += csrSort {
		block := slices.Clone(lengths[first:min(first+csrSort, len(lengths))])
		slices.Sort(block)
		for last := lanes - 1; last < len(block); last += lanes {
			steps += lanes * block[last]
		}
	}
	return steps
}

// Rows is the number of rows with padding, a multiple of 8.
func (p *CSR) Rows() int { return p.rows }

// Cols is the number of columns.
func (p *CSR) Cols() int { return p.cols }

// NNZ is the number of weights that are not exactly zero.
func (p *CSR) NNZ() int { return p.nnz }

// Steps is the number of multiply-adds, each of a single weight, padding
// included.
func (p *CSR) Steps() int { return p.columns.len() }

// Sections are "weights" (float32), "columns" (uint16, one for each weight),
// "places" (int16, 8 for each group: where its rows are) and "counts" (uint32,
// weights of the longest row of each group).
func (p *CSR) Sections() []Section {
	return []Section{{"weights", p.weights}, {"columns", p.columns}, {"places", p.places}, {"counts", p.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut: rows are sorted in between.
func (p *CSR) Granule() int { return csrSort / lanes }

// Start is the number of multiply-adds before group g.
func (p *CSR) Start(g int) int { return lanes * p.starts[g] }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (p *CSR) Bytes(from, to int) int {
	return (p.Start(to)-p.Start(from))*6 + (2*lanes+4)*(to-from)
}

// MulAdd computes dst = init + W·src; the weights of a row are added in the
// order of their columns, then init.
func (p *CSR) MulAdd(dst, init, src []float32) {
	for g := range p.counts.len() {
		for lane := range lanes {
			var acc float32
			for k := p.Start(g) + lane; k < p.Start(g+1); k += lanes {
				acc = fma(p.weights.at(k), src[p.columns.at(k)], acc)
			}
			r := p.row(g, lane)
			dst[r] = acc + init[r]
		}
	}
}

// row is the row of a lane of a group.
func (p *CSR) row(g, lane int) int { return lanes*g + int(int16(p.places.at(lanes*g+lane))) }

// Unpack is the matrix with its padded rows.
func (p *CSR) Unpack() *Matrix {
	m := NewMatrix(p.rows, p.cols)
	k := 0
	for g := range p.counts.len() {
		for range int(p.counts.at(g)) {
			for lane := range lanes {
				// Added, not set: padding repeats a column.
				m.Row(p.row(g, lane))[p.columns.at(k)] += p.weights.at(k)
				k++
			}
		}
	}
	return m
}
