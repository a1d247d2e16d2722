package rt

import (
	"bytes"
	"testing"
)

func TestLoadWeights(t *testing.T) {
	file := "\x00\x00\x80\x3f\x00\x00\x00\xc0" + "\x01\x00\x02\x01" // 1, −2; 1, 258
	sections := []section{{0, 8, 4}, {8, 4, 2}}
	base := loadWeights(file, sections)
	if f := weightsAt[float32](base, 0, 2); f[0] != 1 || f[1] != -2 {
		t.Errorf("floats %v", f)
	}
	if u := weightsAt[uint16](base, 8, 2); u[0] != 1 || u[1] != 258 {
		t.Errorf("uint16 %v", u)
	}
}

func TestSwapSections(t *testing.T) {
	file := "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"
	got := swapSections(file, []section{{0, 4, 4}, {4, 4, 2}, {8, 2, 1}})
	if want := []byte("\x04\x03\x02\x01\x06\x05\x08\x07\x09\x0a"); !bytes.Equal(got[:len(want)], want) {
		t.Errorf("got % x, want % x", got, want)
	}
}
