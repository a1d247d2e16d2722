package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Batch is the program for as many streams in lockstep, a multiple of 8 up to
// kernel.MaxBatch, of a program for one: the same layers, each matrix packed for
// kernels with lanes over the streams. Weights are those that the program for
// one stream has, moved where that moved them. A matrix that is dense in both
// shares its weights.
func Batch(p *kernel.Program, streams int, target schedule.Target) (*kernel.Program, error) {
	b := *p
	b.Batch = streams
	b.Matrices = make([]kernel.Matrix, len(p.Matrices))
	for i := range p.Matrices {
		m := &p.Matrices[i]
		form, err := lockstepForm(m, streams, target)
		if err != nil {
			return nil, fmt.Errorf("matrix %q for %d streams: %w", m.Name, streams, err)
		}
		b.Matrices[i] = kernel.Matrix{Name: m.Name, Rows: m.Rows, Cols: m.Cols, NNZ: form.Packed.NNZ(), Form: form}
	}
	return &b, nil
}

func lockstepForm(m *kernel.Matrix, streams int, target schedule.Target) (kernel.Form, error) {
	dense, shared := m.Packed.(*sparse.Dense)
	shared = shared && dense.Precision() == sparse.Float32
	w := m.Packed.Unpack()
	if single, whole := target.Lockstep(w.Rows, m.Cols, m.NNZ, streams); single < whole {
		s, err := sparse.PackStream(w, streams)
		if err != nil {
			return kernel.Form{}, err
		}
		return kernel.Form{Strategy: kernel.Stream, Packed: s, Ranges: kernel.RangesFor(s, 0)}, nil
	}
	if !shared {
		dense = sparse.PackDense(w)
	}
	return kernel.Form{Strategy: kernel.Dense, Packed: sparse.DenseLockstep{Dense: dense}, Ranges: kernel.RangesFor(dense, 0)}, nil
}
