package bench

import (
	"context"
	"fmt"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
)

// Names of the rows of [Twins].
const (
	Dense    = "dense compiled"
	Sparse   = "sparse compiled"
	Portable = "portable Go"
)

// CompileDense compiles a model with every matrix held to the dense strategy:
// zeros are multiplied like all other weights, which are float32.
func CompileDense(ctx context.Context, m *ir.Model, o compiler.Options) (*compiler.Package, error) {
	o.Schedule.Force = []schedule.Force{{Tensor: "*", Strategy: "dense"}}
	o.Schedule.Weights = nil
	o.Pass.Permute.Disable = true
	o.Plan = nil
	p, err := compiler.Compile(ctx, m, o)
	if err != nil {
		return nil, err
	}
	for _, e := range p.Plan.Matrices {
		if e.Strategy.Kernel != schedule.Dense {
			return nil, fmt.Errorf("matrix %q: strategy %v in the dense twin, which is a bug", e.Name, e.Strategy)
		}
	}
	return p, nil
}

// Twins are the subjects of one model: its dense twin, its sparse package and
// the portable form of that. A package that stores weights with less than float32
// computes another function than the dense twin: only its two forms are alike.
func Twins(dense, sparse *compiler.Package) []Subject {
	list := []Subject{
		{Name: Dense, Files: dense.Files, Program: dense.Program},
		{Name: Sparse, Files: sparse.Files, Program: sparse.Program, Twin: Dense},
		{Name: Portable, Files: sparse.Files, Program: sparse.Program, Portable: true, Twin: Dense},
	}
	for _, e := range sparse.Plan.Matrices {
		if e.Error != nil {
			list[1].Twin, list[2].Twin = "", Sparse
		}
	}
	return list
}
