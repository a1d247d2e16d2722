package prune

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Param is what pruning sees of a trained tensor [Rows Cols].
type Param struct {
	Name       string
	Rows, Cols int
	Value      []float32 // row-major, len Rows·Cols; pruned where it is
	// Grad is the gradient of the last update, of all weights, the pruned ones
	// too; as long as Value. Only [RigL] reads it.
	Grad []float32
	// Prunable tensors are pruned unless a rule makes them dense. Of the others
	// matrices, such as embeddings, are pruned if a rule names them, and vectors,
	// such as biases, never.
	Prunable bool
	// Recurrent tensors multiply a state that they also make: weight (i, i) of a
	// gate is that of a unit to itself, which [Options.Diagonal] keeps.
	Recurrent bool
	Gates     []Gate // in order, covering all rows; nil if there is one block of rows
}

// Gate is a range of rows that belongs together. Row groups of a pattern begin
// again at each gate.
type Gate struct {
	Name string
	Rows sparse.Span
}

func (p *Param) matrix() *sparse.Matrix {
	return &sparse.Matrix{Rows: p.Rows, Cols: p.Cols, Data: p.Value}
}

func (p *Param) gradient() *sparse.Matrix {
	return &sparse.Matrix{Rows: p.Rows, Cols: p.Cols, Data: p.Grad}
}

func (p *Param) vector() bool { return p.Rows == 1 || p.Cols == 1 }

// gates are the gates, or one without a name.
func (p *Param) gates() []Gate {
	if len(p.Gates) == 0 {
		return []Gate{{Rows: sparse.Span{From: 0, To: p.Rows}}}
	}
	return p.Gates
}

func (p *Param) validate() error {
	if p.Rows < 0 || p.Cols < 0 || len(p.Value) != p.Rows*p.Cols {
		return fmt.Errorf("tensor %q: %d values, want %d×%d", p.Name, len(p.Value), p.Rows, p.Cols)
	}
	row := 0
	for _, g := range p.gates() {
		if g.Rows.From != row || g.Rows.To < row {
			return fmt.Errorf("tensor %q: gate %q has rows %d to %d, want them to begin at %d", p.Name, g.Name, g.Rows.From, g.Rows.To, row)
		}
		row = g.Rows.To
	}
	if row != p.Rows {
		return fmt.Errorf("tensor %q: gates end at row %d, want %d", p.Name, row, p.Rows)
	}
	return nil
}
