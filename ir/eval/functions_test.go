package eval

import (
	"math"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// TestFunctions has numbers worked out on paper.
func TestFunctions(t *testing.T) {
	inf := math.Inf(1)
	tests := []struct {
		f       ir.Function
		x, want float64
	}{
		{ir.Function{Func: ir.Tanh}, math.Ln2, 0.6},
		{ir.Function{Func: ir.Sigmoid}, math.Ln2, 2. / 3},
		{ir.Function{Func: ir.Sigmoid}, -1e4, 0},
		{ir.Function{Func: ir.ReLU}, -2, 0},
		{ir.Function{Func: ir.ClippedReLU, Clip: 6}, 7, 6},
		{ir.Function{Func: ir.ClippedReLU, Clip: 6}, -7, 0},
		{ir.Function{Func: ir.Identity}, -7, -7},
		{ir.Function{Func: ir.HardSigmoid, Alpha: 0.25, Beta: 0.5}, 1, 0.75},
		{ir.Function{Func: ir.HardSigmoid, Alpha: 0.25, Beta: 0.5}, 3, 1},
		{ir.Function{Func: ir.HardSigmoid, Alpha: 0.25, Beta: 0.5}, -3, 0},
		{ir.Function{Func: ir.LeakyReLU, Alpha: 0.125}, -4, -0.5},
		{ir.Function{Func: ir.LeakyReLU, Alpha: 0.125}, 4, 4},
		{ir.Function{Func: ir.ThresholdedReLU, Alpha: 2}, 2, 0},
		{ir.Function{Func: ir.ThresholdedReLU, Alpha: 2}, 2.5, 2.5},
		{ir.Function{Func: ir.ScaledTanh, Alpha: 5, Beta: 0.5}, 2 * math.Ln2, 3},
		{ir.Function{Func: ir.Affine, Alpha: -2, Beta: 0.5}, 3, -5.5},
		{ir.Function{Func: ir.ELU, Alpha: 2}, -math.Ln2, -1},
		{ir.Function{Func: ir.ELU, Alpha: 2}, 3, 3},
		{ir.Function{Func: ir.Softsign}, -3, -0.75},
		{ir.Function{Func: ir.Softplus}, 0, math.Ln2},
		{ir.Function{Func: ir.Softplus}, 1e4, 1e4},
		{ir.Function{Func: ir.Softplus}, -1e4, 0},
		{ir.Function{Func: ir.Clamp, Alpha: -1, Beta: 2}, 3, 2},
		{ir.Function{Func: ir.Clamp, Alpha: -1, Beta: 2}, -3, -1},
		{ir.Function{Func: ir.Exp}, math.Ln2, 2},
		{ir.Function{Func: ir.Log}, math.E, 1},
		{ir.Function{Func: ir.Log}, 0, -inf},
		{ir.Function{Func: ir.Sqrt}, 9, 3},
		{ir.Function{Func: ir.Abs}, -9, 9},
		{ir.Function{Func: ir.Reciprocal}, -4, -0.25},
		{ir.Function{Func: ir.Power, Alpha: 3}, -2, -8},
		{ir.Function{Func: ir.Power, Alpha: 0.5}, 9, 3},
		{ir.Function{Func: ir.Erf}, 0.5, 0.5204998778130465},
	}
	for _, tc := range tests {
		if got := function(tc.f)(tc.x); got != tc.want && !(math.Abs(got-tc.want) <= 1e-15*math.Abs(tc.want)) {
			t.Errorf("%s of %v is %v, want %v", tc.f.Spec(), tc.x, got, tc.want)
		}
	}
	for f := ir.Tanh; f <= ir.Erf; f++ {
		if !math.IsNaN(function(ir.Function{Func: f, Alpha: 1, Beta: 2, Clip: 1})(math.NaN())) {
			t.Errorf("%v of NaN is a number", f)
		}
	}
}

func TestPairs(t *testing.T) {
	want := map[ir.BinaryFunc]float64{ir.Add: 8, ir.Sub: 4, ir.Mul: 12, ir.Div: 3, ir.Max: 6, ir.Min: 2, ir.Pow: 36}
	for f := ir.Add; f <= ir.Pow; f++ {
		if got := binary(f)(6, 2); got != want[f] {
			t.Errorf("%v of 6 and 2 is %v, want %v", f, got, want[f])
		}
	}
}
