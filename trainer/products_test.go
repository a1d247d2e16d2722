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
	checkZerosStay(t, c)
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

// checkZerosStay steps through a run: gradients are sparse from the step behind the
// last mask on, those of pruned weights are zero from there, and not before.
func checkZerosStay(t *testing.T, c Config) {
	t.Helper()
	tr, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for tr.at.Step < tr.settled+3 {
		step := tr.at.Step
		if err := tr.step(); err != nil {
			t.Fatal(err)
		}
		if want := step >= tr.settled; tr.run.ZerosStay != want {
			t.Fatalf("zeros stay in step %d: %v, want %v (masks stay from %d on)", step, !want, want, tr.settled)
		}
		moved := 0
		for _, p := range tr.masked {
			if mask := tr.pruner.Mask(p.Name); mask != nil {
				for i, g := range p.Grad {
					if g != 0 && !mask.At(i/p.Cols, i%p.Cols) {
						moved++
					}
				}
			}
		}
		if step >= tr.settled && moved > 0 {
			t.Fatalf("step %d: %d pruned weights have a gradient, want none", step, moved)
		}
		if step == tr.settled-1 && moved == 0 {
			t.Fatalf("step %d, which the last mask follows: no gradient of what that prunes", step)
		}
	}
}
