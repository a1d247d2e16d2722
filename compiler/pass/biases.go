package pass

import (
	"github.com/sparsec/sparsec/ir"
)

// foldBiases adds b_hh to b_ih in all gates where only their sum counts: all of
// RNN and LSTM, all of a GRU that resets before, the gates r and z of one that
// resets after, whose candidate multiplies b_hn by the reset gate. Sums are
// rounded once. Biases that are then all zero are dropped.
func foldBiases(m *ir.Model, r *Report) (*ir.Model, error) {
	out := m.Clone()
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
