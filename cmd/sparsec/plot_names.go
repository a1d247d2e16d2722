package main

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// exactTicks are gonum's, with labels of as many digits as they need: its own are
// rounded to two.
type exactTicks struct{}

func (exactTicks) Ticks(least, most float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(least, most)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = fmt.Sprintf("%.6g", ticks[i].Value)
		}
	}
	return ticks
}

// pointName is written beside a point, in its colour.
type pointName struct {
	at     plotter.XY
	name   string
	colour color.Color
}

// pointNames are written so that none covers another.
type pointNames []pointName

// Plot writes each name to the right of its point, or below that where there is
// room: from the highest point to the lowest, so that names keep their order.
func (n pointNames) Plot(c draw.Canvas, p *plot.Plot) {
	style := p.X.Tick.Label
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	x, y := p.Transforms(&c)
	height := style.Height("x")
	var taken []vg.Rectangle
	for _, name := range n {
		taken = append(taken, around(x(name.at.X), y(name.at.Y), vg.Points(4)))
	}
	falling := slices.SortedStableFunc(slices.Values(n), func(a, b pointName) int { return cmp.Compare(b.at.Y, a.at.Y) })
	for _, name := range falling {
		from := vg.Point{X: x(name.at.X) + vg.Points(5), Y: y(name.at.Y)}
		box := func(row int) vg.Rectangle {
			middle := from.Y - vg.Length(row)*height/4
			return vg.Rectangle{
				Min: vg.Point{X: from.X, Y: middle - height/2},
				Max: vg.Point{X: from.X + style.Width(name.name), Y: middle + height/2},
			}
		}
		row := 0
		for overlaps(box(row), taken) {
			row++
		}
		at := box(row)
		taken = append(taken, at)
		style.Color = name.colour
		c.FillText(style, vg.Point{X: from.X, Y: (at.Min.Y + at.Max.Y) / 2}, name.name)
	}
}

// around is the square around a point.
func around(x, y, radius vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x - radius, Y: y - radius}, Max: vg.Point{X: x + radius, Y: y + radius}}
}

func overlaps(r vg.Rectangle, others []vg.Rectangle) bool {
	for _, o := range others {
		if r.Min.X < o.Max.X && o.Min.X < r.Max.X && r.Min.Y < o.Max.Y-1e-6 && o.Min.Y < r.Max.Y-1e-6 {
			return true
		}
	}
	return false
}
