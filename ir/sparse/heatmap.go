package sparse

import (
	"image"
	"slices"
)

// Heatmap draws how densely the cells of a matrix are filled with weights that
// are not exactly zero, row 0 on top: pruned is dark, the densest cells are
// bright. A matrix larger than maxW×maxH pixels is drawn with square cells of
// several weights each, a smaller one with square pixels magnified by a whole
// number; the picture is never larger than maxW×maxH. It is empty for an empty
// matrix or no room.
func Heatmap(m *Matrix, maxW, maxH int) image.Image {
	if m.Rows == 0 || m.Cols == 0 || maxW < 1 || maxH < 1 {
		return image.NewPaletted(image.Rectangle{}, heatPalette())
	}
	side := max(divideUp(m.Cols, maxW), divideUp(m.Rows, maxH))
	density := cellDensity(m, side)
	full := fullScale(density.Data)

	zoom := 1
	if side == 1 {
		zoom = min(maxW/m.Cols, maxH/m.Rows)
	}
	palette := heatPalette()
	picture := image.NewPaletted(image.Rect(0, 0, density.Cols*zoom, density.Rows*zoom), palette)
	for y := range picture.Rect.Dy() {
		row := density.Row(y / zoom)
		for x := range picture.Rect.Dx() {
			share := min(1, row[x/zoom]/full)
			picture.Pix[y*picture.Stride+x] = uint8(share*float32(len(palette)-1) + 0.5)
		}
	}
	return picture
}

// cellDensity is the share of non-zeros in each side×side cell of a matrix;
// cells at the right and lower edge may be smaller.
func cellDensity(m *Matrix, side int) *Matrix {
	cells := NewMatrix(divideUp(m.Rows, side), divideUp(m.Cols, side))
	for r := range m.Rows {
		row := cells.Row(r / side)
		for c, w := range m.Row(r) {
			if w != 0 {
				row[c/side]++
			}
		}
	}
	for y := range cells.Rows {
		height := min((y+1)*side, m.Rows) - y*side
		row := cells.Row(y)
		for x := range row {
			width := min((x+1)*side, m.Cols) - x*side
			row[x] /= float32(height * width)
		}
	}
	return cells
}

// fullScale is the density drawn brightest: that of the densest cells but one
// in a hundred, or a few full ones would leave the rest in the dark.
func fullScale(densities []float32) float32 {
	var occupied []float32
	for _, d := range densities {
		if d > 0 {
			occupied = append(occupied, d)
		}
	}
	if len(occupied) == 0 {
		return 1
	}
	slices.Sort(occupied)
	return occupied[(len(occupied)-1)*99/100]
}

func divideUp(n, by int) int { return (n + by - 1) / by }
