package trainer

import (
	"strings"

	"github.com/sparsec/sparsec/trainer/prune"
)

// Course is how a run went, from its first step on, also where it was resumed.
type Course struct {
	Validations []ValidationPoint `json:"validations,omitempty"`
	Masks       []MaskPoint       `json:"masks,omitempty"`
}

// ValidationPoint is one validation.
type ValidationPoint struct {
	Step    int     `json:"step"`
	Train   float64 `json:"train"` // mean loss of the steps since the validation before
	Valid   float64 `json:"valid"` // mean loss
	Density float64 `json:"density"`
}

// MaskPoint is what pruning had left after a step that made masks anew.
type MaskPoint struct {
	Step    int         `json:"step"`
	Density float64     `json:"density"` // of all pruned tensors together
	Parts   []PartPoint `json:"parts"`
}

// PartPoint is that of the gates of a tensor that share a budget.
type PartPoint struct {
	Name      string  `json:"name"` // of the tensor, with its gates in brackets where they are not all
	Density   float64 `json:"density"`
	Threshold float64 `json:"threshold"` // see prune.PartReport
}

// maskPoint summarises reports.
func maskPoint(step int, density float64, reports []prune.Report) MaskPoint {
	m := MaskPoint{Step: step, Density: density}
	for _, r := range reports {
		for _, p := range r.Parts {
			name := r.Name
			if len(r.Parts) > 1 {
				name += "[" + strings.Join(p.Gates, " ") + "]"
			}
			m.Parts = append(m.Parts, PartPoint{Name: name, Density: p.Density, Threshold: p.Threshold})
		}
	}
	return m
}
