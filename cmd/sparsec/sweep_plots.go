package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/sparsec/sparsec/trainer/sweep"
)

// picture is a plot of a report.
type picture struct {
	name  string // of the file, without its ending
	title string
	png   []byte
}

// pictures are those that the groups have numbers for.
func pictures(groups []group) ([]picture, error) {
	all := []struct {
		name, title string
		draw        func([]group) (*plot.Plot, error)
		wanted      bool
	}{
		{"curves", "Validation loss while training", lossCurves, true},
		{"parameters", "Quality against parameters", againstParameters, true},
		{"sparsity", "Quality against sparsity", againstSparsity, anyGroup(groups, func(g *group) bool { return g.sparsity() > 0 })},
		{"time", "Quality against measured time", againstTime, anyGroup(groups, func(g *group) bool { return g.us > 0 })},
	}
	var list []picture
	for _, p := range all {
		if !p.wanted {
			continue
		}
		drawn, err := p.draw(groups)
		if err != nil {
			return nil, fmt.Errorf("picture %s: %w", p.name, err)
		}
		drawn.Title.Text = p.title
		png, err := stacked(4.6*vg.Inch, drawn)
		if err != nil {
			return nil, fmt.Errorf("picture %s: %w", p.name, err)
		}
		list = append(list, picture{p.name, p.title, png})
	}
	return list, nil
}

func anyGroup(groups []group, f func(*group) bool) bool {
	for i := range groups {
		if f(&groups[i]) {
			return true
		}
	}
	return false
}

// lossCurves has a line for every cell, in the colour of its family.
func lossCurves(groups []group) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Tick.Marker = exactTicks{}
	p.X.Label.Text, p.Y.Label.Text = "step", "loss"
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	for i, f := range familiesOf(groups) {
		var line plot.Thumbnailer
		for _, g := range f.groups {
			for _, r := range g.results {
				var points plotter.XYs
				for _, v := range r.Course.Validations {
					points = append(points, plotter.XY{X: float64(v.Step), Y: v.Valid})
				}
				var err error
				if line, err = addLine(p, points, i); err != nil {
					return nil, err
				}
			}
		}
		p.Legend.Add(f.name, line)
	}
	return p, nil
}

func againstParameters(groups []group) (*plot.Plot, error) {
	p, err := scatter(groups, func(g *group) float64 { return g.nonZero() })
	if err != nil {
		return nil, err
	}
	p.X.Label.Text = "parameters that are not zero"
	logarithmic(&p.X)
	return p, nil
}

func againstSparsity(groups []group) (*plot.Plot, error) {
	p, err := scatter(groups, func(g *group) float64 { return 100 * g.sparsity() })
	if err != nil {
		return nil, err
	}
	p.X.Label.Text = "share of pruned matrices that is zero, %"
	return p, nil
}

// againstTime leaves out the groups that were not timed.
func againstTime(groups []group) (*plot.Plot, error) {
	var timed []group
	for _, g := range groups {
		if g.us > 0 {
			timed = append(timed, g)
		}
	}
	p, err := scatter(timed, func(g *group) float64 { return g.us })
	if err != nil {
		return nil, err
	}
	p.X.Label.Text = "µs per step, one core"
	logarithmic(&p.X)
	return p, nil
}

// logarithmic gives an axis of positive numbers whole octaves at least.
func logarithmic(a *plot.Axis) {
	a.Scale, a.Tick.Marker = plot.LogScale{}, octaves{}
	a.Min, a.Max = a.Min/1.2, a.Max*1.4 // room for the names
}

// octaves are ticks at 1, 2 and 5 of every power of ten.
type octaves struct{}

func (octaves) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for power := math.Pow(10, math.Floor(math.Log10(least))); power <= most; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * power; v >= least && v <= most {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
			}
		}
	}
	return ticks
}

// maskPicture is the plot of a cell's masks, nil without pruning.
func maskPicture(r *sweep.Result) ([]byte, error) {
	if len(r.Course.Masks) == 0 {
		return nil, nil
	}
	return masksPicture(&r.Course)
}
