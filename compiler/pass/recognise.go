package pass

import (
	"iter"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// Recognise puts cells in the place of nodes of an imported model that spell them
// out, before it is kept. Nodes that only move elements are read past on the way, and
// states that are a join of several become these: tensors then show the parts in the
// place of the one. A model without such cells is returned as it is. The model must
// be sound and have its numbers.
func Recognise(m *ir.Model) (*ir.Model, *Report, error) {
	r := &Report{}
	next := m
	for _, p := range []Pass{
		{Name: "fold-picks", Run: foldPicks},
		{Name: "compute-constants", Run: computeConstants},
		{Name: "recognise-cells", Run: recogniseCells(true)},
	} {
		r.pass = p.Name
		var err error
		if next, err = p.Run(next, r); err != nil {
			return nil, nil, err
		}
	}
	if cells(next) == cells(m) {
		return m, &Report{}, nil
	}
	return next, r, next.Verify()
}

// cells counts the recurrent nodes that are one op.
func cells(m *ir.Model) int {
	n := 0
	for _, node := range m.Nodes {
		switch node.Op.(type) {
		case ir.RNN, ir.GRU, ir.LSTM:
			n++
		}
	}
	return n
}

// recogniseCells puts a cell in the place of nodes between those that recall and
// store its states, where they compute what it does, and nothing else reads what
// they make on the way. Of the states that a tensor shows, those that are a join of
// several stay as they are unless shown is set. Whatever does not match is left.
func recogniseCells(shown bool) func(*ir.Model, *Report) (*ir.Model, error) {
	return func(m *ir.Model, r *Report) (*ir.Model, error) {
		m = splitStates(m, r, shown)
		for {
			next, ok := recogniseOne(m, r)
			if !ok {
				return m, nil
			}
			m = next
		}
	}
}

// recogniseOne replaces the first recurrence that is a cell.
func recogniseOne(m *ir.Model, r *Report) (*ir.Model, bool) {
	f := newFinder(m)
	for _, h := range f.pairs {
		for _, find := range []func(pair) (cell, bool){f.lstm, f.gru, f.rnn} {
			c, ok := find(h)
			if !ok {
				continue
			}
			if out, ok := c.replace(m); ok {
				r.note("nodes that make %q are the %s that they spell out", h.next, c.op.Kind())
				return out, true
			}
		}
	}
	return nil, false
}

// finder reads the nodes of a model as formulas.
type finder struct {
	*sums
	pairs []pair
	kept  map[string]pair // by the value that is stored
}

func newFinder(m *ir.Model) *finder {
	f := &finder{sums: newSums(m), pairs: pairsOf(m), kept: map[string]pair{}}
	for _, p := range f.pairs {
		f.kept[p.next] = p
	}
	return f
}

func (f *finder) units(p pair) int { return f.types[p.recall].Len() }

// orders yields the inputs of a Binary in both orders, or nothing for another node.
func (f *finder) orders(value string, op ir.BinaryFunc) iter.Seq2[string, string] {
	return func(yield func(a, b string) bool) {
		n := f.node[value]
		if n == nil || n.Op != (ir.Binary{Func: op}) {
			return
		}
		if yield(n.Inputs[0], n.Inputs[1]) {
			yield(n.Inputs[1], n.Inputs[0])
		}
	}
}

// other is the other factor of a product.
func (f *finder) other(value, factor string) (string, bool) {
	for a, b := range f.orders(value, ir.Mul) {
		if a == factor {
			return b, true
		}
	}
	return "", false
}

// gated is a function that a cell has of a sum of products.
type gated struct {
	function ir.Function
	sum      products
}

// activation is a value as a function of another, the identity of the value itself
// if it is none that a cell has.
func (f *finder) activation(value string) (ir.Function, string) {
	if n := f.node[value]; n != nil {
		if op, ok := n.Op.(ir.Activation); ok && op.Func < ir.Clamp {
			return op.Function(), n.Inputs[0]
		}
	}
	return ir.Function{Func: ir.Identity}, value
}

// gate is a value as a function of a sum of products.
func (f *finder) gate(value string) (gated, bool) {
	function, of := f.activation(value)
	g := gated{function, f.of(of)}
	return g, g.sum != nil
}

// lstm reads h' = o⊙output(c'), c' = f⊙c + i⊙g.
func (f *finder) lstm(h pair) (cell, bool) {
	for o, t := range f.orders(h.next, ir.Mul) {
		output, next := f.activation(t)
		c, ok := f.kept[next]
		if !ok || c.state == h.state {
			continue
		}
		for keep, fresh := range f.orders(next, ir.Add) {
			forget, ok := f.other(keep, c.recall)
			if !ok {
				continue
			}
			for i, g := range f.orders(fresh, ir.Mul) {
				if found, ok := f.lstmOf(h, c, output, i, forget, g, o); ok {
					return found, true
				}
			}
		}
	}
	return cell{}, false
}

// lstmOf is the cell of four gates, of which i, f and o have one function.
func (f *finder) lstmOf(h, c pair, output ir.Function, values ...string) (cell, bool) {
	var gates []gated
	for _, v := range values {
		g, ok := f.gate(v)
		if !ok {
			return cell{}, false
		}
		gates = append(gates, g)
	}
	if gates[1].function != gates[0].function || gates[3].function != gates[0].function {
		return cell{}, false
	}
	op := ir.LSTM{H: h.state, C: c.state, Gate: spec(gates[0].function, ir.Sigmoid),
		Candidate: spec(gates[2].function, ir.Tanh), Output: spec(output, ir.Tanh)}
	t, ok := f.tensors(f.units(h), splitAt(h.recall, gates...)...)
	return cell{op: op, tensors: t, states: []pair{h, c}}, ok
}

// spec is a function in words, empty for that which a cell has without.
func spec(function ir.Function, otherwise ir.Func) ir.FuncSpec {
	if function == (ir.Function{Func: otherwise}) {
		return ""
	}
	return function.Spec()
}

// rnn reads h' = f(a sum that reads h).
func (f *finder) rnn(h pair) (cell, bool) {
	g, ok := f.gate(h.next)
	if !ok || !slices.ContainsFunc(g.sum, func(p product) bool { return p.source == h.recall }) {
		return cell{}, false
	}
	op := ir.RNN{H: h.state, Func: g.function.Func, Clip: g.function.Clip, Alpha: g.function.Alpha, Beta: g.function.Beta}
	t, ok := f.tensors(f.units(h), splitAt(h.recall, g)...)
	return cell{op: op, tensors: t, states: []pair{h}}, ok
}
