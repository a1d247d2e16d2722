package gemm

// sumLanes is the number of partial sums of the gradient of a weight.
const sumLanes = 8

// AddGradient computes G += Dᵀ·X where s stores an element, and leaves G as it is
// elsewhere. D [n rows] and X [n cols] have rows that are ldd and ldx apart, G is
// [rows cols].
func (s *Sparse) AddGradient(n int, d []float32, ldd int, x []float32, ldx int, g []float32) {
	s.d = grown(s.d, s.rows*panelLanes)
	s.sums = grown(s.sums, len(s.values)*sumLanes)
	clear(s.sums)
	for from := 0; from < n; from += panelLanes {
		lanes := min(panelLanes, n-from)
		if lanes < panelLanes { // lanes that are not used add nothing
			clear(s.x)
			clear(s.d)
		}
		turnPanel(s.x, panelLanes, x[from*ldx:], ldx, s.cols, lanes)
		turnPanel(s.d, panelLanes, d[from*ldd:], ldd, s.rows, lanes)
		for row := 0; row < s.rows; row += panelRows {
			s.sumRows(row, min(panelRows, s.rows-row))
		}
	}
	s.addSums(g)
}

// addSums adds up the partial sums.
func (s *Sparse) addSums(g []float32) {
	for r := range s.rows {
		row := g[r*s.cols : (r+1)*s.cols]
		for i := s.starts[r]; i < s.starts[r+1]; i++ {
			p := (*[sumLanes]float32)(s.sums[i*sumLanes:])
			row[s.offsets[i]/panelRowBytes] += ((p[0] + p[4]) + (p[1] + p[5])) + ((p[2] + p[6]) + (p[3] + p[7]))
		}
	}
}

// sumRowsPortable adds to the partial sums of the weights of rows the products of
// the two panels.
func (s *Sparse) sumRowsPortable(row, rows int) {
	for r := row; r < row+rows; r++ {
		d := s.d[r*panelLanes:][:panelLanes]
		for i := s.starts[r]; i < s.starts[r+1]; i++ {
			x, sums := s.x[s.offsets[i]/4:][:panelLanes], s.sums[i*sumLanes:][:sumLanes]
			for j, v := range d {
				sums[j%sumLanes] += v * x[j]
			}
		}
	}
}

// grown returns n elements with any contents, in the memory of x where that suffices.
func grown(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}
