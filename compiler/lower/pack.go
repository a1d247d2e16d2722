package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// product packs rows [from, to) of a tensor, gate blocks of blockRows rows, by
// the plan and returns the matrix's number. A product that two nodes share is
// packed once.
func (l *lowerer) product(tensor string, from, to, blockRows int) (int, error) {
	key := productKey{tensor, from, to, blockRows}
	if i, ok := l.matrices[key]; ok {
		return i, nil
	}
	p, ok := l.products[key]
	if !ok {
		return 0, fmt.Errorf("no product of rows %d to %d of %q", from, to, tensor)
	}
	m, err := l.pack(p)
	if err != nil {
		return 0, fmt.Errorf("matrix %q: %w", p.Name(), err)
	}
	l.matrices[key] = len(l.p.Matrices)
	l.p.Matrices = append(l.p.Matrices, m)
	return l.matrices[key], nil
}

// productKey is what tells products apart, whatever the names of tensors.
type productKey struct {
	tensor              string
	from, to, blockRows int
}

func productsOf(m *ir.Model) map[productKey]schedule.Product {
	products := map[productKey]schedule.Product{}
	for _, p := range schedule.Products(m) {
		products[productKey{p.Tensor, p.From, p.To, p.BlockRows}] = p
	}
	return products
}

// pack packs a product in the form of its strategy.
func (l *lowerer) pack(p schedule.Product) (kernel.Matrix, error) {
	e := l.plan.Entry(p.Name())
	if e == nil {
		return kernel.Matrix{}, fmt.Errorf("the plan has no entry")
	}
	padded := p.Matrix(l.m, kernel.Pad(p.BlockRows))
	m := kernel.Matrix{Name: p.Name(), Rows: p.Rows(), Cols: p.Cols, NNZ: padded.NNZ()}
	var err error
	switch s := e.Strategy; s.Kernel {
	case schedule.Dense:
		err = packDense(&m, padded)
	case schedule.Block:
		err = packBlock(&m, padded, s.Height)
	case schedule.CSR:
		err = packCSR(&m, padded)
	case schedule.Window:
		err = packWindow(&m, padded, kernel.Window, s)
	case schedule.Unrolled:
		err = packWindow(&m, padded, kernel.Unrolled, s)
	default:
		err = fmt.Errorf("strategy %s has no packing", s)
	}
	return m, err
}

func packDense(m *kernel.Matrix, w *sparse.Matrix) error {
	d := sparse.PackDense(w)
	m.Strategy, m.Packed, m.Ranges = kernel.Dense, d, kernel.RangesFor(d, 0)
	return nil
}

func packBlock(m *kernel.Matrix, w *sparse.Matrix, height int) error {
	b, err := sparse.PackBlock(w, height)
	if err != nil {
		return err
	}
	m.Strategy, m.Packed, m.Ranges = kernel.Block, b, kernel.RangesFor(b, 0)
	return nil
}

func packCSR(m *kernel.Matrix, w *sparse.Matrix) error {
	c, err := sparse.PackCSR(w)
	if err != nil {
		return err
	}
	m.Strategy, m.Packed, m.Ranges = kernel.CSR, c, kernel.RangesFor(c, 0)
	return nil
}

// packWindow packs for the packed stream or for straight-line code, which run
// the same steps.
func packWindow(m *kernel.Matrix, w *sparse.Matrix, family kernel.Strategy, s schedule.Strategy) error {
	packed, err := s.PackWindow(w)
	if err != nil {
		return err
	}
	m.Strategy, m.Packed, m.Ranges = family, packed, kernel.RangesFor(packed, 0)
	return nil
}

// orderMatrices renumbers matrices in the order in which the layers first read
// them, so that weights lie in memory as they are streamed. Matrices are packed
// in that order unless a layer runs a later product first.
func (l *lowerer) orderMatrices() {
	number := map[int]int{}
	var ordered []kernel.Matrix
	for _, layer := range l.p.Layers {
		for i, in := range layer.Instrs {
			mv, ok := in.(kernel.MatVec)
			if !ok {
				continue
			}
			to, seen := number[mv.Matrix]
			if !seen {
				to = len(ordered)
				number[mv.Matrix] = to
				ordered = append(ordered, l.p.Matrices[mv.Matrix])
			}
			mv.Matrix = to
			layer.Instrs[i] = mv
		}
	}
	l.p.Matrices = ordered
}
