package sparse

// DensePanel is the number of 8-row groups in a panel of a [Dense] matrix.
const DensePanel = 4

// DenseColumns is the number of columns that a kernel for a panel of the given
// number of groups has in flight: enough accumulators to hide the latency of
// the multiply-add, few enough for the register file.
func DenseColumns(groups int) int { return [...]int{1: 8, 2: 4, 3: 4, 4: 2}[groups] }

// Dense is a matrix with all its columns. Rows are in panels of up to
// [DensePanel] groups of 8; inside a panel weights lie column by column, so
// that a kernel broadcasts one element of src and multiplies it with one
// vector a group. The last panel may have fewer groups.
type Dense struct {
	rows, cols, nnz int
	weights         weightArray
}

// PackDense packs a matrix of any shape and content with weights of float32.
func PackDense(m *Matrix) *Dense {
	d, _ := PackDenseIn(Float32, m) // which holds any weight
	return d
}

// PackDenseIn packs a matrix of any shape in the given precision; weights must
// be finite unless it is Float32.
func PackDenseIn(precision Precision, m *Matrix) (*Dense, error) {
	d := &Dense{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	var err error
	if d.weights, err = newWeightArray(m, precision, d.rows); err != nil {
		return nil, err
	}
	d.weights.grow(d.rows * d.cols)
	for r := range m.Rows {
		at, stride := d.place(r)
		for c, w := range m.Row(r) {
			d.weights.set(at+c*stride, w, r)
		}
	}
	return d, nil
}

// place is where the first weight of row r lies, and how far apart its columns.
func (d *Dense) place(r int) (at, stride int) {
	first := r / (DensePanel * lanes) * DensePanel * lanes
	return first*d.cols + r - first, min(DensePanel*lanes, d.rows-first)
}

// Rows is the number of rows with padding, a multiple of 8.
func (d *Dense) Rows() int { return d.rows }

// Cols is the number of columns.
func (d *Dense) Cols() int { return d.cols }

// NNZ is the number of weights that are not exactly zero.
func (d *Dense) NNZ() int { return d.nnz }

// Steps is the number of multiply-adds of 8 lanes.
func (d *Dense) Steps() int { return d.rows / lanes * d.cols }

// Precision is how weights are stored.
func (d *Dense) Precision() Precision { return d.weights.precision }

// Sections are the array "weights" of float32, or "fixed" (int16), "halves"
// (float16) or "bytes" (int8), and "scales" (float32, one a row).
func (d *Dense) Sections() []Section {
	return append([]Section{d.weights.section()}, d.weights.scaleSections()...)
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (d *Dense) Granule() int { return DensePanel }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (d *Dense) Bytes(from, to int) int {
	return d.Precision().Bytes()*lanes*(to-from)*d.cols + d.weights.scaleBytes(lanes*(to-from))
}

// MulAdd computes dst = init + W·src. Column c is added to accumulator
// c mod DenseColumns, what is left over to the first; accumulators are added
// pairwise; the sum is scaled and added to init in one rounding.
func (d *Dense) MulAdd(dst, init, src []float32) {
	for r := range d.rows {
		at, stride := d.place(r)
		flight := DenseColumns(stride / lanes)
		var acc [8]float32
		for c := range d.cols {
			a := 0
			if c < d.cols/flight*flight {
				a = c % flight
			}
			acc[a] = fma(d.weights.at(at+c*stride), src[c], acc[a])
		}
		for half := flight / 2; half > 0; half /= 2 {
			for a := range half {
				acc[a] += acc[a+half]
			}
		}
		dst[r] = fma(acc[0], d.weights.scale(r), init[r])
	}
}

// Unpack is the matrix as stored, with its padded rows.
func (d *Dense) Unpack() *Matrix {
	m := NewMatrix(d.rows, d.cols)
	for r := range d.rows {
		at, stride := d.place(r)
		for c := range d.cols {
			m.Row(r)[c] = d.weights.weight(at+c*stride, r)
		}
	}
	return m
}
