package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/sparsec/sparsec/compiler/bench"
)

// curve is the speed-up of one kind of row over dense, by sparsity.
type curve struct {
	name   string
	points plotter.XYs
	peer   bool // compressed rows, not the compiler's choice
}

// drawSpeedups draws how many times faster than dense the compiler's choices
// and compressed rows are, one line for each shape, pattern and instruction set,
// as a PNG file.
func drawSpeedups(path string, lines []kernelLine) error {
	p := plot.New()
	p.Title.Text = "y = W·x beside the dense kernel"
	p.X.Label.Text = "share of the weights that are zero, %"
	p.Y.Label.Text = "times faster than dense"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	all := curves(lines)
	for i, c := range all {
		line, points, err := plotter.NewLinePoints(c.points)
		if err != nil {
			return fmt.Errorf("-png %s: %w", path, err)
		}
		line.Color, points.Color, points.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		if c.peer {
			line.Dashes = plotutil.Dashes(1)
		}
		p.Add(line, points)
		p.Legend.Add(c.name, line, points)
	}
	// Room for the legend above the curves.
	p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, 0.05*float64(len(all)))
	canvas := vgimg.New(8*vg.Inch, 6*vg.Inch)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return fmt.Errorf("-png %s: %w", path, err)
	}
	return replaceFile(path, b.Bytes())
}

// curves are in the order in which the rows name them, points by rising
// sparsity.
func curves(lines []kernelLine) []curve {
	dense := map[string]float64{}
	matrix := func(l kernelLine) string {
		return fmt.Sprint(l.Shape, l.Pattern, l.Sparsity, l.Batch, l.Weights, l.ISA)
	}
	for _, l := range lines {
		if l.Strategy == bench.DenseKernel {
			dense[matrix(l)] = l.US
		}
	}
	var list []curve
	at := map[string]int{}
	for _, l := range lines {
		if !l.Chosen && l.Strategy != bench.CSRAssembly {
			continue
		}
		name := fmt.Sprintf("%s %s %s %s", l.Shape, l.Pattern, l.Weights, l.ISA)
		if l.Batch > 1 {
			name += fmt.Sprintf(" ×%d", l.Batch)
		}
		if !l.Chosen {
			name += " " + l.Strategy
		}
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, curve{name: name, peer: !l.Chosen})
		}
		list[i].points = append(list[i].points, plotter.XY{X: 100 * l.Sparsity, Y: dense[matrix(l)] / l.US})
	}
	for _, c := range list {
		slices.SortStableFunc(c.points, func(a, b plotter.XY) int { return int(1e6 * (a.X - b.X)) })
	}
	return list
}
