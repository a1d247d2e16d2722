package baseline

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/sparsec/sparsec/ir"
)

// Stepper is one stream through a model. It shares the model's parameters and
// allocates nothing per step.
type Stepper struct {
	ops    []func()
	index  map[string]*int
	values map[string][]float32 // inputs of float32 and nodes
	states map[string][]float32
}

// New makes a stream at its beginning. The model must be sound
// ([ir.Model.Verify]), hold its numbers and have no reversed node.
func New(m *ir.Model) (*Stepper, error) {
	if err := errors.Join(m.Verify(), m.Filled()); err != nil {
		return nil, err
	}
	if !m.Streaming() {
		return nil, errors.New("the model has a reversed node: it reads whole sequences")
	}
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	s := &Stepper{index: map[string]*int{}, values: map[string][]float32{}, states: map[string][]float32{}}
	for _, in := range m.Inputs {
		if in.Type.DType == ir.Index {
			s.index[in.Name] = new(int)
		} else {
			s.values[in.Name] = make([]float32, in.Type.Len())
		}
	}
	for _, state := range m.States {
		s.states[state.Name] = make([]float32, state.Size)
		if state.Init != "" {
			copy(s.states[state.Name], m.Param(state.Init).Data)
		}
	}
	b := builder{m, s}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		s.values[n.Name] = make([]float32, types[n.Name].Len())
		op, err := b.node(n)
		if err != nil {
			return nil, fmt.Errorf("node %q: %w", n.Name, err)
		}
		s.ops = append(s.ops, op)
	}
	return s, nil
}

// Index is where an index input of the next step goes, nil if there is none of
// that name. It must be in range.
func (s *Stepper) Index(name string) *int { return s.index[name] }

// Value is the memory of a vector input, to be set before a step, or of a
// node's value, to be read behind it; nil if there is none of that name.
func (s *Stepper) Value(name string) []float32 { return s.values[name] }

// Step goes one frame on.
func (s *Stepper) Step() {
	for _, op := range s.ops {
		op()
	}
}

// linear is one product with its bias.
type linear struct {
	weight, bias []float32 // bias may be nil
	rows, cols   int
}

func (b *builder) linear(weight, bias string) linear {
	w := b.m.Param(weight)
	l := linear{weight: w.Data, rows: w.Shape[0], cols: w.Shape[1]}
	if bias != "" {
		l.bias = b.m.Param(bias).Data
	}
	return l
}

// part is some rows of a product.
func (l linear) part(from, to int) linear {
	p := linear{weight: l.weight[from*l.cols : to*l.cols], rows: to - from, cols: l.cols}
	if l.bias != nil {
		p.bias = l.bias[from:to]
	}
	return p
}

// apply computes y = W·x + b. It is gonum's own routine, whatever is registered
// with blas32.
func (l linear) apply(y, x []float32) {
	beta := float32(0)
	if l.bias != nil {
		copy(y, l.bias)
		beta = 1
	}
	gonum.Implementation{}.Sgemv(blas.NoTrans, l.rows, l.cols, 1, l.weight, l.cols, x, 1, beta, y, 1)
}
