package main

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// scatter has a point for every group, the range of its seeds as a bar, and its
// name beside it. Groups that differ by their density only are joined by a line, which
// a colour and the legend tell apart; their points have the density beside them. A
// dashed line is at the quality of the first group.
func scatter(groups []group, x func(*group) float64) (*plot.Plot, error) {
	p := plot.New()
	p.X.Tick.Marker, p.Y.Tick.Marker = exactTicks{}, exactTicks{}
	p.Y.Label.Text = qualityName(groups[0].results[0].Score().Metric)
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	var names pointNames
	curves := 0
	for _, f := range familiesOf(groups) {
		c := color.Color(color.Gray{0x40})
		if len(f.groups) > 1 {
			c = plotutil.Color(curves)
			curves++
			if err := f.addCurve(p, x, c); err != nil {
				return nil, err
			}
		}
		for _, g := range f.groups {
			at, err := addPoint(p, g, x(g), c)
			if err != nil {
				return nil, err
			}
			names = append(names, pointName{at, f.label(g), c})
		}
	}
	p.Add(names)
	makeRoom(p)
	return p, addLevel(p, &groups[0])
}

// addPoint draws a group.
func addPoint(p *plot.Plot, g *group, x float64, c color.Color) (plotter.XY, error) {
	mean, least, most := g.quality()
	at := plotter.XY{X: x, Y: mean}
	dot, err := plotter.NewScatter(plotter.XYs{at})
	if err != nil {
		return at, err
	}
	dot.Color, dot.Shape, dot.Radius = c, draw.CircleGlyph{}, vg.Points(3.5)
	bar, err := plotter.NewLine(plotter.XYs{{X: x, Y: least}, {X: x, Y: most}})
	if err != nil {
		return at, err
	}
	bar.Color = c
	p.Add(bar, dot)
	return at, nil
}

// addCurve joins the points of a family, and names it in the legend.
func (f *family) addCurve(p *plot.Plot, x func(*group) float64, c color.Color) error {
	var points plotter.XYs
	for _, g := range f.groups {
		mean, _, _ := g.quality()
		points = append(points, plotter.XY{X: x(g), Y: mean})
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.4)
	p.Add(line)
	p.Legend.Add(f.name, line)
	return nil
}

// addLevel draws the quality of a group from side to side.
func addLevel(p *plot.Plot, g *group) error {
	mean, _, _ := g.quality()
	line, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: mean}, {X: p.X.Max, Y: mean}})
	if err != nil {
		return err
	}
	line.Color, line.Dashes = color.Gray{0x90}, plotutil.Dashes(1)
	p.Add(line)
	return nil
}

// makeRoom widens the axes: names and single points need room around them.
func makeRoom(p *plot.Plot) {
	room := 0.08 * max(p.Y.Max-p.Y.Min, 0.01*math.Abs(p.Y.Max))
	p.Y.Min, p.Y.Max = p.Y.Min-room, p.Y.Max+room
	width := max(p.X.Max-p.X.Min, 0.01*math.Abs(p.X.Max))
	p.X.Max += 0.15 * width
}
