//go:build !amd64 || purego

package gemm

// multiplyRows computes the rows from row on times the panel s.x into s.y.
func (s *Sparse) multiplyRows(row, rows, lanes int) { s.multiplyRowsPortable(row, rows, lanes) }

// sumRows adds to the partial sums of the weights of rows the products of the two
// panels.
func (s *Sparse) sumRows(row, rows int) { s.sumRowsPortable(row, rows) }

// turnPanel is transposePortable.
func turnPanel(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	transposePortable(dst, ldd, src, lds, rows, cols)
}
