package sparse

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFixedHolds holds which weights of a row the Fixed form keeps: all within
// a factor of 8 of the largest, none that is a millionth of it.
func TestFixedHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		largest := math.Float32frombits(rng.Uint32N(200<<23) + 20<<23)
		code, err := codeBetween(1, biasedExponent(largest), Fixed, NarrowWindow)
		if err != nil {
			t.Fatal(err)
		}
		w := largest * (1 + 7*rng.Float32()) / 8
		if rng.IntN(2) == 0 {
			w = -w
		}
		index := rng.Uint32N(8)
		if word := code.encode(w, index); word&7 != index {
			t.Fatalf("%g with index %d: word %#x", w, index, word)
		}
		if !code.holds(w, index) {
			t.Fatalf("%g beside %g: index %d moves it", w, largest, index)
		}
		if small := w * 1e-6; code.holds(math.Nextafter32(small, 0), index) && code.holds(small, index) {
			t.Fatalf("%g beside %g: held with index %d", small, largest, index)
		}
	}
}

// TestFixedFallsBack holds that a group with one small weight is shifted, and
// its neighbours are not, and that rows have scales of their own.
func TestFixedFallsBack(t *testing.T) {
	m := NewMatrix(24, 40)
	for i := range m.Data {
		m.Data[i] = 1.7 * float32(int(1)<<(i/m.Cols))
	}
	m.Row(11)[39] = 0x1.000002p-9
	w, err := PackWindow(m, Fixed)
	if err != nil {
		t.Fatal(err)
	}
	for g, want := range []IndexForm{Fixed, Exponent, Fixed} {
		if got := w.Decoding(g); got != want {
			t.Errorf("group %d is decoded as form %d, want %d", g, got, want)
		}
	}
	checkUnpack(t, w, m, 0)
	if w.RowScale(1) != 2*w.RowScale(0) {
		t.Errorf("scales %g and %g of rows of which one is twice the other", w.RowScale(0), w.RowScale(1))
	}
	if steps, packed := ShiftedSteps(m), w.Start(2)-w.Start(1); steps != packed {
		t.Errorf("%d shifted steps, packed %d", steps, packed)
	}
	// Tiny rows have no scale that a float32 could hold.
	tiny := &Matrix{Rows: 1, Cols: 2, Data: []float32{0x1p-126, -0x1.8p-124}}
	if w, err = PackWindow(tiny, Fixed); err != nil {
		t.Fatal(err)
	}
	checkUnpack(t, w, tiny, 0)
}
