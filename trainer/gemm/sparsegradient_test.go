package gemm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSparseGradient holds gradients against float64, within the bounds of the dense
// product (see problem.element), where weights are, and wants the others untouched.
func TestSparseGradient(t *testing.T) {
	const gap, u = 2, 1.0 / (1 << 24)
	rng := rand.New(rand.NewPCG(41, 42))
	var s Sparse // one for all, so that memory is used again
	for _, n := range []int{1, 7, 32, 33, 100} {
		for _, shape := range [][2]int{{1, 1}, {3, 70}, {65, 9}, {130, 33}} {
			for _, density := range []float64{0, 0.1, 1} {
				rows, cols := shape[0], shape[1]
				w := randomSparse(rng, rows, cols, density)
				s.Compress(rows, cols, w)
				ldd, ldx := rows+gap, cols+gap
				d, x, before := random(rng, n*ldd), random(rng, n*ldx), random(rng, rows*cols)
				g := slices.Clone(before)
				s.AddGradient(n, d, ldd, x, ldx, g)
				for i, got := range g {
					want, size := float64(before[i]), math.Abs(float64(before[i]))
					for f := 0; f < n && w[i] != 0; f++ {
						p := float64(d[f*ldd+i/cols]) * float64(x[f*ldx+i%cols])
						want, size = want+p, size+math.Abs(p)
					}
					e := float64(n+3) * u
					if w[i] == 0 && got != before[i] || !(math.Abs(float64(got)-want) <= e/(1-e)*size) {
						t.Fatalf("%d×%d, %d vectors: gradient of %g is %g, want %g", rows, cols, n, w[i], got, want)
					}
				}
			}
		}
	}
}
