package rt

import (
	"math"
	"testing"
)

// TestGroups computes each function of two groups, of one vector and of two in
// lockstep, whose second lane has the elements of the first with the other sign.
func TestGroups(t *testing.T) {
	src := []float32{1, 2, 6, -4, 0, 1}
	for name, row := range map[string]struct {
		f       func(dst, src []float32, size, lanes int)
		to      int
		want    []float32
		flipped []float32
	}{
		"sum":      {sumOf, 1, []float32{9, -3}, []float32{-9, 3}},
		"mean":     {meanOf, 1, []float32{3, -1}, []float32{-3, 1}},
		"largest":  {largestOf, 1, []float32{6, 1}, []float32{-1, 4}},
		"smallest": {smallestOf, 1, []float32{1, -4}, []float32{-6, -1}},
		"normalize": {func(d, s []float32, size, lanes int) { normalize(d, s, size, lanes, 0) }, 3,
			[]float32{-0.9258201, -0.46291006, 1.3887302, -1.3887302, 0.46291006, 0.9258201},
			[]float32{0.9258201, 0.46291006, -1.3887302, 1.3887302, -0.46291006, -0.9258201}},
	} {
		got := make([]float32, 2*row.to)
		row.f(got, src, 3, 1)
		near(t, name, got, row.want)
		both, twice := make([]float32, 4*row.to), make([]float32, 2*len(src))
		for i, v := range src {
			twice[2*i], twice[2*i+1] = v, -v
		}
		row.f(both, twice, 3, 2)
		first, second := make([]float32, 2*row.to), make([]float32, 2*row.to)
		deinterleave(first, both, 2)
		deinterleave(second, both[1:], 2)
		near(t, name+" of lane 0", first, row.want)
		near(t, name+" of lane 1", second, row.flipped)
	}
}

func near(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= 2e-7*math.Abs(float64(want[i]))) {
			t.Errorf("%s: %v, want %v", name, got, want)
			return
		}
	}
}

func TestSoftmaxGroups(t *testing.T) {
	got := make([]float32, 4)
	softmaxGroups(got, []float32{0, 0, 100, 0}, 2, 1)
	near(t, "softmax", got[:3], []float32{0.5, 0.5, 1})
	if !(got[3] < 1e-40) {
		t.Errorf("softmax: %g of e^-100", got[3])
	}
}
