package rt

import (
	"math"
	"testing"
)

func TestFloatsRoundTrip(t *testing.T) {
	v := []float32{1, -2.5, float32(math.Inf(1)), float32(math.Copysign(0, -1))}
	b := appendFloats([]byte("head"), v)
	got := make([]float32, len(v))
	rest := readFloats(got, append(b, "tail"...)[4:])
	if string(rest) != "tail" || string(b[:8]) != "head\x00\x00\x80\x3f" {
		t.Errorf("bytes %q, rest %q", b, rest)
	}
	for i := range v {
		if math.Float32bits(got[i]) != math.Float32bits(v[i]) {
			t.Errorf("element %d: %v, want %v", i, got[i], v[i])
		}
	}
}

func TestFlags(t *testing.T) {
	if got := appendFlags([]byte("head"), true, false, true); string(got) != "head\x01\x00\x01" {
		t.Errorf("got %q", got)
	}
}
