package gemm

import (
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Meter is an [Implementation] that counts the operations of Sgemm and the time
// they take. It is safe for concurrent use.
type Meter struct {
	*Implementation
	operations, nanoseconds atomic.Int64
}

// RegisterMeter installs a Meter of New(workers) as the implementation behind
// package blas32 and returns it. See [Register].
func RegisterMeter(workers int) *Meter {
	m := &Meter{Implementation: New(workers)}
	blas32.Use(m)
	return m
}

// Sgemm is [Implementation.Sgemm].
func (m *Meter) Sgemm(tA, tB blas.Transpose, rows, cols, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	began := time.Now()
	m.Implementation.Sgemm(tA, tB, rows, cols, k, alpha, a, lda, b, ldb, beta, c, ldc)
	m.nanoseconds.Add(int64(time.Since(began)))
	m.operations.Add(2 * int64(rows) * int64(cols) * int64(k))
}

// Operations is the number of floating-point operations so far: two for each
// product of two elements.
func (m *Meter) Operations() int64 { return m.operations.Load() }

// Elapsed is the time that products have taken so far, summed over the goroutines
// that called for them.
func (m *Meter) Elapsed() time.Duration { return time.Duration(m.nanoseconds.Load()) }
