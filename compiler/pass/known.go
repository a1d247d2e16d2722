package pass

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// constants holds, for each value, the elements that never change; NaN for one
// that does.
type constants struct {
	m      *ir.Model
	params map[string]*ir.Param
	values map[string][]float64

	exposed map[string]bool // states that a tensor shows
}

func isKnown(v float64) bool { return !math.IsNaN(v) }

func count(known []float64) int {
	n := 0
	for _, v := range known {
		if isKnown(v) {
			n++
		}
	}
	return n
}

// newConstants begins with the assumption that every recurrent unit stays zero, and
// a state that nodes recall and store what it is at the beginning. Nothing is assumed
// of states that a tensor shows, because they can be set.
func newConstants(m *ir.Model) *constants {
	k := &constants{m: m, params: map[string]*ir.Param{}, values: map[string][]float64{}, exposed: exposed(m)}
	for _, p := range m.Params {
		k.params[p.Name] = p
	}
	types, _ := m.Infer()
	for _, in := range m.Inputs {
		k.values[in.Name] = unknowns(in.Type.Len())
	}
	for _, n := range m.Nodes {
		v := make([]float64, types[n.Name].Len())
		if op, ok := n.Op.(ir.Recall); ok {
			copy(v, k.initial(op.State))
		} else {
			k.doubt(n, v)
		}
		k.values[n.Name] = v
	}
	return k
}

// initial is a state at the beginning.
func (k *constants) initial(state string) []float64 {
	s := k.m.State(state)
	if k.exposed[state] {
		return unknowns(s.Size)
	}
	v := make([]float64, s.Size)
	if s.Init != "" {
		for i, x := range k.params[s.Init].Data {
			v[i] = float64(x)
		}
	}
	return v
}

// doubt marks the units of a recurrent node that do not begin at zero.
func (k *constants) doubt(n ir.Node, v []float64) {
	for _, state := range ir.StateNames(n.Op) {
		initial := k.initial(state)
		for i := range v {
			if initial[i%len(initial)] != 0 {
				v[i] = math.NaN()
			}
		}
	}
}

