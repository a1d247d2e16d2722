package pass

import "github.com/sparsec/sparsec/ir"

// gru reads h' = (1−z)⊙n + z⊙h, and the same in other words.
func (f *finder) gru(h pair) (cell, bool) {
	for _, u := range f.updates(h) {
		z, ok := f.gate(u.z)
		if !ok {
			continue
		}
		if u.inverse {
			if z.function != (ir.Function{Func: ir.Sigmoid}) {
				continue
			}
			z.sum = z.sum.negative() // 1 − σ(x) is σ(−x)
		}
		function, of := f.activation(u.n)
		if function.Clip != 0 {
			continue // a GRU has no place for it
		}
		for _, n := range f.candidates(h, of) {
			if n.r.function != z.function {
				continue
			}
			parts := append(splitAt(h.recall, n.r, z), n.parts)
			t, ok := f.tensors(f.units(h), parts...)
			if !ok {
				continue
			}
			op := ir.GRU{H: h.state, Reset: n.reset, Func: function.Func, Alpha: function.Alpha, Beta: function.Beta, Gate: spec(z.function, ir.Sigmoid)}
			return cell{op: op, tensors: t, states: []pair{h}}, true
		}
	}
	return cell{}, false
}

// update is a gate z and a candidate n; z is 1 less what a value is if inverse.
type update struct {
	z, n    string
	inverse bool
}

// updates are the ways to read the next h.
func (f *finder) updates(h pair) []update {
	var all []update
	for a, b := range f.orders(h.next, ir.Add) {
		if keep, ok := f.other(b, h.recall); ok { // a + keep⊙h
			for gate, n := range f.orders(a, ir.Mul) {
				if z, ok := f.oneLess(gate); ok && z == keep {
					all = append(all, update{z: keep, n: n})
				}
				if z, ok := f.oneLess(keep); ok && z == gate {
					all = append(all, update{z: gate, n: n, inverse: true})
				}
			}
		}
		for gate, difference := range f.orders(b, ir.Mul) { // a + gate⊙(x − a)
			n := f.node[difference]
			if n == nil || n.Op != (ir.Binary{Func: ir.Sub}) || n.Inputs[1] != a {
				continue
			}
			if n.Inputs[0] == h.recall {
				all = append(all, update{z: gate, n: a})
			} else if a == h.recall {
				all = append(all, update{z: gate, n: n.Inputs[0], inverse: true})
			}
		}
	}
	return all
}

// oneLess is x of a value that is 1 − x.
func (f *finder) oneLess(value string) (string, bool) {
	n := f.node[value]
	if n == nil {
		return "", false
	}
	switch op := n.Op.(type) {
	case ir.Activation:
		return n.Inputs[0], op == ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}
	case ir.Binary:
		return n.Inputs[1], op.Func == ir.Sub && f.ones(n.Inputs[0])
	}
	return "", false
}

func (f *finder) ones(value string) bool {
	n := f.node[value]
	if n == nil {
		return false
	}
	op, ok := n.Op.(ir.Constant)
	if !ok {
		return false
	}
	for _, v := range f.m.Param(op.Value).Data {
		if v != 1 {
			return false
		}
	}
	return true
}

// candidate is what the function of a GRU's candidate reads.
type candidate struct {
	r     gated
	reset ir.ResetMode
	parts parts
}

// candidates are the ways to read what the function of the candidate reads: W_in·x +
// r⊙(W_hn·h), or W_in·x + W_hn·(r⊙h), each with biases.
func (f *finder) candidates(h pair, value string) []candidate {
	var all []candidate
	for a, b := range f.orders(value, ir.Add) {
		for reset, inner := range f.orders(b, ir.Mul) {
			r, ok := f.gate(reset)
			fromX, fromH := f.of(a), f.of(inner)
			if !ok || fromX == nil || fromH == nil {
				continue
			}
			p := parts{x: fromX, h: fromH}
			if p.apart(h.recall) {
				all = append(all, candidate{r, ir.ResetAfter, p})
			}
		}
	}
	sum := f.of(value)
	for _, p := range sum {
		reset, ok := f.other(p.source, h.recall)
		if !ok {
			continue
		}
		if r, ok := f.gate(reset); ok {
			all = append(all, candidate{r, ir.ResetBefore, splitAt(p.source, gated{sum: sum})[0]})
		}
	}
	return all
}
