package verify

import (
	"math"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
)

// TestDeviationOfNumbers leaves out what is no float32 in either.
func TestDeviationOfNumbers(t *testing.T) {
	want := []eval.Frame{{"y": {1, math.NaN(), math.Inf(1), 1e39, 4}}}
	got := []eval.Frame{{"y": {1.5, 1, math.Inf(1), 2e39, 5}}}
	if d := deviation([]string{"y"}, got, want); d != 0.5 {
		t.Errorf("deviation %v, want 0.5", d)
	}
}
