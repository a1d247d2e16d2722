package nn

import (
	"math"
	"math/rand/v2"
)

// Param is a trained tensor [Rows Cols], row-major, and the gradient of the loss
// with respect to it. A bias has one column.
type Param[T Float] struct {
	Name        string
	Rows, Cols  int
	Value, Grad []T // len Rows·Cols
	Prunable    bool
	Fixed       bool // not changed by gradients, of which it has none
	// Momentum is of a fixed parameter that follows what batches measure: Grad is then
	// the distance to that, of which a step goes this share.
	Momentum float64
	Blocks   []RowBlock // the gates, in order, covering all rows; nil if there is one block only
}

// RowBlock is a range of rows that belongs to one gate: Start ≤ row < End.
type RowBlock struct {
	Gate       string
	Start, End int
}

func newParam[T Float](name string, rows, cols int, prunable bool, gates ...string) *Param[T] {
	p := &Param[T]{
		Name: name, Rows: rows, Cols: cols, Prunable: prunable,
		Value: make([]T, rows*cols), Grad: make([]T, rows*cols),
	}
	for i, gate := range gates {
		n := rows / len(gates)
		p.Blocks = append(p.Blocks, RowBlock{Gate: gate, Start: i * n, End: (i + 1) * n})
	}
	return p
}

// shared returns a parameter with the value of p and a gradient of its own.
func (p *Param[T]) shared() *Param[T] {
	if p == nil {
		return nil
	}
	q := *p
	q.Grad = make([]T, len(p.Grad))
	return &q
}

// initUniform draws the value from U(−1/√fan, 1/√fan), as PyTorch does.
func (p *Param[T]) initUniform(r *rand.Rand, fan int) {
	bound := 1 / math.Sqrt(float64(max(fan, 1)))
	for i := range p.Value {
		p.Value[i] = T((2*r.Float64() - 1) * bound)
	}
}

// initNormal draws the value from the standard normal distribution.
func (p *Param[T]) initNormal(r *rand.Rand) {
	for i := range p.Value {
		p.Value[i] = T(r.NormFloat64())
	}
}

// follow moves the parameters that have a momentum.
func follow[T Float](params []*Param[T]) {
	for _, p := range params {
		if p.Momentum == 0 {
			continue
		}
		for i, d := range p.Grad {
			p.Value[i] += T(p.Momentum) * d
		}
	}
}

// ZeroGrad sets the gradients to zero.
func ZeroGrad[T Float](params []*Param[T]) {
	for _, p := range params {
		clear(p.Grad)
	}
}
