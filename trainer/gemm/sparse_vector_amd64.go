//go:build amd64 && !purego

package gemm

// hasVector reports whether this machine can run the assembly.
var hasVector = detect() != none

// multiplyRows computes the rows from row on times the panel s.x into s.y.
func (s *Sparse) multiplyRows(row, rows, lanes int) {
	if !hasVector || len(s.values) == 0 {
		s.multiplyRowsPortable(row, rows, lanes)
		return
	}
	sparseRowsAVX2(rows, &s.starts[row], &s.offsets[0], &s.values[0], &s.x[0], &s.y[0], ceilDiv(lanes, 8))
}

// sumRows adds to the partial sums of the weights of rows the products of the two
// panels.
func (s *Sparse) sumRows(row, rows int) {
	if !hasVector || len(s.values) == 0 {
		s.sumRowsPortable(row, rows)
		return
	}
	sparseGradientAVX2(rows, &s.starts[row], &s.offsets[0], &s.d[row*panelLanes], &s.x[0], &s.sums[0])
}

// turnPanel is transposePortable.
func turnPanel(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if !hasVector {
		transposePortable(dst, ldd, src, lds, rows, cols)
		return
	}
	transpose(view{dst, ldd, 1}, view{src, 1, lds}, rows, cols)
}
