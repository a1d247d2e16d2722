package compiler

import (
	"slices"

	"github.com/sparsec/sparsec/compiler/cluster"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Objective is what the order of units should make small in a package of a lowest
// level. Machines of that level and all above share the order, and AVX-512 alone
// computes in chunks. Weights that are not float32 lie in windows at every level.
func Objective(lowest kernel.Level, reduced bool) cluster.Objective {
	if lowest == kernel.AVX512 && !reduced {
		return cluster.Overlapping32
	}
	return cluster.Windows
}

// objective is that of the plan or, without one, of what restricts the choice.
func (o *Options) objective() cluster.Objective {
	if o.Plan != nil {
		return Objective(o.Plan.Base, slices.ContainsFunc(o.Plan.Matrices, func(e schedule.Entry) bool {
			return e.Strategy.Weights != sparse.Float32
		}))
	}
	if len(o.Schedule.Targets) == 0 {
		return cluster.Windows
	}
	return Objective(o.Schedule.Targets[0].ISA, slices.ContainsFunc(o.Schedule.Weights, func(w schedule.Weights) bool {
		return w.Precision != sparse.Float32
	}))
}
