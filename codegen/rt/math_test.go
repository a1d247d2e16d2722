package rt

import (
	"math"
	"math/rand"
	"testing"
)

// ulpAt is the distance of float32 numbers at |v|.
func ulpAt(v float64) float64 {
	e := int(math.Float64bits(v)>>52&0x7ff) - 1023
	return math.Ldexp(1, max(e, -126)-23)
}

// TestActivationsAgainstFloat64 strides through all float32 numbers.
func TestActivationsAgainstFloat64(t *testing.T) {
	const bound = 0.75 // ½ for the one rounding, the rest for the polynomial
	rows := []struct {
		name string
		f    func(float32) float32
		ref  func(float64) float64
		zero func(float64) bool // where the result is 0 by contract
	}{
		{"sigmoid", sigmoid1, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, func(x float64) bool { return x*log2E <= -126.5 }},
		{"tanh", tanh1, math.Tanh, func(float64) bool { return false }},
	}
	for _, row := range rows {
		worst, where := 0.0, float32(0)
		for bits := uint64(0); bits < 1<<32; bits += 4099 {
			x := math.Float32frombits(uint32(bits))
			got := row.f(x)
			switch {
			case x != x:
				if got == got {
					t.Fatalf("%s(NaN) = %g", row.name, got)
				}
				continue
			case row.zero(float64(x)):
				if got != 0 {
					t.Fatalf("%s(%g) = %g, want 0", row.name, x, got)
				}
				continue
			}
			ref := row.ref(float64(x))
			if e := math.Abs(float64(got)-ref) / ulpAt(ref); e > worst {
				worst, where = e, x
			}
		}
		t.Logf("%s: largest error %.3f ulp at %g", row.name, worst, where)
		if worst > bound {
			t.Errorf("%s(%g): error %.3f ulp, bound %g", row.name, where, worst, bound)
		}
	}
}

func TestActivationsExact(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	const tiny, slope, offset, clip = 1e-45, 0.25, 0.5, 20
	leaky := func(d, s []float32) { leakyReLU(d, s, slope) }
	clipped := func(d, s []float32) { clippedReLU(d, s, clip) }
	hard := func(d, s []float32) { hardSigmoid(d, s, slope, offset) }
	for _, row := range []struct {
		name    string
		f       func(dst, src []float32)
		x, want float32
	}{
		{"sigmoid", sigmoid, 0, 0.5}, {"sigmoid", sigmoid, minusZero, 0.5}, {"sigmoid", sigmoid, tiny, 0.5},
		{"sigmoid", sigmoid, inf, 1}, {"sigmoid", sigmoid, -inf, 0}, {"sigmoid", sigmoid, nan, nan},
		{"tanh", tanh, 0, 0}, {"tanh", tanh, minusZero, minusZero}, {"tanh", tanh, tiny, tiny}, {"tanh", tanh, -tiny, -tiny},
		{"tanh", tanh, inf, 1}, {"tanh", tanh, -inf, -1}, {"tanh", tanh, nan, nan},
		{"relu", relu, 3, 3}, {"relu", relu, -3, 0}, {"relu", relu, minusZero, minusZero}, {"relu", relu, -inf, 0}, {"relu", relu, nan, nan},
		{"clippedReLU", clipped, 19, 19}, {"clippedReLU", clipped, inf, clip}, {"clippedReLU", clipped, -1, 0}, {"clippedReLU", clipped, nan, nan},
		{"leakyReLU", leaky, 4, 4}, {"leakyReLU", leaky, -4, -1}, {"leakyReLU", leaky, -inf, -inf}, {"leakyReLU", leaky, nan, nan},
		{"hardSigmoid", hard, 1, 0.75}, {"hardSigmoid", hard, -1, 0.25}, {"hardSigmoid", hard, inf, 1}, {"hardSigmoid", hard, -inf, 0}, {"hardSigmoid", hard, nan, nan},
	} {
		got := []float32{0}
		row.f(got, []float32{row.x})
		if math.Float32bits(got[0]) != math.Float32bits(row.want) && !(got[0] != got[0] && row.want != row.want) {
			t.Errorf("%s(%g) = %g, want %g", row.name, row.x, got[0], row.want)
		}
	}
}

func TestArithmetic(t *testing.T) {
	a, b := []float32{1, 2, 3}, []float32{5, 7, -11}
	for _, row := range []struct {
		name string
		f    func(dst, a, b []float32)
		want [3]float32
	}{
		{"add", add, [3]float32{6, 9, -8}},
		{"sub", sub, [3]float32{-4, -5, 14}},
		{"mul", mul, [3]float32{5, 14, -33}},
	} {
		var got [3]float32
		row.f(got[:], a, b)
		if got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestSoftmaxSumsToOne(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for n := 1; n <= 40; n++ {
		padded := (n + 7) &^ 7
		x, y := make([]float32, padded), make([]float32, padded)
		for i := range y {
			x[i], y[i] = float32(rng.NormFloat64()*5-100), 9
		}
		softmax(y, x, n)
		m, total, sum := math.Inf(-1), 0.0, 0.0
		for _, v := range x[:n] {
			m = max(m, float64(v))
		}
		for _, v := range x[:n] {
			total += math.Exp(float64(v) - m)
		}
		for i, v := range y {
			if i >= n {
				if v != 0 {
					t.Errorf("n=%d: padding %d holds %g", n, i, v)
				}
				continue
			}
			sum += float64(v)
			// The difference v−m < 64 is rounded by up to 2⁻¹⁹, which moves the
			// exponential by as much; the rest is a few units of 2⁻²⁴.
			want := math.Exp(float64(x[i])-m) / total
			if e := math.Abs(float64(v) - want); e > want*0x1p-18 {
				t.Errorf("n=%d: softmax(%g) = %g, want %g", n, x[i], v, want)
			}
		}
		if math.Abs(sum-1) > float64(n)*0x1p-24 {
			t.Errorf("n=%d: sum %g", n, sum)
		}
	}
}
