package gemm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomSparse returns a matrix with that share of elements that are not zero, and
// with a row of zeros, where it has several.
func randomSparse(rng *rand.Rand, rows, cols int, density float64) []float32 {
	w := random(rng, rows*cols)
	for i := range w {
		if rng.Float64() >= density || rows > 1 && i/cols == rows/2 {
			w[i] = 0
		}
	}
	return w
}

// TestSparseAgainstFloat64 holds products with a matrix and with its transpose
// against float64, within the bounds of the dense product (see problem.element).
// What lies between the rows of C must stay.
func TestSparseAgainstFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	var s, back Sparse // the same for all, so that memory is used again
	for _, m := range []int{1, 5, 8, 17, 24, 31, 32, 33, 70} {
		for _, shape := range [][2]int{{1, 1}, {3, 70}, {65, 9}, {128, 33}, {200, 64}} {
			for _, density := range []float64{0, 0.05, 0.2, 1} {
				rows, cols := shape[0], shape[1]
				w := randomSparse(rng, rows, cols, density)
				s.Compress(rows, cols, w)
				checkSparse(t, &s, rng, m, rows, cols, func(r, c int) float64 { return float64(w[r*cols+c]) })
				back.Transpose(&s)
				checkSparse(t, &back, rng, m, cols, rows, func(r, c int) float64 { return float64(w[c*cols+r]) })
			}
		}
	}
}

func checkSparse(t *testing.T, s *Sparse, rng *rand.Rand, m, rows, cols int, w func(r, c int) float64) {
	t.Helper()
	const gap, u = 3, 1.0 / (1 << 24)
	ldx, ldc := cols+gap, rows+gap
	x, before := random(rng, m*ldx), random(rng, m*ldc)
	c := slices.Clone(before)
	s.AddProduct(m, x, ldx, c, ldc)
	for i := range m {
		for r := range ldc {
			was, got := before[i*ldc+r], c[i*ldc+r]
			if r >= rows {
				if got != was {
					t.Fatalf("%d×%d by %d rows: wrote %g between the rows of C", rows, cols, m, got)
				}
				continue
			}
			want, size := float64(was), math.Abs(float64(was))
			for k := range cols {
				p := w(r, k) * float64(x[i*ldx+k])
				want, size = want+p, size+math.Abs(p)
			}
			if e := float64(cols+3) * u; math.Abs(float64(got)-want) > e/(1-e)*size {
				t.Fatalf("%d×%d by %d rows: C[%d,%d] = %g, want %g", rows, cols, m, i, r, got, want)
			}
		}
	}
}

// TestSparsePortable holds the product in Go against that of this machine.
func TestSparsePortable(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	const rows, cols, lanes = 50, 300, 27
	var s Sparse
	s.Compress(rows, cols, randomSparse(rng, rows, cols, 0.3))
	copy(s.x, random(rng, len(s.x)))
	s.multiplyRows(0, rows, lanes)
	got := s.y
	s.multiplyRowsPortable(0, rows, lanes)
	const tolerance = 2 * cols * 1.0 / (1 << 24) * cols // twice γ_k times Σ|w||x| ≤ k
	for r := range rows {
		for j := range lanes {
			if a, b := got[r*panelLanes+j], s.y[r*panelLanes+j]; math.Abs(float64(a-b)) > tolerance {
				t.Fatalf("row %d, lane %d: %g, in Go %g", r, j, a, b)
			}
		}
	}
}

// TestSparseLanes asks for the same bits wherever a row of X lies.
func TestSparseLanes(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	const rows, cols, m = 70, 90, 45
	var s Sparse
	s.Compress(rows, cols, randomSparse(rng, rows, cols, 0.2))
	x, c := random(rng, m*cols), make([]float32, m*rows)
	s.AddProduct(m, x, cols, c, rows)
	for i := range m {
		alone := make([]float32, rows)
		s.AddProduct(1, x[i*cols:], cols, alone, rows)
		if !slices.Equal(alone, c[i*rows:(i+1)*rows]) {
			t.Fatalf("row %d of X alone gives other bits", i)
		}
	}
}
