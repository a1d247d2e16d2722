package lower

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Batch is the program for a block of streams in lockstep, of the program for one and
// the choices of a plan for both: the same layers, each matrix packed for kernels with
// lanes over the streams. Weights are those that the program for one stream has, moved
// where that moved them. A matrix that is dense in both shares its weights. Workers
// have no part in it.
func Batch(p *kernel.Program, plan *schedule.Plan) (*kernel.Program, error) {
	streams := plan.Streams
	if err := noCopies(p, streams); err != nil {
		return nil, err
	}
	b := *p
	b.Batch = streams
	b.Layers = slices.Clone(p.Layers)
	for i := range b.Layers {
		b.Layers[i].Phases, b.Layers[i].Turns = nil, nil // of the products of one stream
	}
	b.Matrices = make([]kernel.Matrix, len(p.Matrices))
	for i := range p.Matrices {
		m := &p.Matrices[i]
		e := plan.Entry(m.Name)
		if e == nil || e.Lockstep == nil {
			return nil, fmt.Errorf("plan: matrix %q has no choice for streams in lockstep", m.Name)
		}
		form, err := lockstepForm(m, kernel.Strategy(e.Lockstep.Strategy), streams)
		if err != nil {
			return nil, fmt.Errorf("matrix %q for %d streams: %w", m.Name, streams, err)
		}
		b.Matrices[i] = kernel.Matrix{Name: m.Name, Rows: m.Rows, Cols: m.Cols, NNZ: form.Packed.NNZ(), Form: form}
	}
	return &b, nil
}

// noCopies is an error that names a node which reads a constant: weights.bin has one
// of them, streams in lockstep would read as many.
func noCopies(p *kernel.Program, streams int) error {
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			for _, o := range p.Operands(in) {
				if o.Ref.Space == kernel.Con && o.Role != "Init" {
					return fmt.Errorf("node %q reads constant %q: %d streams in lockstep have no copies of it", l.Name, p.Consts[o.Ref.ID].Name, streams)
				}
			}
		}
	}
	return nil
}

// lockstepForm packs the weights of a matrix.
func lockstepForm(m *kernel.Matrix, strategy kernel.Strategy, streams int) (kernel.Form, error) {
	w := m.Packed.Unpack()
	if strategy == kernel.Stream {
		s, err := sparse.PackStream(w, streams)
		if err != nil {
			return kernel.Form{}, err
		}
		return kernel.Form{Strategy: strategy, Packed: s, Ranges: kernel.RangesFor(s, 0)}, nil
	}
	dense, shared := m.Packed.(*sparse.Dense)
	if !shared || dense.Precision() != sparse.Float32 {
		dense = sparse.PackDense(w)
	}
	return kernel.Form{Strategy: strategy, Packed: sparse.DenseLockstep{Dense: dense}, Ranges: kernel.RangesFor(dense, 0)}, nil
}
