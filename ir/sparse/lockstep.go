package sparse

// DenseLockstep is a [Dense] as kernels multiply it with several vectors in
// lockstep, lanes over the vectors: the same sections, another order of
// additions.
type DenseLockstep struct{ *Dense }

// MulAdd computes dst = init + W·src for one of the vectors: one chain of
// multiply-adds that begins with init, column by column.
func (d DenseLockstep) MulAdd(dst, init, src []float32) {
	for r := range d.rows {
		at, stride := d.place(r)
		sum := init[r]
		for c := range d.cols {
			sum = fma(d.weights.at(at+c*stride), src[c], sum)
		}
		dst[r] = sum
	}
}
