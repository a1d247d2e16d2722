package schedule

import (
	"math"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestBound works bounds out by hand, one for each resource.
func TestBound(t *testing.T) {
	target := Target{ISA: kernel.AVX2, GHz: 2, Levels: []Level{{1 << 10, 64}, {0, 4}}, CodeBudget: 1 << 10}
	rows := []struct {
		name     string
		strategy Strategy
		work     Work
		ns       float64
		by       Resource
	}{
		{"near", Strategy{Kernel: Dense}, Work{Steps: 20, Bytes: 640}, 20 * denseCycles / 2, Arithmetic},
		{"groups are free", Strategy{Kernel: Dense}, Work{Steps: 20, Groups: 1000, Bytes: 640}, 20 * denseCycles / 2, Arithmetic},
		{"far", Strategy{Kernel: Dense}, Work{Steps: 400, Bytes: 12800}, 12800. / 4 / 2, Bandwidth},
		{"code in the cache", Strategy{Kernel: Unrolled}, Work{Steps: 40, Bytes: 8, Code: 1 << 10}, 40 * unrolledCycles / 2, Arithmetic},
		{"loads", Strategy{Kernel: Unrolled}, Work{Steps: 40, Bytes: 8, Loads: 90}, 90. / loadsPerCycle / 2, Loads},
		{"code beyond", Strategy{Kernel: Unrolled}, Work{Steps: 40, Bytes: 8, Code: 1<<10 + 2800}, 2800. / fetchedBytes / 2, Fetch},
		{"fallen back", Strategy{Kernel: Window, Index: sparse.Fixed}, Work{Steps: 20, Shifted: 20, Bytes: 8}, 20 * (windowFixedCycles + windowExactCycles) / 2 / 2, Arithmetic},
	}
	for _, r := range rows {
		if b := target.Bound(r.strategy, r.work); math.Abs(b.NS-r.ns) > 1e-9*r.ns || b.By != r.by {
			t.Errorf("%s: %+v, want %v by %s", r.name, b, r.ns, r.by)
		}
	}
	single, dense := target.LockstepBound(10, 20, 30, 16)
	if want := 30 * 1.5 / 2; single.NS != want || single.By != Arithmetic {
		t.Errorf("single weights: %+v, want %v by arithmetic", single, want)
	}
	if want := 200 * denseLockstepCycles * 2 / 2; math.Abs(dense.NS-want) > 1e-9 || dense.By != Arithmetic {
		t.Errorf("dense streams: %+v, want %v by arithmetic", dense, want)
	}
	if b := single.Times(3); b.NS != 3*single.NS || b.By != single.By {
		t.Errorf("three times %+v: %+v", single, b)
	}
}

// TestBoundBelowPrediction holds that no strategy is predicted to beat its bound.
func TestBoundBelowPrediction(t *testing.T) {
	target := Zen4(kernel.AVX512)
	for _, s := range Strategies() {
		for _, w := range []Work{
			{Steps: 100, Groups: 8, Bytes: 3400, Code: 2700},
			{Steps: 100, Groups: 8, Bytes: 3400, Code: 2700, Loads: 400},
			{Steps: 2000, Groups: 64, Bytes: 68_000, Code: 54_000, Shifted: 500},
			{Steps: 900_000, Groups: 960, Bytes: 30_600_000, Code: 24_000_000},
		} {
			if s.Kernel != Window || s.Index != sparse.Fixed || s.Weights != sparse.Float32 {
				w.Shifted = 0
			}
			b := target.Bound(s, w)
			if predicted := target.nanoseconds(s, w, target.BytesPerCycle(w.Bytes), 1); b.NS <= 0 || b.NS > predicted {
				t.Errorf("%v, %+v: bound %+v, predicted %v", s, w, b, predicted)
			}
		}
	}
	for _, streams := range []int{8, 16, 24, 32} {
		single, dense := target.LockstepBound(256, 512, 9000, streams)
		if s, d := target.Lockstep(256, 512, 9000, streams); single.NS > s || dense.NS > d {
			t.Errorf("%d streams: bounds %+v and %+v, predicted %v and %v", streams, single, dense, s, d)
		}
	}
}
