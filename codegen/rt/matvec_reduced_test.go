package rt

import (
	"math"
	"testing"
	"unsafe"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// packReduced packs in the forms of weights that are not float32.
func packReduced(t *testing.T, m *sparse.Matrix) []sparse.Packed {
	t.Helper()
	var list []sparse.Packed
	add := func(p sparse.Packed, err error) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	for _, precision := range sparse.Precisions()[1:] {
		dense, err := sparse.PackDenseIn(precision, m)
		add(dense, err)
		for _, height := range []int{4, 8, 16} {
			block, err := sparse.PackBlockIn(precision, m, height)
			add(block, err)
		}
		window, err := sparse.PackReducedWindow(precision, m)
		add(window, err)
	}
	return list
}

// callReduced calls a kernel for weights that are not float32, whose sections are
// the arguments behind the first three.
func callReduced(t *testing.T, weights unsafe.Pointer, c kernel.Call, dst, init, src []float32) {
	t.Helper()
	a := c.Args[3:]
	last := a[len(a)-1].Value
	switch c.Func {
	case "matvecDenseFixed":
		if a[0].Elem == kernel.Int8 {
			matvecDenseFixed(dst, init, src, view[int8](weights, a[0]), view[float32](weights, a[1]), last)
		} else {
			matvecDenseFixed(dst, init, src, view[int16](weights, a[0]), view[float32](weights, a[1]), last)
		}
	case "matvecDenseHalf":
		matvecDenseHalf(dst, init, src, view[uint16](weights, a[0]), view[float32](weights, a[1]), last)
	case "matvecBlockFixed":
		columns, counts, scales := view[uint16](weights, a[1]), view[uint32](weights, a[2]), view[float32](weights, a[3])
		if a[0].Elem == kernel.Int8 {
			matvecBlockFixed(dst, init, src, view[int8](weights, a[0]), columns, counts, scales, last)
		} else {
			matvecBlockFixed(dst, init, src, view[int16](weights, a[0]), columns, counts, scales, last)
		}
	case "matvecBlockHalf":
		matvecBlockHalf(dst, init, src, view[uint16](weights, a[0]), view[uint16](weights, a[1]), view[uint32](weights, a[2]), view[float32](weights, a[3]), last)
	case "matvecWindowFixed16":
		matvecWindowFixed16(dst, init, src, view[uint32](weights, a[0]), view[uint16](weights, a[1]), view[uint32](weights, a[2]), view[float32](weights, a[3]))
	case "matvecWindowHalf":
		matvecWindowHalf(dst, init, src, view[uint16](weights, a[0]), view[uint16](weights, a[1]), view[uint16](weights, a[2]), view[uint32](weights, a[3]), view[float32](weights, a[4]))
	case "matvecWindowInt8":
		matvecWindowInt8(dst, init, src, view[int8](weights, a[0]), view[uint16](weights, a[1]), view[uint16](weights, a[2]), view[uint32](weights, a[3]), view[float32](weights, a[4]))
	default:
		t.Fatalf("no function %q", c.Func)
	}
}

func view[T any](weights unsafe.Pointer, a kernel.Arg) []T {
	return weightsAt[T](weights, a.Off, a.Len)
}

// TestHalf holds every finite half-precision number against IEEE 754, binary16.
func TestHalf(t *testing.T) {
	for b := range 1 << 16 {
		exponent, fraction := b>>10&31, b&(1<<10-1)
		if exponent == 31 {
			continue
		}
		want := math.Ldexp(float64(fraction), -24)
		if exponent > 0 {
			want = math.Ldexp(1+float64(fraction)/(1<<10), exponent-15)
		}
		if b>>15 == 1 {
			want = -want
		}
		if got := float64(half(uint16(b))); got != want || math.Signbit(got) != (b>>15 == 1) {
			t.Fatalf("%#04x is %g, want %g", b, got, want)
		}
	}
}
