package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
)

var benchShapes = []struct{ m, n, k int }{{512, 512, 512}, {32, 768, 256}, {32, 256, 768}, {2048, 64, 768}, {768, 2048, 256}, {768, 256, 2048}, {32, 32, 32}, {32, 64, 128}, {512, 512, 2048}, {2048, 512, 512}}

func BenchmarkSgemm(b *testing.B) {
	for _, im := range implementations() {
		for _, s := range benchShapes {
			for _, tr := range [][2]blas.Transpose{{blas.NoTrans, blas.NoTrans}, {blas.NoTrans, blas.Trans}, {blas.Trans, blas.NoTrans}} {
				b.Run(fmt.Sprintf("%s/%dx%dx%d/%c%c", im.name, s.m, s.n, s.k, tr[0], tr[1]), func(b *testing.B) {
					benchmarkSgemm(b, im.blas, tr[0], tr[1], s.m, s.n, s.k)
				})
			}
		}
	}
}

func benchmarkSgemm(b *testing.B, im *Implementation, tA, tB blas.Transpose, m, n, k int) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, lda := random(rng, m*k), k
	y, ldb := random(rng, k*n), n
	if tA == blas.Trans {
		lda = m
	}
	if tB == blas.Trans {
		ldb = k
	}
	c := make([]float32, m*n)
	b.ReportAllocs()
	for b.Loop() {
		im.Sgemm(tA, tB, m, n, k, 1, x, lda, y, ldb, 0, c, n)
	}
	b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()*1e-9, "GFLOP/s")
}
