package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// gates is what RNN, GRU and LSTM share: stacked gate blocks of size rows.
type gates struct {
	node         ir.Node
	n, size      int // gate blocks and rows of each
	weightIH     string
	weightHH     string
	biasIH       string
	biasHH       string
	state, input kernel.Ref
}

func (l *lowerer) gates(node ir.Node, n int, weightIH, weightHH, biasIH, biasHH, state string) gates {
	l.values[node.Name] = ref(l.states[state])
	input, _ := l.vectors(node.Inputs[0], 1)
	return gates{node: node, n: n, size: l.m.State(state).Size,
		weightIH: weightIH, weightHH: weightHH, biasIH: biasIH, biasHH: biasHH,
		state: ref(l.states[state]), input: input}
}

// sums is the buffer of the sums of gate blocks. What a product writes as a whole
// and its own layer alone reads, all cells can share: they do so in a model of whole
// sequences, of which every frame has all buffers.
func (l *lowerer) sums(g gates, suffix string, blocks int) int {
	n := blocks * kernel.Pad(g.size)
	if l.m.Streaming() {
		return l.buffer(g.node.Name+suffix, n)
	}
	shared, ok := l.shared[suffix]
	if !ok {
		shared = l.buffer("gates"+suffix, n)
		l.shared[suffix] = shared
	}
	b := &l.p.Buffers[shared]
	b.Len = max(b.Len, n)
	return shared
}

// sum appends dst = bias + W·src for gate blocks [from, to) of a weight and
// returns dst, a new buffer of the node.
func (l *lowerer) sum(g gates, suffix, weight, bias string, from, to int, src kernel.Ref) (kernel.Ref, error) {
	matrix, err := l.product(weight, from*g.size, to*g.size, g.size)
	if err != nil {
		return kernel.Ref{}, err
	}
	dst := ref(l.sums(g, suffix, to-from))
	l.emit(kernel.MatVec{Dst: dst, Init: l.bias(bias, from*g.size, to*g.size, g.size), Src: src, Matrix: matrix})
	return dst, nil
}

// summed appends dst = biases + W·input + U·state for all gates and returns dst,
// a new buffer of the node: for cells that read nothing but that sum.
func (l *lowerer) summed(g gates) (kernel.Ref, error) {
	ih, err := l.product(g.weightIH, 0, g.n*g.size, g.size)
	if err != nil {
		return kernel.Ref{}, err
	}
	hh, err := l.product(g.weightHH, 0, g.n*g.size, g.size)
	if err != nil {
		return kernel.Ref{}, err
	}
	dst := ref(l.sums(g, ".x", g.n))
	l.emit(kernel.MatVec{Dst: dst, Init: l.biases(g.biasIH, g.biasHH, g.n, g.size), Src: g.input, Matrix: ih},
		kernel.MatVec{Dst: dst, Init: dst, Src: g.state, Matrix: hh})
	return dst, nil
}

func (l *lowerer) rnn(n ir.Node, op ir.RNN) error {
	g := l.gates(n, 1, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, op.H)
	sum, err := l.summed(g)
	if err != nil {
		return err
	}
	l.describe(n, op.WeightIH, op.WeightHH)
	return l.gate(op.Function(), op.Bound, g.state, sum, g.size)
}

func (l *lowerer) gru(n ir.Node, op ir.GRU) error {
	g := l.gates(n, 3, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, op.H)
	l.describe(n, op.WeightIH, op.WeightHH)
	f, ok := gruCandidates[op.Func]
	if !ok || op.Bound != 0 || op.Gate.Or(ir.Sigmoid).Func != ir.Sigmoid {
		return l.gruSpelled(g, op)
	}
	if op.Reset == ir.ResetBefore {
		return l.gruBefore(g, f)
	}
	x, err := l.sum(g, ".x", g.weightIH, g.biasIH, 0, 3, g.input)
	if err != nil {
		return err
	}
	r, err := l.sum(g, ".r", g.weightHH, g.biasHH, 0, 3, g.state)
	if err != nil {
		return err
	}
	l.emit(kernel.GRUCell{Func: f, H: g.state, X: x, R: r, Size: g.size})
	return nil
}

// gruCandidates are the functions of candidates that cells have a kernel for.
var gruCandidates = map[ir.Func]kernel.Func{ir.Tanh: kernel.Tanh, ir.ReLU: kernel.ReLU}

// gruBefore lowers the form whose candidate reads r⊙h: its product has to wait
// for the reset gate.
func (l *lowerer) gruBefore(g gates, f kernel.Func) error {
	x, err := l.sum(g, ".x", g.weightIH, g.biasIH, 0, 3, g.input)
	if err != nil {
		return err
	}
	r, err := l.sum(g, ".r", g.weightHH, g.biasHH, 0, 2, g.state)
	if err != nil {
		return err
	}
	rh := ref(l.buffer(g.node.Name+".rh", g.size))
	l.emit(kernel.GRUReset{RH: rh, H: g.state, X: x, R: r, Size: g.size})
	n, err := l.sum(g, ".n", g.weightHH, g.biasHH, 2, 3, rh)
	if err != nil {
		return err
	}
	l.emit(kernel.GRUUpdate{Func: f, H: g.state, X: x, R: r, N: n, Size: g.size})
	return nil
}

func (l *lowerer) lstm(n ir.Node, op ir.LSTM) error {
	g := l.gates(n, 4, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, op.H)
	sum, err := l.summed(g)
	if err != nil {
		return err
	}
	l.describe(n, op.WeightIH, op.WeightHH)
	c := ref(l.states[op.C])
	if plainLSTM(op) {
		l.emit(kernel.LSTMCell{H: g.state, C: c, X: sum, Size: g.size})
	} else if err := l.lstmSpelled(g, op, sum, c); err != nil {
		return err
	}
	if op.Both {
		both := l.result(n)
		l.emit(kernel.Copy{Dst: both, Src: g.state, Size: g.size}, kernel.Copy{Dst: behind(both, g.size), Src: c, Size: g.size})
	}
	return nil
}

// describe sets the layer's line: op, size, and each weight with its density.
func (l *lowerer) describe(n ir.Node, weights ...string) {
	units := l.types[n.Name].Len()
	if op, ok := n.Op.(ir.LSTM); ok && op.Both {
		units /= 2
	}
	doc := fmt.Sprintf("%s, %d units", n.Op.Kind(), units)
	for _, name := range weights {
		w := l.m.Param(name)
		nnz := 0
		for _, v := range w.Data {
			if v != 0 {
				nnz++
			}
		}
		doc += fmt.Sprintf("; %s %d×%d, %.1f %% dense", name, w.Shape[0], w.Shape[1], 100*float64(nnz)/float64(w.Len()))
	}
	l.layer.Doc = doc
}
