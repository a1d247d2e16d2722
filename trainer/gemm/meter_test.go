package gemm

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// TestMeter: products through a meter are the same bits, and are counted, from
// several goroutines too.
func TestMeter(t *testing.T) {
	before := blas32.Implementation()
	defer blas32.Use(before)
	m := RegisterMeter(1)
	if blas32.Implementation() != blas.Float32(m) || m.Kernel() != New(1).Kernel() {
		t.Errorf("implementation %T with kernel %s, want the meter with %s", blas32.Implementation(), m.Kernel(), New(1).Kernel())
	}
	const rows, cols, k, calls = 20, 30, 40, 8
	r := rand.New(rand.NewPCG(1, 1))
	a, b, want := random(r, rows*k), random(r, k*cols), make([]float32, rows*cols)
	New(1).Sgemm(blas.NoTrans, blas.NoTrans, rows, cols, k, 1, a, k, b, cols, 0, want, cols)
	var wait sync.WaitGroup
	for range calls {
		wait.Go(func() {
			got := make([]float32, rows*cols)
			blas32.Implementation().Sgemm(blas.NoTrans, blas.NoTrans, rows, cols, k, 1, a, k, b, cols, 0, got, cols)
			if !slices.Equal(got, want) {
				t.Error("a metered product has other bits")
			}
		})
	}
	wait.Wait()
	if got := m.Operations(); got != 2*rows*cols*k*calls {
		t.Errorf("%d operations, want %d", got, 2*rows*cols*k*calls)
	}
	if m.Elapsed() <= 0 {
		t.Errorf("products took %v", m.Elapsed())
	}
}
