package sparse

import "fmt"

// blockQuad is the number of blocks that a block kernel takes at a time.
const blockQuad = 4

// Block is a matrix of R×1 blocks: block row b holds, for the columns in which
// any of its R rows has a weight, the column and R weights.
//
// Blocks of a block row are padded to a multiple of 4 by zero weights for the
// row's own last column, so that a kernel reads no element of src that the
// rows do not read anyway.
type Block struct {
	rows, cols, nnz, height int

	weights weightArray // [block][height]
	columns uint16s     // [block]
	counts  uint32s     // [block row] quadruples of blocks
	starts  []int       // [block row] first quadruple; one more at the end
}

// PackBlock packs a matrix in blocks of height rows by one column; height is
// 4, 8 or 16, and rows are padded to a multiple of max(8, height). A matrix of
// more than 65,536 columns does not fit.
func PackBlock(m *Matrix, height int) (*Block, error) { return PackBlockIn(Float32, m, height) }

// PackBlockIn is like [PackBlock] for the given precision; weights must be finite
// unless it is Float32.
func PackBlockIn(precision Precision, m *Matrix, height int) (*Block, error) {
	if height != 4 && height != 8 && height != 16 {
		return nil, fmt.Errorf("blocks of %d rows: want 4, 8 or 16", height)
	}
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit block columns reach", m.Cols)
	}
	b := &Block{rows: roundUp(m.Rows, max(lanes, height)), cols: m.Cols, nnz: m.NNZ(), height: height}
	var err error
	if b.weights, err = newWeightArray(m, precision, b.rows); err != nil {
		return nil, err
	}
	for first := 0; first < b.rows; first += height {
		b.packRow(m, first)
	}
	b.starts = append(b.starts, b.columns.len()/blockQuad)
	return b, nil
}

// packRow appends the block row that begins at row first.
func (b *Block) packRow(m *Matrix, first int) {
	b.starts = append(b.starts, b.columns.len()/blockQuad)
	before, last := b.columns.len(), 0
	for c := range m.Cols {
		if columnEmpty(m, first, b.height, c) {
			continue
		}
		last = c
		b.columns.append(uint16(c))
		for r := first; r < first+b.height; r++ {
			if r < m.Rows {
				b.weights.append(m.Row(r)[c], r)
			} else {
				b.weights.grow(1)
			}
		}
	}
	for b.columns.len()%blockQuad != 0 {
		b.columns.append(uint16(last))
		b.weights.grow(b.height)
	}
	b.counts.append(uint32((b.columns.len() - before) / blockQuad))
}

func columnEmpty(m *Matrix, first, height, c int) bool {
	for r := first; r < min(first+height, m.Rows); r++ {
		if m.Data[r*m.Cols+c] != 0 {
			return false
		}
	}
	return true
}

// Height is the number of rows of a block.
func (b *Block) Height() int { return b.height }

// Rows is the number of rows with padding, a multiple of 8 and of the height.
func (b *Block) Rows() int { return b.rows }

// Cols is the number of columns.
func (b *Block) Cols() int { return b.cols }

// NNZ is the number of weights that are not exactly zero.
func (b *Block) NNZ() int { return b.nnz }

// Steps is the number of multiply-adds of 8 lanes, or of 4 for 4×1 blocks.
func (b *Block) Steps() int { return b.columns.len() * max(1, b.height/lanes) }

// Precision is how weights are stored.
func (b *Block) Precision() Precision { return b.weights.precision }

// Sections are "weights" (float32, R for each block), or "fixed" (int16),
// "halves" (float16) or "bytes" (int8), "columns" (uint16, one for each block),
// "counts" (uint32, quadruples of blocks in each block row) and, unless weights
// are float32, "scales" (float32, one a row).
func (b *Block) Sections() []Section {
	return append([]Section{b.weights.section(), {"columns", b.columns}, {"counts", b.counts}}, b.weights.scaleSections()...)
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (b *Block) Granule() int { return max(1, b.height/lanes) }

// BlockRows is the range of block rows in a range of 8-row groups.
func (b *Block) BlockRows(from, to int) (int, int) {
	return from * lanes / b.height, to * lanes / b.height
}

// Start is the number of blocks before block row r, padding included.
func (b *Block) Start(r int) int { return blockQuad * b.starts[r] }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (b *Block) Bytes(from, to int) int {
	from, to = b.BlockRows(from, to)
	return (b.Start(to)-b.Start(from))*(b.Precision().Bytes()*b.height+2) + 4*(to-from) + b.weights.scaleBytes(b.height*(to-from))
}

// MulAdd computes dst = init + W·src. Block k of a block row is added to
// accumulator k mod 4; the sum is (a0+a1)+(a2+a3), scaled and added to init in one
// rounding.
func (b *Block) MulAdd(dst, init, src []float32) {
	for r := range b.rows {
		row, lane := r/b.height, r%b.height
		var acc [blockQuad]float32
		for k := b.Start(row); k < b.Start(row+1); k++ {
			a := k % blockQuad
			acc[a] = fma(b.weights.at(k*b.height+lane), src[b.columns.at(k)], acc[a])
		}
		dst[r] = fma((acc[0]+acc[1])+(acc[2]+acc[3]), b.weights.scale(r), init[r])
	}
}

// Unpack is the matrix as stored, with its padded rows.
func (b *Block) Unpack() *Matrix {
	m := NewMatrix(b.rows, b.cols)
	k := 0
	for row := range b.counts.len() {
		for range blockQuad * int(b.counts.at(row)) {
			for lane := range b.height {
				// Added, not set: padding repeats a column.
				r := row*b.height + lane
				m.Row(r)[b.columns.at(k)] += b.weights.weight(k*b.height+lane, r)
			}
			k++
		}
	}
	return m
}

// OccupiedColumns counts the columns in which any of height rows from the first has
// a weight.
func OccupiedColumns(m *Matrix, first, height int) int {
	n := 0
	for c := range m.Cols {
		if !columnEmpty(m, first, height, c) {
			n++
		}
	}
	return n
}
