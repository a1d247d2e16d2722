package trainer

import (
	"math"
	"testing"
)

// TestDenseProducts: sparse products are what a run has unless it asks for dense
// ones, and change what it learns by rounding only; a run that is resumed when
// products are sparse ends with the same bits.
func TestDenseProducts(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning = PruningConfig{Schedule: "oneshot", Density: 0.1, End: 0.6}
	sparse := run(t, c, Options{})
	checkResumed(t, c, sparse, sparse.Course.Masks[0].Step+3)
	if tr, err := New(c, Options{}); err != nil || tr.run.SparseBelow != sparseBelow {
		t.Fatalf("products are not sparse (error %v)", err)
	}
	c.DenseProducts = true
	if tr, err := New(c, Options{}); err != nil || tr.run.SparseBelow != 0 {
		t.Fatalf("products are not dense (error %v)", err)
	}
	dense := run(t, c, Options{})
	// Roundings of 1e-7 grow over the 48 steps behind the mask, at rates of 0.02 and
	// less; a wrong product would cost tenths.
	if d := math.Abs(sparse.Valid.Loss - dense.Valid.Loss); !(d <= 1e-3) {
		t.Errorf("loss %v with sparse products and %v with dense ones, want the same but for rounding", sparse.Valid.Loss, dense.Valid.Loss)
	}
}
