package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// reducedPackings are all packed forms of weights that are not float32.
func reducedPackings() map[string]func(*Matrix) (Packed, error) {
	list := map[string]func(*Matrix) (Packed, error){}
	for _, p := range Precisions()[1:] {
		list["dense/"+p.String()] = func(m *Matrix) (Packed, error) { return PackDenseIn(p, m) }
		list["window/"+p.String()] = func(m *Matrix) (Packed, error) { return PackReducedWindow(p, m) }
		for _, height := range []int{4, 8, 16} {
			list[fmt.Sprintf("block%d/%s", height, p)] = func(m *Matrix) (Packed, error) { return PackBlockIn(p, m, height) }
		}
	}
	return list
}

// TestReduced holds that the packed forms compute the product with the weights
// that they stand for, and that these are the nearest ones that can be stored.
func TestReduced(t *testing.T) {
	for name, pack := range reducedPackings() {
		for i, shape := range packShapes {
			rng := rand.New(rand.NewPCG(uint64(i), 17))
			m := randomMatrix(rng, shape.rows, shape.cols, shape.density)
			if shape.rows > 8 && shape.cols > 8 {
				clear(m.Row(3))
				for r := range m.Rows {
					m.Row(r)[5] = 0
				}
			}
			t.Run(fmt.Sprintf("%s/%dx%d/%g", name, m.Rows, m.Cols, shape.density), func(t *testing.T) {
				p, err := pack(m)
				if err != nil {
					t.Fatal(err)
				}
				checkShape(t, p, m)
				checkNearest(t, p, m)
				checkMulAdd(t, rng, p, p.Unpack(), 0)
				checkNaN(t, rng, p, m)
			})
		}
	}
}

// checkNearest compares every weight with all that its row could store, which
// hang on its column in windows of Fixed16.
func checkNearest(t *testing.T, p Packed, m *Matrix) {
	t.Helper()
	u := p.Unpack()
	precision := p.(interface{ Precision() Precision }).Precision()
	_, window := p.(*ReducedWindow)
	for r := range u.Rows {
		largest := float32(0)
		if r < m.Rows {
			for _, w := range m.Row(r) {
				largest = max(largest, magnitude(w))
			}
		}
		scale := float64(precision.scale(largest))
		for c, got := range u.Row(r) {
			want := float32(0)
			if r < m.Rows {
				want = m.Row(r)[c]
			}
			if want == 0 {
				if got != 0 {
					t.Fatalf("row %d, column %d: %g in place of a pruned weight", r, c, got)
				}
				continue
			}
			x, y := float64(want)/scale, float64(got)/scale
			if limit := spacing(precision, window, x) / 2; math.Abs(x-y) > limit {
				t.Fatalf("row %d, column %d: %g is stored as %g, %g of the scale away, want at most %g", r, c, want, got, math.Abs(x-y), limit)
			}
			if !storable(precision, y) {
				t.Fatalf("row %d, column %d: %g of the scale is no %s", r, c, y, precision)
			}
		}
	}
}

// spacing is the distance of the numbers around x that can be stored.
func spacing(p Precision, window bool, x float64) float64 {
	switch {
	case p == Float16:
		return math.Ldexp(1, max(int(math.Floor(math.Log2(math.Abs(x)))), -14)-10)
	case p == Fixed16 && window:
		return 8
	}
	return 1
}

func storable(p Precision, y float64) bool {
	switch p {
	case Float16:
		return math.Abs(y) <= 65504 && math.Mod(y, spacing(p, false, y)) == 0
	case Fixed16:
		return y == math.Trunc(y) && y >= -1<<15 && y < 1<<15
	}
	return y == math.Trunc(y) && y >= -127 && y <= 127
}

// TestReducedRows holds rows whose largest weight is at the ends of the range of
// float32, and that stored weights are float32 numbers to the last bit.
func TestReducedRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 19))
	m := NewMatrix(24, 40)
	for r, largest := range []float64{0, 0x1p-149, 0x1.8p-147, 0x1p-140, 0x1.234p-130, 0x1p-126, 0x1p-100, 1e-3, 1, 77, 0x1p96, 0x1.fffffep126} {
		for c := range m.Cols {
			m.Row(r)[c] = float32(largest * (2*rng.Float64() - 1))
		}
		m.Row(r)[7] = float32(-largest)
	}
	for name, pack := range reducedPackings() {
		p, err := pack(m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Run(name, func(t *testing.T) {
			checkNearest(t, p, m)
			checkRowError(t, p, m)
		})
	}
}

// checkRowError holds what the precisions promise.
func checkRowError(t *testing.T, p Packed, m *Matrix) {
	t.Helper()
	u := p.Unpack()
	_, window := p.(*ReducedWindow)
	for r := range m.Rows {
		largest, worst := 0.0, 0.0
		for c, w := range m.Row(r) {
			largest = max(largest, math.Abs(float64(w)))
			worst = max(worst, math.Abs(float64(w)-float64(u.Row(r)[c])))
		}
		limit := map[Precision]float64{Fixed16: 0x1.02p-16, Float16: 0x1p-11, Int8: 0x1.04p-8}[p.(interface{ Precision() Precision }).Precision()]
		if window && limit == 0x1.02p-16 {
			limit *= 8
		}
		// A scale is rounded up to a multiple of the least float32.
		if worst > limit*largest+4*0x1p-149 {
			t.Errorf("row %d: a weight moves by %g of the largest, %g, want at most %g", r, worst/largest, largest, limit)
		}
	}
}

