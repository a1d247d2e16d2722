package sparse

import (
	"image"
	"math/rand/v2"
	"testing"
)

// lightness is the sum of the channels; black is 0.
func lightness(picture image.Image, x, y int) int {
	r, g, b, _ := picture.At(x, y).RGBA()
	return int(r>>8 + g>>8 + b>>8)
}

func TestHeatmapMagnifiesWhole(t *testing.T) {
	m := &Matrix{Rows: 2, Cols: 3, Data: []float32{1, 0, -1, 0, 0, 1e-9}}
	picture := Heatmap(m, 100, 100)
	if got, want := picture.Bounds().Size(), image.Pt(99, 66); got != want {
		t.Fatalf("size %v, want %v", got, want)
	}
	for y := range 66 {
		for x := range 99 {
			bright := m.Row(y / 33)[x/33] != 0
			if l := lightness(picture, x, y); bright != (l > 500) || !bright && l > 60 {
				t.Fatalf("pixel %d,%d: lightness %d, kept %v", x, y, l, bright)
			}
		}
	}
}

func TestHeatmapShowsDensity(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	m := NewMatrix(1000, 600)
	for i := range m.Data {
		// Three bands of columns: empty, sparse, three times as dense.
		if r.Float64() < float64([]int{0, 5, 15}[i%m.Cols/200])/100 {
			m.Data[i] = 1
		}
	}
	picture := Heatmap(m, 100, 100)
	size := picture.Bounds().Size()
	if size != image.Pt(60, 100) {
		t.Fatalf("size %v, want 60×100: square cells of 10×10 weights", size)
	}
	var bands [3]int
	for y := range size.Y {
		for x := range size.X {
			bands[x/20] += lightness(picture, x, y)
		}
	}
	if !(2*bands[0] < bands[1] && bands[1] < bands[2]) {
		t.Errorf("lightness of the bands %v, want it to rise with density", bands)
	}
}

func TestHeatmapFitsAndIsStable(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 1, 1}, {7, 5000, 64, 64}, {5000, 7, 64, 10}, {65, 65, 64, 64}, {3, 3, 8, 5}} {
		m := normalMatrix(rand.New(rand.NewPCG(1, 2)), c[0], c[1])
		a, b := Heatmap(m, c[2], c[3]).(*image.Paletted), Heatmap(m, c[2], c[3]).(*image.Paletted)
		if s := a.Bounds().Size(); s.X > c[2] || s.Y > c[3] || s.X < 1 || s.Y < 1 {
			t.Errorf("%v: picture of %v", c, s)
		}
		if string(a.Pix) != string(b.Pix) {
			t.Errorf("%v: two pictures differ", c)
		}
	}
	if !Heatmap(NewMatrix(0, 4), 10, 10).Bounds().Empty() {
		t.Error("picture of no rows is not empty")
	}
}

// TestHeatPaletteRises: darker always means sparser, in colour and in grey.
func TestHeatPaletteRises(t *testing.T) {
	last := -1.0
	for i, c := range heatPalette() {
		r, g, b, _ := c.RGBA()
		luminance := 0.2126*float64(r) + 0.7152*float64(g) + 0.0722*float64(b)
		if luminance < last {
			t.Errorf("colour %d is darker than the one before", i)
		}
		last = luminance
	}
}
