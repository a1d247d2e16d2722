package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
)

// problem is one call of Sgemm with matrices that lie in slices with room
// between their rows and after their end.
type problem struct {
	tA, tB        blas.Transpose
	m, n, k       int
	alpha, beta   float32
	a, b, c       []float32
	lda, ldb, ldc int
}

func (p problem) String() string {
	return fmt.Sprintf("%c%c %dx%dx%d alpha=%g beta=%g ld=%d,%d,%d", p.tA, p.tB, p.m, p.n, p.k, p.alpha, p.beta, p.lda, p.ldb, p.ldc)
}

var transposes = []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}

// sizes are the ones at which blocks, tiles, vectors and unrolled loops end.
var sizes = []int{0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 25, 31, 32, 33, 47, 49, 63, 64, 65, 130, 145, 200}

func newProblem(rng *rand.Rand, m, n, k int) problem {
	scalars := []float32{0, 1, -1, 0.7, -2.5}
	p := problem{
		tA: transposes[rng.IntN(3)], tB: transposes[rng.IntN(3)],
		m: m, n: n, k: k,
		alpha: scalars[rng.IntN(5)], beta: scalars[rng.IntN(5)],
	}
	p.a, p.lda = matrixWithGaps(rng, m, k, p.tA)
	p.b, p.ldb = matrixWithGaps(rng, k, n, p.tB)
	p.c, p.ldc = matrixWithGaps(rng, m, n, blas.NoTrans)
	return p
}

// matrixWithGaps returns a rows×cols matrix or its transpose. What does not
// belong to it is NaN: reading it shows in the result, writing it in the guard.
func matrixWithGaps(rng *rand.Rand, rows, cols int, t blas.Transpose) (x []float32, ld int) {
	if t != blas.NoTrans {
		rows, cols = cols, rows
	}
	ld = max(1, cols) + rng.IntN(2)*rng.IntN(20)
	x = make([]float32, max(0, rows-1)*ld+cols+rng.IntN(2)*rng.IntN(40))
	for i := range x {
		x[i] = float32(math.NaN())
	}
	for i := range rows {
		for j := range cols {
			x[i*ld+j] = rng.Float32()*2 - 1
		}
	}
	return x, ld
}

// random returns n numbers in [-1, 1).
func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// run returns the slice of C after the call.
func (p problem) run(im blas.Float32) []float32 {
	c := append([]float32(nil), p.c...)
	im.Sgemm(p.tA, p.tB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, c, p.ldc)
	return c
}

func at(x []float32, ld, i, j int, t blas.Transpose) float64 {
	if t != blas.NoTrans {
		i, j = j, i
	}
	return float64(x[i*ld+j])
}

// element returns an element of the result in float64, and how far a float32
// result may be from it. A sum of k products in any order, fused or not, is off
// by at most γ_k Σ|a||b| with γ_k = k·u/(1-k·u), u = 2⁻²⁴ (Higham, Accuracy and
// Stability of Numerical Algorithms, 2nd ed., section 3.1); multiplying by alpha,
// multiplying C by beta and adding are three roundings more. The last term
// covers results below the normal range.
func (p problem) element(i, j int) (want, tolerance float64) {
	const u = 1.0 / (1 << 24)
	var sum, size float64
	for l := range p.k {
		x := at(p.a, p.lda, i, l, p.tA) * at(p.b, p.ldb, l, j, p.tB)
		sum += x
		size += math.Abs(x)
	}
	alpha, beta := float64(p.alpha), float64(p.beta)
	want, size = alpha*sum, math.Abs(alpha)*size
	if p.beta != 0 {
		c := beta * float64(p.c[i*p.ldc+j])
		want, size = want+c, size+math.Abs(c)
	}
	e := float64(p.k+3) * u
	return want, e/(1-e)*size + math.SmallestNonzeroFloat32
}

// check holds the results of the implementations against float64, and what is
// not C against what it was.
func (p problem) check(t *testing.T, all ...implementation) {
	t.Helper()
	want, tolerance := make([]float64, len(p.c)), make([]float64, len(p.c))
	for i := range want {
		if p.inside(i) {
			want[i], tolerance[i] = p.element(i/p.ldc, i%p.ldc)
		}
	}
	for _, im := range all {
		for i, x := range p.run(im.blas) {
			switch {
			case !p.inside(i):
				if !math.IsNaN(float64(x)) {
					t.Fatalf("%s: %v: wrote %g outside of C at %d", im.name, p, x, i)
				}
			case !(math.Abs(float64(x)-want[i]) <= tolerance[i]):
				t.Fatalf("%s: %v: C[%d,%d] = %g, want %g ± %g", im.name, p, i/p.ldc, i%p.ldc, x, want[i], tolerance[i])
			}
		}
	}
}

// inside reports whether element i of the slice belongs to C.
func (p problem) inside(i int) bool { return i/p.ldc < p.m && i%p.ldc < p.n }

func TestSgemmAgainstFloat64(t *testing.T) {
	all := implementations()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		pick := func() int { return sizes[rng.IntN(len(sizes))] }
		newProblem(rng, pick(), pick(), pick()).check(t, all...)
	}
}

// Shapes that cross the blocks of the caches, the threshold of goroutines and
// that of the transposed product.
func TestSgemmLarge(t *testing.T) {
	all := implementations()
	rng := rand.New(rand.NewPCG(10, 11))
	for _, s := range [][3]int{{150, 70, 1000}, {13, 1100, 390}, {301, 40, 385}, {7, 2060, 130}, {97, 160, 769}, {32, 259, 300}, {47, 130, 515}} {
		for _, tB := range transposes[:2] {
			p := newProblem(rng, s[0], s[1], s[2])
			p.tB = tB
			p.b, p.ldb = matrixWithGaps(rng, p.k, p.n, tB)
			p.alpha = 0.7
			p.check(t, all...)
		}
	}
}

// Every combination of a small size, so that each body of the assembly runs.
func TestSgemmSmall(t *testing.T) {
	all := implementations()
	rng := rand.New(rand.NewPCG(3, 4))
	for m := 1; m <= 14; m++ {
		for n := 1; n <= 34; n++ {
			newProblem(rng, m, n, 1+rng.IntN(11)).check(t, all...)
		}
	}
}
