package gemm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas"
)

// The products of a training step and a square one.
var benchShapes = [][3]int{
	{512, 512, 512}, {32, 768, 256}, {32, 256, 768}, {2048, 64, 768}, {768, 2048, 256}, {768, 256, 2048}, {32, 64, 128}, {32, 32, 32},
}

// BenchmarkSgemm reports GFLOP/s. NN, NT and TN say which of A and B is
// transposed.
func BenchmarkSgemm(b *testing.B) {
	for _, s := range benchShapes {
		for _, trans := range []string{"NN", "NT", "TN"} {
			for _, im := range benchmarked() {
				b.Run(fmt.Sprintf("%dx%dx%d/%s/%s", s[0], s[1], s[2], trans, im.name), func(b *testing.B) {
					benchmarkSgemm(b, im.blas, blas.Transpose(trans[0]), blas.Transpose(trans[1]), s[0], s[1], s[2])
				})
			}
		}
	}
}

// benchmarked returns one and two workers of each instruction set, and gonum.
func benchmarked() []implementation {
	var some []implementation
	for _, im := range implementations() {
		if strings.HasSuffix(im.name, "-1") || strings.HasSuffix(im.name, "-2") {
			some = append(some, im)
		}
	}
	return append(some, implementation{"gonum", new(Implementation)})
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
