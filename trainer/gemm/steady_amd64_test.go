//go:build amd64 && !purego

package gemm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
)

// square returns a call of an n×n×n product.
func square(n int) func(im blas.Float32) {
	rng := rand.New(rand.NewPCG(8, 9))
	a, b, c := random(rng, n*n), random(rng, n*n), make([]float32, n*n)
	return func(im blas.Float32) {
		im.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n)
	}
}

func TestNoAllocation(t *testing.T) {
	for _, im := range implementations() {
		call := square(130)
		if n := testing.AllocsPerRun(20, func() { call(im.blas) }); n != 0 {
			t.Errorf("%s: %v allocations a call, want none", im.name, n)
		}
	}
}

// TestHelpersEnd asks that no goroutine outlives the products for long.
func TestHelpersEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, im := range implementations() {
		square(130)(im.blas)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, want %d as before", runtime.NumGoroutine(), before)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestStopTheWorld measures how long the world takes to stop during a product.
// Assembly cannot be preempted: without a point to stop at between two tiles
// the wait is for the end of the product, tens of milliseconds away. The lower
// quartile over several tries keeps a busy machine's own delays out.
func TestStopTheWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement of time")
	}
	const limit, tries = 2 * time.Millisecond, 5
	for s := detect(); s > none; s-- {
		least := time.Duration(math.MaxInt64)
		for range tries {
			if least = min(least, pauseDuring(square(1536), force(s, 1))); least <= limit {
				break
			}
		}
		t.Logf("%v: %v", s, least)
		if least > limit {
			t.Errorf("%v: stopping the world takes %v, want %v at most", s, least, limit)
		}
	}
}

// pauseDuring returns the lower quartile of the times to stop the world while
// products are computed.
func pauseDuring(call func(blas.Float32), im *Implementation) time.Duration {
	var stop atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !stop.Load() {
			call(im)
		}
	}()
	var pauses []time.Duration
	var stats runtime.MemStats
	for range 20 {
		time.Sleep(time.Millisecond)
		start := time.Now()
		runtime.ReadMemStats(&stats) // stops the world
		pauses = append(pauses, time.Since(start))
	}
	stop.Store(true)
	<-ended
	slices.Sort(pauses)
	return pauses[len(pauses)/4]
}
