package main

import (
	"bytes"
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/sparsec/sparsec/trainer"
)

// drawMasks draws the density of every pruned part over the steps, and below it
// the threshold, as a PNG file.
func drawMasks(path string, c *trainer.Course) error {
	picture, err := masksPicture(c)
	if err != nil {
		return fmt.Errorf("-plot %s: %w", path, err)
	}
	return replaceFile(path, picture)
}

// masksPicture is that of a course that has pruned something.
func masksPicture(c *trainer.Course) ([]byte, error) {
	if len(c.Masks) == 0 {
		return nil, fmt.Errorf("nothing was pruned")
	}
	density, threshold := plot.New(), plot.New()
	density.Title.Text = "what pruning keeps, and its threshold"
	density.Y.Label.Text, threshold.Y.Label.Text = "density, %", "threshold"
	threshold.X.Label.Text = "step"
	threshold.Y.Tick.Marker = exactTicks{}
	density.Legend.Top, density.Legend.Padding = true, vg.Points(2)
	for i, part := range c.Masks[0].Parts {
		var kept, bound plotter.XYs
		for _, m := range c.Masks {
			kept = append(kept, plotter.XY{X: float64(m.Step), Y: 100 * m.Parts[i].Density})
			bound = append(bound, plotter.XY{X: float64(m.Step), Y: m.Parts[i].Threshold})
		}
		line, err := addLine(density, kept, i)
		if err != nil {
			return nil, err
		}
		density.Legend.Add(part.Name, line)
		if _, err := addLine(threshold, bound, i); err != nil {
			return nil, err
		}
	}
	density.Y.Min, density.Y.Max, threshold.Y.Min = 0, 100, 0
	return stacked(3.2*vg.Inch, density, threshold)
}

// addLine adds a line with points in the colour of a number.
func addLine(p *plot.Plot, points plotter.XYs, number int) (plot.Thumbnailer, error) {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, err
	}
	line.Color, dots.Color = plotutil.Color(number), plotutil.Color(number)
	line.Width, dots.Radius = vg.Points(1.2), vg.Points(1.5)
	line.Dashes = plotutil.Dashes(number / len(plotutil.DefaultColors))
	p.Add(line, dots)
	return line, nil
}

// stacked is a PNG of plots of a height above each other, their axes aligned.
func stacked(height vg.Length, plots ...*plot.Plot) ([]byte, error) {
	canvas := vgimg.New(8*vg.Inch, vg.Length(len(plots))*height)
	rows := make([][]*plot.Plot, len(plots))
	for i, p := range plots {
		p.Add(plotter.NewGrid())
		rows[i] = []*plot.Plot{p}
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(8), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(12)}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		plots[i].Draw(row[0])
	}
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
