package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// foldBiases adds b_hh to b_ih in all gates where only their sum counts: all of
// RNN and LSTM, all of a GRU that resets before, the gates r and z of one that
// resets after, whose candidate multiplies b_hn by the reset gate. Sums are
// rounded once. A constant that is added to a Linear becomes its bias. Biases that
// are then all zero are dropped.
func foldBiases(m *ir.Model, r *Report) (*ir.Model, error) {
	out := m.Clone()
	foldAdded(out, r)
	for i, n := range out.Nodes {
		switch op := n.Op.(type) {
		case ir.Linear:
			op.Bias = dropZero(out, r, op.Bias)
			out.Nodes[i].Op = op
		case ir.RNN:
			op.BiasIH, op.BiasHH = foldPair(out, r, n.Name, op.BiasIH, op.BiasHH, 1, 1)
			out.Nodes[i].Op = op
		case ir.LSTM:
			op.BiasIH, op.BiasHH = foldPair(out, r, n.Name, op.BiasIH, op.BiasHH, 4, 4)
			out.Nodes[i].Op = op
		case ir.GRU:
			fold := 2
			if op.Reset == ir.ResetBefore {
				fold = 3
			}
			op.BiasIH, op.BiasHH = foldPair(out, r, n.Name, op.BiasIH, op.BiasHH, 3, fold)
			out.Nodes[i].Op = op
		}
	}
	dropUnused(out)
	return out, nil
}

// foldAdded makes a Linear of the sum of one, which nothing else reads, and a
// constant.
func foldAdded(m *ir.Model, r *Report) {
	readers, nodes := readersOf(m), nodesOf(m)
	gone := map[string]bool{}
	for i, n := range m.Nodes {
		if n.Op != (ir.Binary{Func: ir.Add}) {
			continue
		}
		for k, name := range n.Inputs {
			product, constant := nodes[name], nodes[n.Inputs[1-k]]
			if product == nil || constant == nil || readers[name] > 1 {
				continue
			}
			op, isLinear := product.Op.(ir.Linear)
			c, isConstant := constant.Op.(ir.Constant)
			if !isLinear || !isConstant {
				continue
			}
			if bias, ok := added(m, op, m.Param(c.Value).Data); ok {
				op.Bias = replaceBias(m, op.Bias, n.Name+".bias", bias)
				r.note("constant %q is the bias of %q", constant.Name, n.Name)
				m.Nodes[i] = ir.Node{Name: n.Name, Op: op, Inputs: slices.Clone(product.Inputs)}
				gone[name] = true
			}
		}
	}
	m.Nodes = slices.DeleteFunc(m.Nodes, func(n ir.Node) bool { return gone[n.Name] })
}

// added is the bias of a Linear and a constant, which must be alike in all rows.
func added(m *ir.Model, op ir.Linear, constant []float32) ([]float32, bool) {
	sum := agreed(widen(constant), max(op.Rows, 1))
	if op.Bias != "" {
		for i, b := range m.Param(op.Bias).Data {
			sum[i] += float64(b)
		}
	}
	bias := narrow(sum)
	return bias, allFinite(bias)
}

// foldPair adds the first fold of the gates of hh to ih and clears them in hh.
// It returns the new names, empty for a bias that is zero.
func foldPair(m *ir.Model, r *Report, node, ih, hh string, gates, fold int) (newIH, newHH string) {
	ih, hh = dropZero(m, r, ih), dropZero(m, r, hh)
	if hh == "" {
		return ih, ""
	}
	b := m.Param(hh)
	n := len(b.Data) / gates * fold
	if allZero(b.Data[:n]) {
		return ih, hh
	}
	if ih == "" && fold == gates {
		r.note("%q takes the place of the missing input bias of %q", hh, node)
		return hh, ""
	}
	sum := make([]float32, len(b.Data))
	if ih != "" {
		copy(sum, m.Param(ih).Data)
	}
	for i := range n {
		sum[i] = float32(float64(sum[i]) + float64(b.Data[i]))
	}
	if !allFinite(sum) {
		r.note("%q stays: added to %q it is beyond float32", hh, ih)
		return ih, hh
	}
	rest := make([]float32, len(b.Data))
	copy(rest[n:], b.Data[n:])
	r.note("%d elements of %q added to the input bias of %q", n, hh, node)
	newIH = replaceBias(m, ih, node+".bias_ih", sum)
	newHH = replaceBias(m, hh, node+".bias_hh", rest)
	return newIH, newHH
}

// replaceBias stores data under the old name if nobody else uses it, else under
// a fresh one, and returns the name; empty for zeros.
func replaceBias(m *ir.Model, old, stem string, data []float32) string {
	if allZero(data) {
		return ""
	}
	name := old
	if old == "" || paramUsers(m)[old] > 1 {
		name = freshParam(m, stem)
	}
	setParam(m, &ir.Param{Name: name, Shape: []int{len(data)}, Data: data})
	return name
}

func dropZero(m *ir.Model, r *Report, bias string) string {
	if bias == "" || !allZero(m.Param(bias).Data) {
		return bias
	}
	r.note("bias %q is zero", bias)
	return ""
}
