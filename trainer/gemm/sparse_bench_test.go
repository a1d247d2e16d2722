package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
)

// BenchmarkSparse is one step of the recurrent products of a GRU of 256 units over
// 32 streams, with the matrix and back with its transpose, dense and sparse.
func BenchmarkSparse(b *testing.B) {
	const m, rows, cols = 32, 768, 256
	rng := rand.New(rand.NewPCG(27, 28))
	x, c := random(rng, m*cols), make([]float32, m*rows)
	im := New(1)
	for _, density := range []float64{1, 0.2, 0.1, 0.05} {
		w := randomSparse(rng, rows, cols, density)
		if density == 1 {
			b.Run("dense", func(b *testing.B) {
				for b.Loop() {
					im.Sgemm(blas.NoTrans, blas.Trans, m, rows, cols, 1, x, cols, w, cols, 1, c, rows)
				}
			})
			b.Run("dense-back", func(b *testing.B) {
				for b.Loop() {
					im.Sgemm(blas.NoTrans, blas.NoTrans, m, cols, rows, 1, c, rows, w, cols, 1, x, cols)
				}
			})
			continue
		}
		var forward, back Sparse
		forward.Compress(rows, cols, w)
		back.Transpose(&forward)
		b.Run(fmt.Sprintf("%.2f", density), func(b *testing.B) {
			for b.Loop() {
				forward.AddProduct(m, x, cols, c, rows)
			}
		})
		b.Run(fmt.Sprintf("%.2f-back", density), func(b *testing.B) {
			for b.Loop() {
				back.AddProduct(m, c, rows, x, cols)
			}
		})
		b.Run(fmt.Sprintf("%.2f-compress", density), func(b *testing.B) {
			for b.Loop() {
				forward.Compress(rows, cols, w)
				back.Transpose(&forward)
			}
		})
	}
}