func unknowns(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// run refutes assumptions until none falls. An element only ever goes from known to
// unknown, so it ends.
func (k *constants) run() {
	for again := true; again; {
		again = false
		recalls := map[string]string{} // by state
		for _, n := range k.m.Nodes {
			old := k.values[n.Name]
			k.values[n.Name] = k.node(n, old)
			switch op := n.Op.(type) {
			case ir.Recall:
				recalls[op.State] = n.Name
			case ir.Store:
				again = k.refute(recalls[op.State], k.values[n.Name]) || again
			default:
				again = again || recurrent(n.Op) && count(old) != count(k.values[n.Name])
			}
		}
	}
}

// refute marks the elements of a recalled state that it does not keep and reports
// whether there are any.
func (k *constants) refute(recall string, stored []float64) bool {
	v := slices.Clone(k.values[recall])
	found := false
	for i := range v {
		if isKnown(v[i]) && stored[i] != v[i] {
			v[i], found = math.NaN(), true
		}
	}
	k.values[recall] = v
	return found
}

func recurrent(op ir.Op) bool { return len(ir.StateNames(op)) > 0 }

// hidden is what is known of the units of a recurrent node, without what an LSTM
// with Both has behind them.
func (k *constants) hidden(n ir.Node) []float64 {
	return k.values[n.Name][:k.m.State(ir.StateNames(n.Op)[0]).Size]
}

func (k *constants) node(n ir.Node, old []float64) []float64 {
	in := func(i int) []float64 { return k.values[n.Inputs[i]] }
	switch op := n.Op.(type) {
	case ir.Linear:
		var all []float64
		for row := range slices.Chunk(in(0), len(in(0))/max(op.Rows, 1)) {
			all = append(all, k.affine(op.Weight, op.Bias, row)...)
		}
		return all
	case ir.Constant:
		return widen(k.params[op.Value].Data)
	case ir.Embedding:
		return k.table(op.Weight)
	case ir.RNN, ir.GRU, ir.LSTM:
		return k.cell(n, old)
	case ir.Recall:
		return old
	case ir.Store, ir.Hold:
		return in(0)
	case ir.Ahead:
		return zeroOrUnknown(in(0)) // behind the last frame it is zero
	case ir.Binary:
		if op.Func == ir.Mul {
			return times(in(0), in(1))
		}
	}
	inputs := make([][]float64, len(n.Inputs))
	for i := range inputs {
		inputs[i] = in(i)
	}
	return eval.Pure(n.Op, inputs...)
}

// times knows that nothing times zero is zero.
func times(a, b []float64) []float64 {
	y := make([]float64, len(a))
	for i := range y {
		if a[i] != 0 && b[i] != 0 {
			y[i] = a[i] * b[i]
		}
	}
	return y
}

func zeroOrUnknown(x []float64) []float64 {
	y := slices.Clone(x)
	for i, v := range y {
		if v != 0 {
			y[i] = math.NaN()
		}
	}
	return y
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// affine is b for the rows that read nothing.
func (k *constants) affine(weight, bias string, x []float64) []float64 {
	w := k.params[weight]
	y := make([]float64, w.Shape[0])
	for r := range y {
		if bias != "" {
			y[r] = float64(k.params[bias].Data[r])
		}
		for c, v := range w.Data[r*len(x) : (r+1)*len(x)] {
			if v != 0 {
				y[r] += float64(v) * x[c] // NaN of an unknown stays
			}
		}
	}
	return y
}

// table is what all rows of an embedding agree on.
func (k *constants) table(weight string) []float64 {
	w := k.params[weight]
	width := w.Shape[1]
	v := make([]float64, width)
	for c := range v {
		v[c] = float64(w.Data[c])
		for r := 1; r < w.Shape[0]; r++ {
			if w.Data[r*width+c] != w.Data[c] {
				v[c] = math.NaN()
			}
		}
	}
	return v
}

// gate names the gate of a cell whose zero keeps a unit that begins at zero
// there: all of an RNN, the candidate n of a GRU (h' = z⊙h), g of an LSTM (c' =
// f⊙c, h' = o⊙output(c')), and the functions that must leave zero as it is.
type gate struct {
	weightIH, weightHH, biasIH, biasHH string
	block                              int
	functions                          []ir.Function
}

func gateOf(op ir.Op) gate {
	switch op := op.(type) {
	case ir.RNN:
		return gate{op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, 0, []ir.Function{op.Function()}}
	case ir.GRU:
		return gate{op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH, 2, []ir.Function{op.Function()}}
	}
	o := op.(ir.LSTM)
	return gate{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH, 2, []ir.Function{o.Candidate.Or(ir.Tanh), o.Output.Or(ir.Tanh)}}
}

// keepsZero reports whether the functions of a gate do.
func (g gate) keepsZero() bool {
	return !slices.ContainsFunc(g.functions, func(f ir.Function) bool {
		return eval.Pure(ir.Activation(f), []float64{0})[0] != 0
	})
}

// cell keeps the zeros of old whose gate row sums only zeros.
func (k *constants) cell(n ir.Node, old []float64) []float64 {
	g, x, h := gateOf(n.Op), k.values[n.Inputs[0]], k.hidden(n)
	if !g.keepsZero() {
		return unknowns(len(old))
	}
	value := slices.Clone(old)
	for i := range value {
		row := g.block*len(h) + i%len(h)
		if isKnown(value[i]) && !(k.zeroRow(g.weightIH, row, x) && k.zeroRow(g.weightHH, row, h) &&
			k.zeroBias(g.biasIH, row) && k.zeroBias(g.biasHH, row)) {
			value[i] = math.NaN()
		}
	}
	return value
}

func (k *constants) zeroRow(weight string, row int, x []float64) bool {
	for c, v := range k.params[weight].Data[row*len(x) : (row+1)*len(x)] {
		if v != 0 && x[c] != 0 {
			return false
		}
	}
	return true
}

func (k *constants) zeroBias(bias string, row int) bool {
	return bias == "" || k.params[bias].Data[row] == 0
}
