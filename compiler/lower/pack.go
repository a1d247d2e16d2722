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

// pack packs a product in the form of its strategy, and in that of its strategy
// for AVX-512 where the plan has another one there.
func (l *lowerer) pack(p schedule.Product) (kernel.Matrix, error) {
	e := l.plan.Entry(p.Name())
	if e == nil {
		return kernel.Matrix{}, fmt.Errorf("the plan has no entry")
	}
	padded := p.Matrix(l.m, kernel.Pad(p.BlockRows))
	m := kernel.Matrix{Name: p.Name(), Rows: p.Rows(), Cols: p.Cols, NNZ: padded.NNZ()}
	form, err := pack(padded, e.Strategy)
	if err != nil {
		return m, err
	}
	m.Form = form
	if e.Wide == nil || e.Wide.Strategy == e.Strategy {
		return m, nil
	}
	wide, err := pack(padded, e.Wide.Strategy)
	if err != nil {
		return m, fmt.Errorf("for %s: %w", kernel.AVX512, err)
	}
	if e.Wide.Strategy.SamePacking(e.Strategy) {
		wide.Packed = m.Packed
	}
	m.Wide = &wide
	return m, nil
}

// pack packs a matrix in the form of a strategy.
func pack(w *sparse.Matrix, s schedule.Strategy) (kernel.Form, error) {
	if s.Weights != sparse.Float32 {
		return packReduced(w, s)
	}
	switch s.Kernel {
	case schedule.Dense:
		d := sparse.PackDense(w)
		return kernel.Form{Strategy: kernel.Dense, Packed: d, Ranges: kernel.RangesFor(d, 0)}, nil
	case schedule.Block:
		b, err := s.PackBlock(w)
		if err != nil {
			return kernel.Form{}, err
		}
		return kernel.Form{Strategy: kernel.Block, Packed: b, Ranges: kernel.RangesFor(b, 0)}, nil
	case schedule.CSR:
		c, err := sparse.PackCSR(w)
		if err != nil {
			return kernel.Form{}, err
		}
		return kernel.Form{Strategy: kernel.CSR, Packed: c, Ranges: kernel.RangesFor(c, 0)}, nil
	case schedule.Window:
		return packWindow(w, s)
	case schedule.Copies:
		return packCopies(w)
	case schedule.Unrolled:
		return packStraight(w)
	case schedule.Chunk:
		return packChunk(w, s, kernel.Chunk)
	case schedule.ChunkUnrolled:
		return packChunk(w, s, kernel.ChunkUnrolled)
	}
	return kernel.Form{}, fmt.Errorf("strategy %s has no packing", s)
}

func packStraight(w *sparse.Matrix) (kernel.Form, error) {
	packed, err := sparse.PackStraight(w)
	if err != nil {
		return kernel.Form{}, err
	}
	return kernel.Form{Strategy: kernel.Unrolled, Packed: packed, Ranges: kernel.RangesFor(packed, 0)}, nil
}

// packReduced packs weights that are not float32.
func packReduced(w *sparse.Matrix, s schedule.Strategy) (kernel.Form, error) {
	packed, err := s.PackReduced(w)
	if err != nil {
		return kernel.Form{}, err
	}
	family := map[schedule.Kernel]kernel.Strategy{schedule.Dense: kernel.Dense, schedule.Block: kernel.Block, schedule.Window: kernel.Window}[s.Kernel]
	return kernel.Form{Strategy: family, Packed: packed, Ranges: kernel.RangesFor(packed, 0)}, nil
}

func packWindow(w *sparse.Matrix, s schedule.Strategy) (kernel.Form, error) {
	packed, err := s.PackWindow(w)
	if err != nil {
		return kernel.Form{}, err
	}
	return kernel.Form{Strategy: kernel.Window, Packed: packed, Ranges: kernel.RangesFor(packed, 0)}, nil
}

func packCopies(w *sparse.Matrix) (kernel.Form, error) {
	packed, err := sparse.PackWindowCopies(w)
	if err != nil {
		return kernel.Form{}, err
	}
	// A call is for one panel of a range, and makes copies anew: longer ranges make
	// fewer, and no call longer than others.
	panels, _ := packed.Parts()
	ranges := kernel.RangesFor(packed, len(panels)*kernel.MaxRangeBytes)
	return kernel.Form{Strategy: kernel.Copies, Packed: packed, Ranges: ranges}, nil
}

// packChunk packs for the packed stream or for straight-line code.
func packChunk(w *sparse.Matrix, s schedule.Strategy, family kernel.Strategy) (kernel.Form, error) {
	packed, err := s.PackChunk(w)
	if err != nil {
		return kernel.Form{}, err
	}
	return kernel.Form{Strategy: family, Packed: packed, Ranges: kernel.RangesFor(packed, 0)}, nil
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
