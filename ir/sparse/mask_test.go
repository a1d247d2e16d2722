package sparse

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func randomMask(r *rand.Rand, rows, cols int, density float64) *Mask {
	m := NewMask(rows, cols)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, r.Float64() < density)
		}
	}
	return m
}

func normalMatrix(r *rand.Rand, rows, cols int) *Matrix {
	m := NewMatrix(rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(r.NormFloat64())
	}
	return m
}

func TestMaskOfAndApply(t *testing.T) {
	w := &Matrix{Rows: 2, Cols: 3, Data: []float32{1, 0, float32(math.Copysign(0, -1)), float32(math.NaN()), 1e-45, -2}}
	m := MaskOf(w)
	if got := slices.Collect(m.Row(0)); !slices.Equal(got, []int{0}) {
		t.Errorf("row 0 keeps %v, want [0]: zeros of both signs are pruned", got)
	}
	if got := slices.Collect(m.Row(1)); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("row 1 keeps %v, want all: NaN and denormals are weights", got)
	}
	v := &Matrix{Rows: 2, Cols: 3, Data: []float32{5, float32(math.Inf(1)), -7, 1, 2, 3}}
	m.Apply(v)
	for i, want := range []float32{5, 0, 0, 1, 2, 3} {
		if math.Float32bits(v.Data[i]) != math.Float32bits(want) {
			t.Errorf("weight %d is %v after Apply, want %v", i, v.Data[i], want)
		}
	}
}

func TestMaskCountsAgreeWithAt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, cols := range []int{1, 7, 63, 64, 65, 128, 200} {
		m := randomMask(r, 5, cols, 0.4)
		total := 0
		for row := range 5 {
			for range 20 {
				from := r.IntN(cols + 1)
				to := from + r.IntN(cols+1-from)
				want := 0
				for c := from; c < to; c++ {
					if m.At(row, c) {
						want++
					}
				}
				if got := m.CountRow(row, from, to); got != want {
					t.Fatalf("%d columns: CountRow(%d, %d, %d) = %d, want %d", cols, row, from, to, got, want)
				}
			}
			total += len(slices.Collect(m.Row(row)))
		}
		if m.Count() != total {
			t.Errorf("%d columns: Count %d, rows yield %d", cols, m.Count(), total)
		}
	}
}

func TestMaskOperations(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	a, b := randomMask(r, 4, 70, 0.5), randomMask(r, 4, 70, 0.5)
	and, or, andNot, xor, not := a.And(b), a.Or(b), a.AndNot(b), a.Xor(b), a.Not()
	for i := range 4 {
		for j := range 70 {
			x, y := a.At(i, j), b.At(i, j)
			if and.At(i, j) != (x && y) || or.At(i, j) != (x || y) || andNot.At(i, j) != (x && !y) ||
				xor.At(i, j) != (x != y) || not.At(i, j) == x {
				t.Fatalf("operations are wrong at %d,%d for %v and %v", i, j, x, y)
			}
		}
	}
	if full := FullMask(4, 70); full.Count() != 280 || !a.Or(not).Equal(full) || full.Not().Count() != 0 {
		t.Error("a mask and its complement do not make the full mask")
	}
	if a.Equal(NewMask(4, 71)) || a.Equal(b) || !a.Equal(a.Clone()) {
		t.Error("Equal ignores shape or content")
	}
}

func TestMaskBytes(t *testing.T) {
	m := NewMask(2, 10)
	m.Set(0, 0, true)
	m.Set(0, 9, true)
	m.Set(1, 3, true)
	want := []byte{0x01, 0x02, 0x08, 0x00}
	if got := m.Bytes(); !bytes.Equal(got, want) {
		t.Fatalf("bytes %x, want %x", got, want)
	}
	r := rand.New(rand.NewPCG(3, 3))
	for _, shape := range [][2]int{{0, 0}, {3, 0}, {0, 9}, {1, 1}, {5, 64}, {5, 63}, {3, 129}} {
		m := randomMask(r, shape[0], shape[1], 0.5)
		got, err := MaskFromBytes(shape[0], shape[1], m.Bytes())
		if err != nil || !got.Equal(m) {
			t.Errorf("%v: no round trip: %v", shape, err)
		}
	}
}

func TestMaskFromBytesRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		rows, cols int
		b          []byte
	}{
		"short":         {2, 8, []byte{1}},
		"long":          {1, 8, []byte{1, 2}},
		"padding set":   {1, 3, []byte{8}},
		"padding word":  {1, 65, []byte{0, 0, 0, 0, 0, 0, 0, 0, 2}},
		"negative":      {-1, 8, nil},
		"without width": {2, 0, []byte{1}},
		"huge":          {math.MaxInt, 8, []byte{1}},
		"huge width":    {1, math.MaxInt, []byte{1}},
	} {
		if _, err := MaskFromBytes(c.rows, c.cols, c.b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