// TestReducedRefusals names what the packers refuse.
func TestReducedRefusals(t *testing.T) {
	bad := &Matrix{Rows: 2, Cols: 2, Data: []float32{1, 2, 3, float32(math.NaN())}}
	infinite := &Matrix{Rows: 1, Cols: 2, Data: []float32{float32(math.Inf(-1)), 0}}
	large := &Matrix{Rows: 1, Cols: 1, Data: []float32{0x1p127}}
	for name, pack := range reducedPackings() {
		_, precision, _ := strings.Cut(name, "/")
		for _, row := range []struct {
			m    *Matrix
			want string
		}{
			{bad, "weight NaN at row 1, column 1: " + precision + " holds finite weights below 2^127"},
			{infinite, "weight -Inf at row 0, column 0: " + precision + " holds finite weights below 2^127"},
			{large, "weight 1.7014118e+38 at row 0, column 0"},
		} {
			if _, err := pack(row.m); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: error %v, want one with %q", name, err, row.want)
			}
		}
	}
	if _, err := PackReducedWindow(Int8, NewMatrix(1, 65537)); err == nil || !strings.Contains(err.Error(), "want at most 65536") {
		t.Errorf("many columns: error %v", err)
	}
	if _, err := PackReducedWindow(Float32, NewMatrix(1, 1)); err == nil || !strings.Contains(err.Error(), "not f32") {
		t.Errorf("float32: error %v", err)
	}
}

// TestReducedSteps holds that reduced windows take the steps of full ones.
func TestReducedSteps(t *testing.T) {
	m := randomMatrix(rand.New(rand.NewPCG(20, 21)), 90, 200, 0.1)
	full, err := PackWindow(m, Mantissa)
	if err != nil {
		t.Fatal(err)
	}
	for _, precision := range Precisions()[1:] {
		w, err := PackReducedWindow(precision, m)
		if err != nil {
			t.Fatal(err)
		}
		if w.Steps() != full.Steps() {
			t.Fatalf("%s: %d steps, %d of float32", precision, w.Steps(), full.Steps())
		}
		for k := range w.Steps() {
			if w.Base(k) != full.Base(k) {
				t.Fatalf("%s: step %d begins at column %d, %d in float32", precision, k, w.Base(k), full.Base(k))
			}
		}
		bytes := 0
		for _, s := range w.Sections() {
			bytes += len(s.Data)
		}
		if got := w.Bytes(0, w.Rows()/8); got != bytes {
			t.Errorf("%s: %d bytes counted, %d packed", precision, got, bytes)
		}
	}
}

// TestHalf holds every half-precision number, and rounding against the nearest
// of all.
func TestHalf(t *testing.T) {
	values := map[uint16]float64{}
	for b := range 1 << 16 {
		exponent, fraction := b>>10&31, b&(1<<10-1)
		if exponent == 31 {
			continue
		}
		// IEEE 754, binary16.
		v := math.Ldexp(float64(fraction), -24)
		if exponent > 0 {
			v = math.Ldexp(1+float64(fraction)/(1<<10), exponent-15)
		}
		if b>>15 == 1 {
			v = -v
		}
		values[uint16(b)] = v
		if got := float64(halfValue(uint16(b))); got != v || math.Signbit(got) != math.Signbit(v) {
			t.Fatalf("%#04x is %g, want %g", b, got, v)
		}
		if got := halfBits(v); got != uint16(b) {
			t.Fatalf("%g has bits %#04x, want %#04x", v, got, b)
		}
	}
	rng := rand.New(rand.NewPCG(22, 23))
	for range 20000 {
		x := math.Ldexp(2*rng.Float64()-1, rng.IntN(44)-28)
		b := halfBits(x)
		d := math.Abs(x - values[b])
		for _, neighbour := range []uint16{b - 1, b + 1} {
			if v, ok := values[neighbour]; ok && (math.Abs(x-v) < d || math.Abs(x-v) == d && b&1 == 1) {
				t.Fatalf("%g is rounded to %g, %g is nearer or even", x, values[b], v)
			}
		}
	}
}

func TestPrecisionText(t *testing.T) {
	for _, p := range Precisions() {
		text, _ := p.MarshalText()
		var back Precision
		if err := back.UnmarshalText(text); err != nil || back != p {
			t.Errorf("%s: %v, %v", text, back, err)
		}
	}
	if _, err := ParsePrecision("f64"); err == nil || !strings.Contains(err.Error(), `"f64": want one of f32, q16, f16, int8`) {
		t.Errorf("f64: error %v", err)
	}
}
