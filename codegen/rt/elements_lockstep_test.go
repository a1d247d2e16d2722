package rt

import (
	"math/rand/v2"
	"testing"
)

// TestInterleave moves vectors into the lanes and out again.
func TestInterleave(t *testing.T) {
	const n, lanes = 5, 8
	rng := rand.New(rand.NewPCG(3, 4))
	together := make([]float32, n*lanes)
	spread(together, lanes, []float32{-1, -2, -3, -4, -5})
	apart := [][]float32{normals(rng, n), normals(rng, n)}
	interleave(together[3:], lanes, apart[0])
	interleave(together[7:], lanes, apart[1])
	for lane := range lanes {
		got := make([]float32, n)
		deinterleave(got, together[lane:], lanes)
		for i, v := range got {
			want := float32(-1 - i)
			switch lane {
			case 3:
				want = apart[0][i]
			case 7:
				want = apart[1][i]
			}
			if v != want {
				t.Errorf("lane %d, element %d: %v, want %v", lane, i, v, want)
			}
		}
	}
}

// TestSoftmaxLockstep wants of each lane what softmax makes of it alone.
func TestSoftmaxLockstep(t *testing.T) {
	const n, lanes = 11, 8
	rng := rand.New(rand.NewPCG(5, 6))
	src := normals(rng, (n+1)*lanes)
	dst := make([]float32, len(src))
	softmaxLockstep(dst, src, n, lanes)
	for lane := range lanes {
		x, got, want := make([]float32, 16), make([]float32, n), make([]float32, 16)
		deinterleave(x[:n], src[lane:], lanes)
		deinterleave(got, dst[lane:], lanes)
		softmax(want, x, n)
		for i, v := range got {
			if d := v - want[i]; d > 1e-6 || d < -1e-6 { // two roundings of numbers below 1, and the order of the sum
				t.Errorf("lane %d, element %d: %v, want %v", lane, i, v, want[i])
			}
		}
	}
	for i, v := range dst[n*lanes:] {
		if v != 0 {
			t.Errorf("element %d behind the vectors was written: %v", i, v)
		}
	}
}
