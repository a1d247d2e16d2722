package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Cells are the recurrent cells of a [Layer].
var cells = []string{"gru", "lstm", "rnn"}

// maxHidden keeps slips from asking for all the memory there is.
const maxHidden = 1 << 14

// Layer describes a stack of recurrent layers with random weights.
type Layer struct {
	Cell     string // gru, lstm or rnn
	Hidden   int    // units of each layer
	Input    int    // elements of a frame; 0 stands for Hidden
	Layers   int    // 0 stands for 1
	Sparsity float64
	Pattern  sparse.Pattern
	Seed     uint64
}

// check lists what is wrong.
func (l *Layer) check() error {
	var faults []error
	if !slices.Contains(cells, l.Cell) {
		faults = append(faults, fmt.Errorf("cell %q: want one of %v", l.Cell, cells))
	}
	if l.Hidden < 1 || l.Hidden > maxHidden {
		faults = append(faults, fmt.Errorf("hidden size %d: want 1 to %d", l.Hidden, maxHidden))
	}
	if l.Input < 0 || l.Input > maxHidden {
		faults = append(faults, fmt.Errorf("input size %d: want 1 to %d, or 0 for the hidden size", l.Input, maxHidden))
	}
	if l.Layers < 0 || l.Layers > 100 {
		faults = append(faults, fmt.Errorf("%d layers: want 1 to 100", l.Layers))
	}
	if !(l.Sparsity >= 0 && l.Sparsity <= 1) {
		faults = append(faults, fmt.Errorf("sparsity %v: want 0 to 1, the share of weights that are zero", l.Sparsity))
	}
	faults = append(faults, l.Pattern.Validate())
	return errors.Join(faults...)
}

// Random makes a model of the layers: one vector input, one output, the state
// of the last layer. Weights are drawn from a normal distribution whose scale
// keeps pre-activations of unit variance, biases from one of a tenth, and each
// gate of each matrix keeps the largest weights in the pattern. The same Layer
// gives the same model.
func Random(l Layer) (*ir.Model, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	r := &randomModel{Layer: l, rng: rand.New(rand.NewPCG(l.Seed, 0))}
	r.m = &ir.Model{Name: fmt.Sprintf("%s%d", l.Cell, l.Hidden)}
	width := l.Input
	if width == 0 {
		width = l.Hidden
	}
	value := "x"
	r.m.Inputs = []ir.Input{{Name: value, Type: ir.Vector(width)}}
	for i := range max(l.Layers, 1) {
		name := fmt.Sprintf("%s%d", l.Cell, i)
		op, err := r.layer(name, width)
		if err != nil {
			return nil, err
		}
		r.m.Nodes = append(r.m.Nodes, ir.Node{Name: name, Op: op, Inputs: []string{value}})
		value, width = name, l.Hidden
	}
	r.m.Outputs = []string{value}
	return r.m, r.m.Verify()
}

type randomModel struct {
	Layer
	m   *ir.Model
	rng *rand.Rand
}

// layer adds the parameters and states of one layer.
func (r *randomModel) layer(name string, in int) (ir.Op, error) {
	gates := map[string]int{"gru": 3, "lstm": 4, "rnn": 1}[r.Cell]
	ih, err := r.matrix(name+".weight_ih", gates, in)
	if err != nil {
		return nil, err
	}
	hh, err := r.matrix(name+".weight_hh", gates, r.Hidden)
	if err != nil {
		return nil, err
	}
	bih, bhh := r.vector(name+".bias_ih", gates*r.Hidden), r.vector(name+".bias_hh", gates*r.Hidden)
	h := r.state(name + ".h")
	switch r.Cell {
	case "gru":
		return ir.GRU{WeightIH: ih, WeightHH: hh, BiasIH: bih, BiasHH: bhh, H: h, Func: ir.Tanh}, nil
	case "lstm":
		return ir.LSTM{WeightIH: ih, WeightHH: hh, BiasIH: bih, BiasHH: bhh, H: h, C: r.state(name + ".c")}, nil
	}
	return ir.RNN{WeightIH: ih, WeightHH: hh, BiasIH: bih, BiasHH: bhh, H: h, Func: ir.Tanh}, nil
}

func (r *randomModel) state(name string) string {
	r.m.States = append(r.m.States, ir.State{Name: name, Size: r.Hidden})
	return name
}

func (r *randomModel) vector(name string, n int) string {
	p := &ir.Param{Name: name, Shape: []int{n}, Data: make([]float32, n)}
	for i := range p.Data {
		p.Data[i] = float32(.1 * r.rng.NormFloat64())
	}
	r.m.Params = append(r.m.Params, p)
	return name
}

// matrix adds a pruned weight tensor of stacked gates.
func (r *randomModel) matrix(name string, gates, cols int) (string, error) {
	rows := gates * r.Hidden
	w := sparse.NewMatrix(rows, cols)
	for i := range w.Data {
		w.Data[i] = float32(r.rng.NormFloat64())
	}
	keep := sparse.FullMask(rows, cols)
	if r.Pattern.Kind != sparse.KindDense && r.Sparsity > 0 {
		keep = sparse.NewMask(rows, cols)
		for g := range gates {
			gate, err := r.Pattern.Select(w, 1-r.Sparsity, sparse.Span{From: g * r.Hidden, To: (g + 1) * r.Hidden})
			if err != nil {
				return "", fmt.Errorf("tensor %q: %w", name, err)
			}
			keep = keep.Or(gate)
		}
	}
	keep.Apply(w)
	scaleRows(w)
	r.m.Params = append(r.m.Params, &ir.Param{Name: name, Shape: []int{rows, cols}, Data: w.Data})
	return name, nil
}

// scaleRows gives the rows that are not empty a squared norm of 1/2, so that
// the two products of a layer make pre-activations of unit variance.
func scaleRows(w *sparse.Matrix) {
	for i := range w.Rows {
		var sum float64
		for _, v := range w.Row(i) {
			sum += float64(v) * float64(v)
		}
		if sum == 0 {
			continue
		}
		scale := float32(math.Sqrt(.5 / sum))
		for k := range w.Row(i) {
			w.Row(i)[k] *= scale
		}
	}
}
