package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/sweep"
)

// group is the cells that differ by their seed only.
type group struct {
	name    string
	results []*sweep.Result
	us      float64 // measured time of a step; 0 if it was not measured
	bytes   int     // of the weights of the package
}

// groups are in the order of the cells.
func groupsOf(done []*sweep.Result, times *stepTimes) []group {
	var list []group
	at := map[string]int{}
	for _, r := range done {
		i, ok := at[r.Group]
		if !ok {
			i = len(list)
			at[r.Group] = i
			list = append(list, group{name: r.Group, us: times.of(r.Group)})
			if times != nil {
				list[i].bytes = times.Bytes[r.Group]
			}
		}
		list[i].results = append(list[i].results, r)
	}
	return list
}

// quality is a score as something that is better the lower it is.
func quality(s trainer.Score) float64 {
	switch s.Metric {
	case trainer.Accuracy:
		return 100 * (1 - s.Value)
	case trainer.CharErrorRate:
		return 100 * s.Value
	}
	return s.Loss
}

// qualityName is what quality is of.
func qualityName(m trainer.Metric) string {
	switch m {
	case trainer.BitsPerChar:
		return "nats per character"
	case trainer.Accuracy:
		return "error, %"
	case trainer.CharErrorRate:
		return "character error rate, %"
	}
	return "squared error"
}

// mean and the extremes of a number over the seeds.
func (g *group) over(f func(*sweep.Result) float64) (mean, least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, r := range g.results {
		v := f(r)
		mean += v / float64(len(g.results))
		least, most = min(least, v), max(most, v)
	}
	return mean, least, most
}

func (g *group) quality() (mean, least, most float64) {
	return g.over(func(r *sweep.Result) float64 { return quality(r.Score()) })
}

func (g *group) mean(f func(*sweep.Result) float64) float64 {
	mean, _, _ := g.over(f)
	return mean
}

func (g *group) nonZero() float64 {
	return g.mean(func(r *sweep.Result) float64 { return float64(r.NonZero) })
}

func (g *group) sparsity() float64 {
	return g.mean(func(r *sweep.Result) float64 { return 1 - r.Density() })
}

// seconds is the time of the runs that were not resumed, 0 if all were.
func (g *group) seconds() float64 {
	sum, n := 0.0, 0
	for _, r := range g.results {
		if !r.Resumed {
			sum, n = sum+r.Times.Total().Seconds(), n+1
		}
	}
	return sum / float64(max(n, 1))
}

// time is seconds for the table.
func (g *group) time() string {
	if s := g.seconds(); s > 0 {
		return fmt.Sprintf("%.0f", s)
	}
	return "resumed"
}

// summary is the table of a sweep, as cells of text under a head. The first group
// is what qualities are held against.
func summary(groups []group) (head []string, rows [][]string) {
	metric := groups[0].results[0].Score().Metric
	timed := false
	for _, g := range groups {
		timed = timed || g.us > 0
	}
	head = []string{"", "parameters", "not zero", "zero of pruned", qualityName(metric), "worse than the first", "seconds", "GFLOP/s a core"}
	if timed {
		head = append(head, "µs per step", "weights")
	}
	base, _, _ := groups[0].quality()
	for _, g := range groups {
		q, _, _ := g.quality()
		row := []string{
			g.name, fmt.Sprint(g.results[0].Parameters), fmt.Sprintf("%.0f", g.nonZero()), percent(g.sparsity()),
			qualities(&g), fmt.Sprintf("%+.1f %%", 100*(q/base-1)),
			g.time(), fmt.Sprintf("%.0f", g.mean(func(r *sweep.Result) float64 { return r.GFLOPS })),
		}
		if timed {
			row = append(row, stepTime(1e3*g.us), size(g.bytes))
		}
		rows = append(rows, row)
	}
	return head, rows
}

// qualities is the mean with the value of every seed.
func qualities(g *group) string {
	mean, _, _ := g.quality()
	if len(g.results) == 1 {
		return fmt.Sprintf("%.4g", mean)
	}
	var each []string
	for _, r := range g.results {
		each = append(each, fmt.Sprintf("%.4g", quality(r.Score())))
	}
	return fmt.Sprintf("%.4g (%s)", mean, strings.Join(each, ", "))
}

// printSummary prints the table.
func printSummary(w io.Writer, groups []group) {
	head, rows := summary(groups)
	t := newTable(w, head...)
	for _, row := range rows {
		t.line(row)
	}
	t.flush()
}
