package nn

import (
	"gonum.org/v1/gonum/blas"

	"github.com/sparsec/sparsec/trainer/gemm"
)

// product multiplies by a matrix of weights, forward and back: by all of them or,
// where [Pass.SparseBelow] says so, by those that are not zero. The two differ by
// rounding only. The gradient of the weights themselves is dense as long as a pruned
// weight may take part again, which hangs on its gradient, see [Pass.ZerosStay].
//
// Float64 networks, in which gradients are checked, multiply densely.
type product[T Float] struct {
	below  float64
	stay   bool
	ranges []*rowRange // the first used of them are of this pass, the others' memory waits
	used   int
}

// rowRange is rows of the matrix, looked at when a pass first multiplies by them.
type rowRange struct {
	from, to      int
	sparse        bool
	forward, back gemm.Sparse // the rows, and their transpose
	hasBack       bool
}

// sparseVectors is the least number of vectors for which a sparse product is
// computed: it works on that many side by side.
const sparseVectors = 8

// begin forgets what the values were.
func (p *product[T]) begin(pass Pass) {
	p.below, p.stay, p.used = pass.SparseBelow, pass.ZerosStay, 0
}

// multiply computes C = X·Wᵀ + beta·C with rows [from, to) of w, for n vectors X
// [n w.Cols]. ldc is the distance of rows of C [n to−from].
func (p *product[T]) multiply(w *Param[T], from, to, n int, x []T, beta T, c []T, ldc int) {
	k := w.Cols
	r := p.sparseRange(w, from, to, n)
	if r == nil {
		denseProduct(blas.NoTrans, blas.Trans, n, to-from, k, x, k, w.Value[from*k:], k, beta, c, ldc)
		return
	}
	if beta == 0 {
		clearRows(c, n, to-from, ldc)
	}
	r.forward.AddProduct(n, any(x).([]float32), k, any(c).([]float32), ldc)
}

// multiplyBack computes C = D·W + beta·C with rows [from, to) of w, for n vectors D
// whose distance is ldd. C is [n w.Cols].
func (p *product[T]) multiplyBack(w *Param[T], from, to, n int, d []T, ldd int, beta T, c []T) {
	k := w.Cols
	r := p.sparseRange(w, from, to, n)
	if r == nil {
		denseProduct(blas.NoTrans, blas.NoTrans, n, k, to-from, d, ldd, w.Value[from*k:], k, beta, c, k)
		return
	}
	if beta == 0 {
		clearRows(c, n, k, k)
	}
	if !r.hasBack {
		r.back.Transpose(&r.forward)
		r.hasBack = true
	}
	r.back.AddProduct(n, any(d).([]float32), ldd, any(c).([]float32), k)
}

// addGradient adds Dᵀ·X to the gradient of rows [from, to) of w, for n gradients D
// whose distance is ldd and the vectors X [n w.Cols] that were multiplied.
func (p *product[T]) addGradient(w *Param[T], from, to, n int, d []T, ldd int, x []T) {
	k := w.Cols
	grad := w.Grad[from*k : to*k]
	if p.stay {
		if r := p.sparseRange(w, from, to, n); r != nil {
			r.forward.AddGradient(n, any(d).([]float32), ldd, any(x).([]float32), k, any(grad).([]float32))
			return
		}
	}
	denseProduct(blas.Trans, blas.NoTrans, to-from, k, n, d, ldd, x, k, 1, grad, k)
}

// sparseRange returns rows whose products with n vectors are sparse, and nil where
// they are dense.
func (p *product[T]) sparseRange(w *Param[T], from, to, n int) *rowRange {
	value, ok := any(w.Value).([]float32)
	if !ok || p.below == 0 || n < sparseVectors {
		return nil
	}
	r := p.find(from, to)
	if r == nil {
		r = p.add(from, to)
		value = value[from*w.Cols : to*w.Cols]
		r.sparse = float64(gemm.CountNonZero(value)) < p.below*float64(len(value))
		if r.sparse {
			r.forward.Compress(to-from, w.Cols, value)
		}
	}
	if !r.sparse {
		return nil
	}
	return r
}

// find returns the range of rows of this pass, nil if they were not looked at yet.
func (p *product[T]) find(from, to int) *rowRange {
	for _, r := range p.ranges[:p.used] {
		if r.from == from && r.to == to {
			return r
		}
	}
	return nil
}

// add returns a range with memory of an earlier pass, where there is one.
func (p *product[T]) add(from, to int) *rowRange {
	if p.used == len(p.ranges) {
		p.ranges = append(p.ranges, &rowRange{})
	}
	r := p.ranges[p.used]
	p.used++
	r.from, r.to, r.hasBack = from, to, false
	return r
}

// clearRows zeroes n rows of width elements that are ld apart.
func clearRows[T Float](c []T, n, width, ld int) {
	for i := range n {
		clear(c[i*ld:][:width])
	}
}
