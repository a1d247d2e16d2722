package nn

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// Float is the element type of a network.
type Float interface{ float32 | float64 }

// denseProduct computes C = op(A)·op(B) + beta·C for row-major matrices: op(A) is m×k,
// op(B) k×n, C m×n; lda, ldb and ldc are the distances of stored rows.
func denseProduct[T Float](tA, tB blas.Transpose, m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	switch a := any(a).(type) {
	case []float32:
		blas32.Implementation().Sgemm(tA, tB, m, n, k, 1, a, lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), ldc)
	case []float64:
		blas64.Implementation().Dgemm(tA, tB, m, n, k, 1, a, lda, any(b).([]float64), ldb, float64(beta), any(c).([]float64), ldc)
	}
}

// addTo computes y += x. len(x) = len(y).
func addTo[T Float](y, x []T) {
	switch x := any(x).(type) {
	case []float32:
		blas32.Implementation().Saxpy(len(x), 1, x, 1, any(y).([]float32), 1)
	case []float64:
		blas64.Implementation().Daxpy(len(x), 1, x, 1, any(y).([]float64), 1)
	}
}

// addColumnSums adds to sum[j] the sum of column j of the rows×len(sum) matrix x.
func addColumnSums[T Float](sum, x []T) {
	for n := len(sum); len(x) >= n && n > 0; x = x[n:] {
		addTo(sum, x[:n])
	}
}

// fillRows writes row into every row of the matrix x, whose width is len(row).
func fillRows[T Float](x, row []T) {
	for n := len(row); len(x) >= n && n > 0; x = x[n:] {
		copy(x[:n], row)
	}
}

// resized returns a slice of n elements in the memory of x where that suffices.
// Its content is undefined.
func resized[E any](x []E, n int) []E {
	if cap(x) < n {
		return make([]E, n)
	}
	return x[:n]
}
