package nn

import (
	"math"
	"testing"
)

// everyFloat32 calls f with float32 values over the whole range of magnitudes:
// every 1009th bit pattern of both signs, and the values around the special ones.
func everyFloat32(f func(x float32)) {
	for bits := uint64(0); bits <= 0x7f800000; bits += 1009 {
		x := math.Float32frombits(uint32(bits))
		f(x)
		f(-x)
	}
	for _, x := range []float32{0, 1, 9.02, 87, 88, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))} {
		for _, y := range []float32{x, math.Nextafter32(x, 0), math.Nextafter32(x, math.MaxFloat32)} {
			f(y)
			f(-y)
		}
	}
}

func ulp(x float64) float64 {
	y := float32(math.Abs(x))
	return max(float64(math.Nextafter32(y, math.MaxFloat32)-y), math.SmallestNonzeroFloat32)
}

func TestTanh32(t *testing.T) {
	var worst float64
	everyFloat32(func(x float32) {
		got, want := float64(tanh32(x)), math.Tanh(float64(x))
		worst = max(worst, math.Abs(got-want)/ulp(want))
		if math.Abs(got) > 1 {
			t.Fatalf("tanh32(%v) = %v, outside [-1, 1]", x, got)
		}
	})
	t.Logf("largest error %.2f units in the last place", worst)
	if !(worst <= 6) {
		t.Errorf("largest error %.2f units in the last place, want at most 6", worst)
	}
	if y := tanh32(float32(math.NaN())); y == y {
		t.Errorf("tanh32(NaN) = %v", y)
	}
}

func TestSigmoid32(t *testing.T) {
	var worst float64
	everyFloat32(func(x float32) {
		got, want := float64(sigmoid32(x)), 1/(1+math.Exp(-float64(x)))
		worst = max(worst, math.Abs(got-want))
		if got < 0 || got > 1 {
			t.Fatalf("sigmoid32(%v) = %v, outside [0, 1]", x, got)
		}
	})
	t.Logf("largest error %.3g", worst)
	if !(worst <= 2e-7) {
		t.Errorf("largest error %.3g, want at most 2e-7", worst)
	}
	if y := sigmoid32(float32(math.NaN())); y == y {
		t.Errorf("sigmoid32(NaN) = %v", y)
	}
}

func TestExp32(t *testing.T) {
	var worst float64
	everyFloat32(func(x float32) {
		if x > 0 {
			return
		}
		got, want := float64(exp32(x)), math.Exp(float64(x))
		if x < -87 {
			if got != 0 {
				t.Fatalf("exp32(%v) = %v, want 0", x, got)
			}
			return
		}
		worst = max(worst, math.Abs(got-want)/ulp(want))
	})
	t.Logf("largest error %.2f units in the last place", worst)
	if !(worst <= 3) {
		t.Errorf("largest error %.2f units in the last place, want at most 3", worst)
	}
	if y := exp32(float32(math.NaN())); y == y {
		t.Errorf("exp32(NaN) = %v", y)
	}
}

var sink float32

func BenchmarkTanh32(b *testing.B) {
	x := make([]float32, 4096)
	for i := range x {
		x[i] = float32(i-2048) / 500
	}
	y := make([]float32, len(x))
	for b.Loop() {
		copy(y, x)
		tanhAll(y)
	}
	sink = y[0]
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/element")
}
