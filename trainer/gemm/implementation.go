package gemm

import (
	"fmt"
	"runtime"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is gonum's BLAS with a faster Sgemm. Every other routine is
// gonum's own. It is safe for concurrent use. Make one with New.
type Implementation struct {
	gonum.Implementation
	multiplier multiplier // nil where there is no assembly: gonum multiplies
}

var _ blas.Float32 = (*Implementation)(nil)

// multiplier computes a product whose arguments are known to be valid.
type multiplier interface {
	multiply(product)
	name() string
}

// New returns an implementation that spreads one product over at most workers
// goroutines, the caller's among them; 0 stands for runtime.GOMAXPROCS(0). The
// result of a product does not depend on the number. New panics if workers is
// negative.
func New(workers int) *Implementation {
	if workers < 0 {
		panic(fmt.Sprintf("gemm: %d workers, want 0 or more", workers))
	}
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return &Implementation{multiplier: newMultiplier(workers)}
}

// Register installs New(workers) as the implementation behind package blas32
// and returns it. Like blas32.Use, it must not run beside other calls to blas32.
func Register(workers int) *Implementation {
	im := New(workers)
	blas32.Use(im)
	return im
}

// Kernel names what computes Sgemm on this machine: "avx512", "avx2" or
// "gonum".
func (im *Implementation) Kernel() string {
	if im.multiplier == nil {
		return "gonum"
	}
	return im.multiplier.name()
}

// Sgemm computes
//
//	C = alpha·op(A)·op(B) + beta·C
//
// for row-major matrices: op(A) is m×k, op(B) is k×n, C is m×n, and op is the
// transposition where tA or tB asks for it. lda, ldb and ldc are the distances
// of rows as they are stored. C must not overlap A or B.
//
// The semantics, and the panics for wrong arguments, are those of the reference
// BLAS: with beta = 0 C is overwritten whatever it holds, with alpha = 0 A and B
// are not read. Unlike gonum's Sgemm a zero in A does not hide a NaN or an
// infinity in B.
func (im *Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	p := product{
		transA: tA != blas.NoTrans, transB: tB != blas.NoTrans,
		m: m, n: n, k: k,
		alpha: alpha, a: a, lda: lda, b: b, ldb: ldb,
		beta: beta, c: c, ldc: ldc,
	}
	switch {
	case !validTranspose(tA) || !validTranspose(tB) || !p.valid() || im.multiplier == nil && alpha != 0:
		// Where there is nothing to multiply gonum scales C, does nothing, or
		// panics with its own message.
		im.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	case alpha == 0:
		p.scale() // gonum would read A and B
	default:
		im.multiplier.multiply(p)
	}
}

func validTranspose(t blas.Transpose) bool {
	return t == blas.NoTrans || t == blas.Trans || t == blas.ConjTrans
}
