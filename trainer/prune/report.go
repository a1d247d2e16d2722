package prune

import "github.com/sparsec/sparsec/ir/sparse"

// Report is what pruning has left of a tensor.
type Report struct {
	Name          string
	Rows, Cols    int
	Kept, Weights int
	Density       float64 // Kept over Weights
	// Weights that were pruned and take part again since the mask before, and
	// summed over all masks so far.
	Regrown, RegrownTotal int
	Parts                 []PartReport
}

// PartReport is about the gates of a tensor that share a budget.
type PartReport struct {
	Gates         []string // nil in a tensor without gates
	Pattern       sparse.Pattern
	Kept, Weights int
	Density       float64 // Kept over Weights
	Target        float64 // density asked for; 0 for a schedule without one
	// Level is what made the last mask: a threshold, or the density on the way
	// to the target. 0 before the first.
	Level float64
	// Threshold is that of the last mask: of a schedule that goes to a density,
	// the least root mean square of a unit that was kept. 0 before the first.
	Threshold float64
}

// Report describes the pruned tensors, in the order of the parameters.
func (p *Pruner) Report() []Report {
	reports := make([]Report, 0, len(p.tensors))
	for _, t := range p.tensors {
		r := Report{
			Name: t.name, Rows: t.rows, Cols: t.cols,
			Kept: t.mask.Count(), Weights: t.rows * t.cols, Density: t.mask.Density(),
			Regrown: t.regrown, RegrownTotal: t.regrownTotal,
		}
		for i := range t.parts {
			r.Parts = append(r.Parts, t.partReport(&t.parts[i]))
		}
		reports = append(reports, r)
	}
	return reports
}

func (t *tensor) partReport(p *part) PartReport {
	r := PartReport{Gates: p.gates, Pattern: p.pattern, Target: p.density, Level: p.level, Threshold: p.threshold}
	rows := t.rowsOf(p)
	r.Kept, r.Weights = t.mask.And(rows).Count(), rows.Count()
	if r.Weights > 0 {
		r.Density = float64(r.Kept) / float64(r.Weights)
	}
	return r
}

// Total sums reports.
func Total(reports []Report) (kept, weights int) {
	for _, r := range reports {
		kept += r.Kept
		weights += r.Weights
	}
	return kept, weights
}
