//go:build amd64 && !purego

package gemm

import (
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// TestFasterThanGonum asks for 5 times gonum's speed at 512×512×512, both with
// all the cores they can get. Rounds of the two alternate, so that what else
// the machine does meets both, and a noisy try is repeated.
func TestFasterThanGonum(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement of time")
	}
	ours := New(0)
	if ours.Kernel() == "gonum" {
		t.Skip("no assembly for this processor")
	}
	const want, tries = 5, 5
	call := square(512)
	var best float64
	for range tries {
		best = max(best, speedRatio(call, gonum.Implementation{}, ours, 7))
		if best >= want {
			break
		}
	}
	t.Logf("%s: %.1f times gonum", ours.Kernel(), best)
	if best < want {
		t.Errorf("Sgemm 512×512×512 is %.1f times as fast as gonum's, want %d", best, want)
	}
}

// speedRatio returns the median time of one implementation over that of another.
func speedRatio(call func(blas.Float32), slow, fast blas.Float32, rounds int) float64 {
	var times [2][]time.Duration
	call(fast)
	for range rounds {
		for i, im := range []blas.Float32{slow, fast} {
			start := time.Now()
			call(im)
			times[i] = append(times[i], time.Since(start))
		}
	}
	return float64(median(times[0])) / float64(median(times[1]))
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
