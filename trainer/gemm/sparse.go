package gemm

import (
	"math"

	"gonum.org/v1/gonum/blas/gonum"
)

// A panel holds panelLanes columns of a matrix: [row][panelLanes]. One value of a
// sparse matrix multiplies a row of it at once.
const (
	panelLanes    = 32
	panelRowBytes = 4 * panelLanes
)

// panelRows is the number of rows of a sparse matrix that are multiplied before
// their results, which the first-level cache still has, are brought to C. It also
// bounds the time in assembly, during which a goroutine cannot be stopped.
const panelRows = 64

// Sparse is a float32 matrix of which only the elements that are not zero are
// stored, by rows, with what its products are computed in. The zero value is a
// matrix without rows. It is not safe for concurrent use.
type Sparse struct {
	rows, cols int
	starts     []int32   // [rows+1]: places in offsets and values where rows begin
	offsets    []int32   // bytes from the start of a panel to the row that a value multiplies
	values     []float32 // in the order of columns

	x      []float32                       // [cols][panelLanes]
	y, out [panelRows * panelLanes]float32 // [row][lane], and [lane][row]

	d    []float32 // of gradients: [rows][panelLanes]
	sums []float32 // of gradients: [value][sumLanes]
}

// CountNonZero is the number of elements of w that are not zero.
func CountNonZero(w []float32) (n int) {
	for _, v := range w {
		if nonZero(v) {
			n++
		}
	}
	return n
}

// nonZero is v != 0 as an integer comparison, which compiles to no jump: where the
// zeros lie cannot be foretold.
func nonZero(v float32) bool { return math.Float32bits(v)<<1 != 0 }

// Compress makes s the matrix w [rows cols]. Memory is used again.
func (s *Sparse) Compress(rows, cols int, w []float32) {
	w = w[:rows*cols]
	n := CountNonZero(w)
	s.shape(rows, cols, n)
	// Every element is written to where the next one that counts goes, which is
	// one place behind the end for zeros behind the last of these.
	offsets, values := s.offsets[:n+1], s.values[:n+1]
	at := 0
	for r := range rows {
		s.starts[r] = int32(at)
		for c, v := range w[r*cols : (r+1)*cols] {
			offsets[at], values[at] = int32(c*panelRowBytes), v
			if nonZero(v) {
				at++
			}
		}
	}
	s.starts[rows] = int32(at)
}

// Transpose makes s the transpose of o.
func (s *Sparse) Transpose(o *Sparse) {
	s.shape(o.cols, o.rows, len(o.values))
	next := s.starts[1:] // where the next value of a row goes: at last the end of it
	clear(next)
	for _, offset := range o.offsets {
		next[offset/panelRowBytes]++
	}
	total := int32(0)
	for c, n := range next {
		next[c] = total
		total += n
	}
	for r := range o.rows {
		for i := o.starts[r]; i < o.starts[r+1]; i++ {
			at := &next[o.offsets[i]/panelRowBytes]
			s.offsets[*at], s.values[*at] = int32(r*panelRowBytes), o.values[i]
			*at++
		}
	}
}

// shape makes room for n values, and one place behind them.
func (s *Sparse) shape(rows, cols, n int) {
	s.rows, s.cols = rows, cols
	s.starts = append(s.starts[:0], make([]int32, rows+1)...)
	if cap(s.values) <= n {
		s.offsets, s.values = make([]int32, n+1), make([]float32, n+1)
	}
	s.offsets, s.values = s.offsets[:n], s.values[:n]
	s.x = grown(s.x, cols*panelLanes)
}

// AddProduct computes C += X·Sᵀ for row-major matrices X [m cols] and C [m rows],
// whose rows are ldx and ldc apart. The bits of an element of C depend neither on m
// nor on its place; assembly rounds otherwise than Go does, as products are fused.
func (s *Sparse) AddProduct(m int, x []float32, ldx int, c []float32, ldc int) {
	for from := 0; from < m; from += panelLanes {
		s.addPanel(min(panelLanes, m-from), x[from*ldx:], ldx, c[from*ldc:], ldc)
	}
}

// addPanel does so for as many rows of X and C as a panel has lanes, or fewer.
func (s *Sparse) addPanel(lanes int, x []float32, ldx int, c []float32, ldc int) {
	turnPanel(s.x, panelLanes, x, ldx, s.cols, lanes)
	for row := 0; row < s.rows; row += panelRows {
		rows := min(panelRows, s.rows-row)
		s.multiplyRows(row, rows, lanes)
		turnPanel(s.out[:], panelRows, s.y[:], panelLanes, lanes, rows)
		for i := range lanes {
			gonum.Implementation{}.Saxpy(rows, 1, s.out[i*panelRows:], 1, c[i*ldc+row:], 1)
		}
	}
}

// multiplyRowsPortable computes the rows from row on times the panel s.x into s.y.
func (s *Sparse) multiplyRowsPortable(row, rows, lanes int) {
	for r := range rows {
		y := s.y[r*panelLanes:][:lanes]
		clear(y)
		for i := s.starts[row+r]; i < s.starts[row+r+1]; i++ {
			x, v := s.x[s.offsets[i]/4:][:lanes], s.values[i]
			for j := range y {
				y[j] += v * x[j]
			}
		}
	}
}

// transposePortable sets dst [rows cols] to the transpose of src [cols rows], whose
// rows are ldd and lds apart.
func transposePortable(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j := range cols {
			dst[i*ldd+j] = src[j*lds+i]
		}
	}
}
