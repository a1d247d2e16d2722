package rt

// This file holds the products of several streams in lockstep in portable Go.
// Vectors of all streams lie element after element, lanes float32 each; init has
// stride float32 a row: lanes, or 1 where all streams have the same.

// lockstepStream computes dst = init + W·src for a sparse tile W. Runs say how
// the rows go on: quadruples of weights and single ones in each row, then the
// number of rows; no rows end them. ids name the rows, in their order of length;
// an offset counts pairs of float32 in src. init may be dst.
func lockstepStream(dst, init, src, weights []float32, offsets, ids []uint16, runs []uint32, lanes, stride int) {
	for ; runs[2] > 0; runs = runs[3:] {
		n := int(4*runs[0] + runs[1])
		for range runs[2] {
			row := int(ids[0])
			ids = ids[1:]
			y := dst[row*lanes:][:lanes]
			startRow(y, init[row*stride:], stride)
			for k, o := range offsets[:n] {
				w, x := weights[k], src[2*int(o):][:lanes]
				for lane, v := range x {
					y[lane] += float32(w * v)
				}
			}
			weights, offsets = weights[n:], offsets[n:]
		}
	}
}

// lockstepDense computes dst = init + W·src for a dense W of cols columns, in the
// panels that matvecDense reads. init may be dst.
func lockstepDense(dst, init, src, weights []float32, cols, lanes, stride int) {
	const panel = 32
	rows := len(dst) / lanes
	for row := range rows {
		first := row / panel * panel
		height := min(panel, rows-first)
		w := weights[first*cols+row-first:]
		y := dst[row*lanes:][:lanes]
		startRow(y, init[row*stride:], stride)
		for c := range cols {
			v, x := w[c*height], src[c*lanes:][:lanes]
			for lane := range y {
				y[lane] += float32(v * x[lane])
			}
		}
	}
}

// startRow begins the sums of a row.
func startRow(y, init []float32, stride int) {
	if stride > 1 {
		copy(y, init)
		return
	}
	for lane := range y {
		y[lane] = init[0]
	}
}
