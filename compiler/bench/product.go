package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sparsec/sparsec/compiler/cluster"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// maxSide bounds the sides of a [Product]: the 16-bit indices of all kernels
// reach that far, and larger ones are slips.
const maxSide = 1 << 15

// Product describes y = W·x for a random pruned matrix W.
type Product struct {
	Rows, Cols int
	Pattern    Pattern
	Sparsity   float64 // share of the weights that are zero; 0 in a dense pattern
	Seed       uint64
}

// String says which it is, in messages.
func (p Product) String() string {
	return fmt.Sprintf("%dx%d %s %g", p.Rows, p.Cols, p.Pattern, p.Sparsity)
}

// Check lists what is wrong.
func (p Product) Check() error {
	var faults []error
	if p.Rows < 1 || p.Cols < 1 || p.Rows > maxSide || p.Cols > maxSide {
		faults = append(faults, fmt.Errorf("shape %dx%d: want sides of 1 to %d", p.Rows, p.Cols, maxSide))
	}
	if !(p.Sparsity >= 0 && p.Sparsity < 1) {
		faults = append(faults, fmt.Errorf("sparsity %g: want 0 up to, not including, 1, the share of weights that are zero", p.Sparsity))
	}
	if p.Pattern.Kind == sparse.KindDense && p.Sparsity != 0 {
		faults = append(faults, fmt.Errorf("sparsity %g of a dense matrix: want 0", p.Sparsity))
	}
	return errors.Join(append(faults, p.Pattern.Validate())...)
}

// matrix draws the matrix and puts its rows in the order that the compiler would
// give them by an objective. The same Product gives the same matrix.
func (p Product) matrix(o cluster.Objective) (*sparse.Matrix, error) {
	w, err := p.draw()
	if err != nil {
		return nil, err
	}
	return reorderRows(w, o)
}

func (p Product) draw() (*sparse.Matrix, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	w, err := p.Pattern.matrix(p.Rows, p.Cols, p.Sparsity, rand.New(rand.NewPCG(p.Seed, 0)))
	if err == nil && w.NNZ() == 0 {
		err = errors.New("no weight is left")
	}
	return w, err
}

// linear is a model of one product.
func linear(w *sparse.Matrix) *ir.Model {
	return &ir.Model{
		Name:    fmt.Sprintf("product%dx%d", w.Rows, w.Cols),
		Inputs:  []ir.Input{{Name: "x", Type: ir.Vector(w.Cols)}},
		Params:  []*ir.Param{{Name: "w", Shape: []int{w.Rows, w.Cols}, Data: w.Data}},
		Nodes:   []ir.Node{{Name: "y", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}}},
		Outputs: []string{"y"},
	}
}

// reorderRows puts rows in the order in which the compiler puts those of a layer
// whose readers are reordered with it: its own pass runs on a model in which a
// dense layer reads the product. The outputs of a model keep their order, so a
// product alone would show kernels at less than what they do inside a model.
func reorderRows(w *sparse.Matrix, o cluster.Objective) (*sparse.Matrix, error) {
	m := linear(w)
	reader := make([]float32, w.Rows)
	for i := range reader {
		reader[i] = 1
	}
	m.Params = append(m.Params, &ir.Param{Name: "reader", Shape: []int{1, w.Rows}, Data: reader})
	m.Nodes = append(m.Nodes, ir.Node{Name: "z", Op: ir.Linear{Weight: "reader"}, Inputs: []string{"y"}})
	m.Outputs = []string{"z"}
	for _, p := range pass.Pipeline(pass.Options{Permute: pass.PermuteOptions{Objective: o}}) {
		if p.Name != permutingPass {
			continue
		}
		m, err := p.Run(m, &pass.Report{})
		if err != nil {
			return nil, fmt.Errorf("pass %s: %w", p.Name, err)
		}
		return &sparse.Matrix{Rows: w.Rows, Cols: w.Cols, Data: m.Param("w").Data}, nil
	}
	return nil, fmt.Errorf("no pass %q in the compiler's pipeline, which is a bug", permutingPass)
}

// permutingPass is the pass that reorders rows.
const permutingPass = "permute-states"
