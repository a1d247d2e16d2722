//go:build amd64 && !purego

package gemm

// tile is one call of the micro-kernel.
type tile struct {
	rows, cols, k int
	a             view
	b             *float32
	rsb           int
	alpha, beta   float32
	c             view
}

// multiply computes the tile in place where the micro-kernel can write to C, and
// otherwise, with the same arithmetic, on a copy whose rows are whole vectors.
func (t *tile) multiply(u microKernel, w *workspace) {
	vectors := ceilDiv(t.cols, u.lanes)
	if t.c.cs == 1 && t.cols == vectors*u.lanes {
		u.tile(t.rows, vectors, t.k, t.a, t.b, t.rsb, t.c.data, t.c.rs, t.alpha, t.beta)
		return
	}
	edge := view{w.edge[:], u.nr, 1}
	if t.beta != 0 {
		copyTile(edge, t.c, t.rows, t.cols)
	}
	u.tile(t.rows, vectors, t.k, t.a, t.b, t.rsb, edge.data, edge.rs, t.alpha, t.beta)
	copyTile(t.c, edge, t.rows, t.cols)
}

// copyTile copies a rows×cols matrix. One of the two has contiguous rows, the
// other contiguous rows or contiguous columns.
func copyTile(dst, src view, rows, cols int) {
	switch {
	case dst.cs == 1 && src.cs == 1:
		for i := range rows {
			copy(dst.data[i*dst.rs:][:cols], src.data[i*src.rs:])
		}
	case dst.cs == 1:
		transpose(dst, src, rows, cols)
	default:
		transpose(view{dst.data, dst.cs, dst.rs}, view{src.data, src.cs, src.rs}, cols, rows)
	}
}

// transpose copies a rows×cols matrix with contiguous columns, rs = 1, to one
// with contiguous rows, cs = 1.
func transpose(dst, src view, rows, cols int) {
	wholeRows, wholeCols := rows&^3, cols&^7
	if wholeRows > 0 {
		for col := 0; col < wholeCols; col += 8 {
			transposeRows8(wholeRows, &src.data[col*src.cs], src.cs, &dst.data[col], dst.rs)
		}
	}
	transposeRest(dst, src, wholeRows, rows, 0, cols)
	transposeRest(dst, src, 0, wholeRows, wholeCols, cols)
}

// transposeRest copies rows row0 to row1 of columns col0 to col1.
func transposeRest(dst, src view, row0, row1, col0, col1 int) {
	for row := row0; row < row1; row++ {
		for col := col0; col < col1; col++ {
			dst.data[row*dst.rs+col] = src.data[col*src.cs+row]
		}
	}
}
