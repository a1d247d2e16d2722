package sparse

import "fmt"

// The sides of the blocks of a [WideBlock].
const (
	WideBlockRows = 8
	WideBlockCols = 4
)

// WideBlock is a matrix of 8×4 blocks: block row b holds, for each 4 columns in
// which any of its 8 rows has a weight, the first column and 32 weights, column
// by column. Compared with 8×1 blocks there is one place for four columns.
//
// Blocks begin at multiples of 4, but the last one of a matrix whose columns are
// none ends with it, so that a kernel reads nothing behind the last column. A row
// multiplies 0 by elements of src that it has no weight for, where its block has
// weights beside: an infinity or NaN in src reaches every row that has a weight
// for it, but others of the block too.
type WideBlock struct {
	rows, cols, nnz int

	weights float32s // [block][4][8]
	columns uint16s  // [block] first column
	counts  uint32s  // [block row] blocks
	starts  []int    // [block row] first block; one more at the end
}

// PackWideBlock packs a matrix of 4 to 65,536 columns. Rows are padded to a
// multiple of 8.
func PackWideBlock(m *Matrix) (*WideBlock, error) {
	if m.Cols < WideBlockCols || m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want 4 to 65536, which blocks of 4 columns with 16-bit places reach", m.Cols)
	}
	b := &WideBlock{rows: roundUp(m.Rows, WideBlockRows), cols: m.Cols, nnz: m.NNZ()}
	for first := 0; first < b.rows; first += WideBlockRows {
		b.starts = append(b.starts, b.columns.len())
		b.packRow(m, first)
	}
	b.starts = append(b.starts, b.columns.len())
	return b, nil
}

// packRow appends the block row that begins at row first.
func (b *WideBlock) packRow(m *Matrix, first int) {
	before := b.columns.len()
	for from := range wideBlocks(m, first) {
		at := min(from, m.Cols-WideBlockCols)
		b.columns.append(uint16(at))
		for c := at; c < at+WideBlockCols; c++ {
			for r := first; r < first+WideBlockRows; r++ {
				w := float32(0)
				if r < m.Rows && c >= from { // columns before are of the last block but one
					w = m.Row(r)[c]
				}
				b.weights.append(w)
			}
		}
	}
	b.counts.append(uint32(b.columns.len() - before))
}

// wideBlocks returns an iterator over the multiples of 4 at which the block row
// that begins at row first has a block.
func wideBlocks(m *Matrix, first int) func(yield func(from int) bool) {
	return func(yield func(from int) bool) {
		for from := 0; from < m.Cols; from += WideBlockCols {
			for c := from; c < min(from+WideBlockCols, m.Cols); c++ {
				if !columnEmpty(m, first, WideBlockRows, c) {
					if !yield(from) {
						return
					}
					break
				}
			}
		}
	}
}

// WideBlocks counts the blocks that [PackWideBlock] would make.
func WideBlocks(m *Matrix) int {
	n := 0
	for first := 0; first < m.Rows; first += WideBlockRows {
		for range wideBlocks(m, first) {
			n++
		}
	}
	return n
}

// Rows is the number of rows with padding, a multiple of 8.
func (b *WideBlock) Rows() int { return b.rows }

// Cols is the number of columns.
func (b *WideBlock) Cols() int { return b.cols }

// NNZ is the number of weights that are not exactly zero.
func (b *WideBlock) NNZ() int { return b.nnz }

// Steps is the number of multiply-adds of 8 lanes.
func (b *WideBlock) Steps() int { return WideBlockCols * b.columns.len() }

// Sections are "weights" (float32, 32 for each block), "columns" (uint16, one
// for each block) and "counts" (uint32, blocks in each block row).
func (b *WideBlock) Sections() []Section {
	return []Section{{"weights", b.weights}, {"columns", b.columns}, {"counts", b.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (b *WideBlock) Granule() int { return 1 }

// Start is the number of blocks before block row r.
func (b *WideBlock) Start(r int) int { return b.starts[r] }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (b *WideBlock) Bytes(from, to int) int {
	return (b.Start(to)-b.Start(from))*(4*WideBlockRows*WideBlockCols+2) + 4*(to-from)
}

// MulAdd computes dst = init + W·src. Each column of a block has an accumulator
// of its own; the sum is (a0+a1)+(a2+a3), then init.
func (b *WideBlock) MulAdd(dst, init, src []float32) {
	for r := range b.rows {
		row, lane := r/WideBlockRows, r%WideBlockRows
		var acc [WideBlockCols]float32
		for k := b.Start(row); k < b.Start(row+1); k++ {
			for c := range acc {
				acc[c] = fma(b.weight(k, c, lane), src[int(b.columns.at(k))+c], acc[c])
			}
		}
		dst[r] = (acc[0] + acc[1]) + (acc[2] + acc[3]) + init[r]
	}
}

// weight is the weight of a column and row of block k.
func (b *WideBlock) weight(k, column, row int) float32 {
	return b.weights.at((k*WideBlockCols+column)*WideBlockRows + row)
}

// Unpack is the matrix with its padded rows.
func (b *WideBlock) Unpack() *Matrix {
	m := NewMatrix(b.rows, b.cols)
	for row := range b.counts.len() {
		for k := b.Start(row); k < b.Start(row+1); k++ {
			for c := range WideBlockCols {
				for r := range WideBlockRows {
					// Added, not set: blocks may overlap at the end.
					m.Row(row*WideBlockRows + r)[int(b.columns.at(k))+c] += b.weight(k, c, r)
				}
			}
		}
	}
	return m
}
