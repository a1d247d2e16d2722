package verify

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Stored is the model that a program computes where it stores weights with less
// than float32: the model it was lowered from with the weights that are stored.
// It is the reference for the kernels; how far it is from the model is the price
// of the precision. Without such weights it is the model itself.
//
// A tensor that two nodes read in different gate blocks may be stored twice; an
// error says where these differ.
func Stored(m *ir.Model, p *kernel.Program) (*ir.Model, error) {
	var stored *ir.Model
	done := map[tensorRow]bool{}
	for i := range p.Matrices {
		matrix := &p.Matrices[i]
		if matrix.Precision() == sparse.Float32 {
			continue
		}
		if stored == nil {
			stored = m.Clone()
		}
		tensor, rows, err := rowsOf(stored, matrix)
		if err != nil {
			return nil, fmt.Errorf("matrix %q: %w", matrix.Name, err)
		}
		data := slices.Clone(tensor.Data)
		weights := matrix.Packed.Unpack()
		for packed, row := range rows {
			if row < 0 {
				continue
			}
			to := data[row*matrix.Cols : (row+1)*matrix.Cols]
			key := tensorRow{tensor.Name, row}
			if done[key] && !slices.Equal(to, weights.Row(packed)) {
				return nil, fmt.Errorf("tensor %q is stored as %s twice, and row %d in two ways: want float32 weights for it", tensor.Name, matrix.Precision(), row)
			}
			done[key] = true
			copy(to, weights.Row(packed))
		}
		tensor.Data = data
	}
	if stored == nil {
		return m, nil
	}
	return stored, nil
}

type tensorRow struct {
	tensor string
	row    int
}
