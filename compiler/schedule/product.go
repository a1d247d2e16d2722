package schedule

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Product is one matrix of a matrix–vector product of the model: a weight
// tensor, or some of its gate blocks.
type Product struct {
	Node      string // the first that computes it
	Tensor    string
	From, To  int // rows of the tensor
	BlockRows int // rows of one gate block: a divisor of To−From
	Cols      int
	Vectors   int // that a step multiplies with it together: 1, or the rows of a Linear
	name      string
}

// Products lists the products of a model in the order in which a step computes
// them; two nodes that read a tensor in the same gate blocks share its product.
// The model must be sound.
func Products(m *ir.Model) []Product {
	params := make(map[string]*ir.Param, len(m.Params))
	for _, p := range m.Params {
		params[p.Name] = p
	}
	var all []Product
	seen := map[Product]int{} // its place in all
	names := map[string]bool{}
	for _, n := range m.Nodes {
		for _, p := range nodeProducts(params, n) {
			key := p
			key.Node, key.Vectors = "", 0
			if at, ok := seen[key]; ok {
				all[at].Vectors = max(all[at].Vectors, p.Vectors)
				continue
			}
			seen[key] = len(all)
			if names[p.name] {
				p.name = fmt.Sprintf("%s[%d:%d]/%d", p.Tensor, p.From, p.To, p.BlockRows)
			}
			names[p.name] = true
			all = append(all, p)
		}
	}
	return all
}

func nodeProducts(params map[string]*ir.Param, n ir.Node) []Product {
	gates := func(tensor string, of, from, to int) Product {
		w := params[tensor]
		block := w.Shape[0] / of
		name := tensor
		if to-from < of {
			name = fmt.Sprintf("%s[%d:%d]", tensor, from*block, to*block)
		}
		return Product{Node: n.Name, Tensor: tensor, From: from * block, To: to * block,
			BlockRows: block, Cols: w.Shape[1], Vectors: 1, name: name}
	}
	switch op := n.Op.(type) {
	case ir.Linear:
		p := gates(op.Weight, 1, 0, 1)
		p.Vectors = max(1, op.Rows)
		return []Product{p}
	case ir.RNN:
		return []Product{gates(op.WeightIH, 1, 0, 1), gates(op.WeightHH, 1, 0, 1)}
	case ir.LSTM:
		return []Product{gates(op.WeightIH, 4, 0, 4), gates(op.WeightHH, 4, 0, 4)}
	case ir.GRU:
		if op.Reset == ir.ResetBefore {
			// The candidate reads r⊙h, which needs the reset gate first.
			return []Product{gates(op.WeightIH, 3, 0, 3), gates(op.WeightHH, 3, 0, 2), gates(op.WeightHH, 3, 2, 3)}
		}
		return []Product{gates(op.WeightIH, 3, 0, 3), gates(op.WeightHH, 3, 0, 3)}
	}
	return nil
}

// Name is the tensor's, with the range of rows where the product is a part, as
// in w[0:16]. Where a node before reads the same rows in other gate blocks, it
// has their height as well: w[0:24]/8.
func (p Product) Name() string { return p.name }

// Rows is the number of rows.
func (p Product) Rows() int { return p.To - p.From }

// Blocks are the gate blocks as matrices; they share the tensor's memory.
func (p Product) Blocks(m *ir.Model) []*sparse.Matrix {
	data := m.Param(p.Tensor).Data
	var blocks []*sparse.Matrix
	for r := p.From; r < p.To; r += p.BlockRows {
		blocks = append(blocks, &sparse.Matrix{Rows: p.BlockRows, Cols: p.Cols,
			Data: data[r*p.Cols : (r+p.BlockRows)*p.Cols]})
	}
	return blocks
}

// Matrix is the product's matrix with every gate block padded by empty rows to
// blockRows rows.
func (p Product) Matrix(m *ir.Model, blockRows int) *sparse.Matrix {
	return stack(p.Blocks(m), blockRows)
}

// stack is a matrix of blocks, each padded by empty rows to blockRows rows.
func stack(blocks []*sparse.Matrix, blockRows int) *sparse.Matrix {
	cols := blocks[0].Cols
	padded := sparse.NewMatrix(len(blocks)*blockRows, cols)
	for i, b := range blocks {
		copy(padded.Data[i*blockRows*cols:], b.Data)
	}
	return padded
}
