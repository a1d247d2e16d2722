package prune

import (
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestFinal: gradients of pruned weights go, and a zero that is not pruned is seen,
// in a pruned tensor and in one that a rule leaves dense.
func TestFinal(t *testing.T) {
	dense := sparse.Pattern{Kind: sparse.KindDense}
	params := []Param{
		{Name: "w", Rows: 2, Cols: 3, Value: []float32{1, 0, 0, 2, 0, 3}, Grad: []float32{1, 2, 3, 4, 5, 6}, Prunable: true},
		{Name: "v", Rows: 1, Cols: 2, Value: []float32{1, 2}, Grad: []float32{7, 8}, Prunable: true},
	}
	p, err := New(Options{Schedule: Frozen{}, Rules: []Rule{{Name: "v", Pattern: &dense}}}, params)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Adopt(params); err != nil {
		t.Fatal(err)
	}
	if err := p.MaskGradients(params); err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 0, 0, 4, 0, 6}; !slices.Equal(params[0].Grad, want) {
		t.Errorf("gradients %v, want %v", params[0].Grad, want)
	}
	if want := []float32{7, 8}; !slices.Equal(params[1].Grad, want) {
		t.Errorf("gradients of a dense tensor %v, want %v", params[1].Grad, want)
	}
	if !p.OnlyPrunedZeros(params) {
		t.Error("want only pruned zeros")
	}
	for _, q := range params {
		was := q.Value[0]
		q.Value[0] = 0
		if p.OnlyPrunedZeros(params) {
			t.Errorf("a zero of %s is not pruned, and is not seen", q.Name)
		}
		q.Value[0] = was
	}
}
