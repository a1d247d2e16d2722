package bench

import (
	"testing"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestTwinsOfReducedWeights: outputs for weights of 8 bits were held against those
// of float32.
func TestTwinsOfReducedWeights(t *testing.T) {
	m, err := Random(Layer{Cell: "gru", Hidden: 24, Sparsity: 0.8})
	if err != nil {
		t.Fatal(err)
	}
	for precision, want := range map[sparse.Precision][2]string{sparse.Float32: {Dense, Dense}, sparse.Int8: {"", Sparse}} {
		o := compiler.Options{Package: "m", Frames: -1, Schedule: schedule.Options{Weights: []schedule.Weights{{Tensor: "*", Precision: precision}}}}
		p, err := compiler.Compile(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		dense, err := CompileDense(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range dense.Plan.Matrices {
			if e.Strategy != (schedule.Strategy{Kernel: schedule.Dense}) {
				t.Errorf("%s: the dense twin has strategy %s for %s", precision, e.Strategy, e.Name)
			}
		}
		twins := Twins(dense, p)
		if got := [2]string{twins[1].Twin, twins[2].Twin}; got != want {
			t.Errorf("%s: held against %q, want %q", precision, got, want)
		}
	}
}
