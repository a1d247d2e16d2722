package rt

import (
	"math"
	"testing"
)

// TestFunctions holds the element-wise functions of imported models against their
// formulas in float64, within one rounding of each step.
func TestFunctions(t *testing.T) {
	inf := math.Inf(1)
	arguments := []float64{-inf, -90, -3, -1, -0.75, -1e-3, 0, 1e-3, 0.25, 0.5, 1, 2, 7, 90, inf, math.NaN()}
	for name, row := range map[string]struct {
		f    func(dst, src []float32)
		want func(x float64) float64
	}{
		"thresholdedReLU": {func(d, s []float32) { thresholdedReLU(d, s, 0.5) }, func(x float64) float64 {
			if x <= 0.5 {
				return 0
			}
			return x
		}},
		"scaledTanh": {func(d, s []float32) { scaledTanh(d, s, 1.5, 0.5) }, func(x float64) float64 { return 1.5 * math.Tanh(0.5*x) }},
		"affine":     {func(d, s []float32) { affine(d, s, 2, -0.5) }, func(x float64) float64 { return 2*x - 0.5 }},
		"elu": {func(d, s []float32) { elu(d, s, 0.5) }, func(x float64) float64 {
			if x < 0 {
				return 0.5 * math.Expm1(x)
			}
			return x
		}},
		"softplus":   {softplus, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		"clamp":      {func(d, s []float32) { clamp(d, s, -0.75, 2) }, func(x float64) float64 { return min(max(x, -0.75), 2) }},
		"exp":        {exp, math.Exp},
		"log":        {log, math.Log},
		"sqrt":       {sqrt, math.Sqrt},
		"abs":        {abs, math.Abs},
		"reciprocal": {reciprocal, func(x float64) float64 { return 1 / x }},
		"power":      {func(d, s []float32) { power(d, s, 1.5) }, func(x float64) float64 { return math.Pow(x, 1.5) }},
		"erf":        {erf, math.Erf},
	} {
		for _, x := range arguments {
			got := []float32{0}
			row.f(got, []float32{float32(x)})
			want := row.want(float64(float32(x)))
			if near := math.Abs(float64(got[0])-want) <= 2e-7*math.Abs(want)+1e-38; !near && !same32(got[0], float32(want)) {
				t.Errorf("%s(%g) = %g, want %g", name, x, got[0], want)
			}
		}
	}
}

// same32 reports equal numbers, infinities and NaN among them.
func same32(a, b float32) bool { return a == b || a != a && b != b }

func TestSoftsign(t *testing.T) {
	got := make([]float32, 3)
	softsign(got, []float32{-3, 0, 1})
	if got[0] != -0.75 || got[1] != 0 || got[2] != 0.5 {
		t.Errorf("softsign: %v", got)
	}
}

func TestPairs(t *testing.T) {
	nan := float32(math.NaN())
	a, b := []float32{6, -2, nan, 1}, []float32{4, 3, 1, nan}
	for name, row := range map[string]struct {
		f    func(dst, a, b []float32)
		want []float32
	}{
		"div":      {div, []float32{1.5, float32(-2.0 / 3.0), nan, nan}},
		"largest":  {largest, []float32{6, 3, nan, nan}},
		"smallest": {smallest, []float32{4, -2, nan, nan}},
		"pow":      {pow, []float32{1296, -8, nan, 1}},
	} {
		got := make([]float32, 4)
		row.f(got, a, b)
		for i := range got {
			if !same32(got[i], row.want[i]) {
				t.Errorf("%s(%g, %g) = %g, want %g", name, a[i], b[i], got[i], row.want[i])
			}
		}
	}
}

// TestZero clears what a vector held, NaN too.
func TestZero(t *testing.T) {
	behind := []float32{1, float32(math.NaN()), -2, 4}
	zero(behind[:3])
	if behind[0] != 0 || behind[1] != 0 || behind[2] != 0 || behind[3] != 4 {
		t.Errorf("zero: %v, want three zeros and 4", behind)
	}
}
