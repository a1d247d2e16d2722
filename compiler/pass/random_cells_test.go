package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// spelled draws a cell as small nodes between those that recall and store its
// states, and now and then a node that reads one of them.
func (d *drawer) spelled(x string) {
	size := d.size()
	switch d.rng.IntN(4) {
	case 0:
		h := d.recall(size)
		a := d.sums(x, h.value, 1, size)[0]
		h.next = d.function(a, ir.Tanh)
		d.keep(h)
	case 1:
		d.spelledLSTM(x, size)
	default:
		d.spelledGRU(x, size)
	}
	if d.rng.IntN(6) == 0 {
		d.values = append(d.values, d.m.Nodes[len(d.m.Nodes)-2-d.rng.IntN(4)].Name)
	}
}

// drawnState is a state between its two nodes.
type drawnState struct{ state, value, next string }

func (d *drawer) recall(size int) drawnState {
	s := d.state(size)
	return drawnState{state: s, value: d.inner(ir.Recall{State: s}, size)}
}

func (d *drawer) keep(s drawnState) {
	d.add(ir.Store{State: s.state}, d.len(s.next), s.next)
	d.values = append(d.values, s.next)
}

// inner is a node that later draws do not read.
func (d *drawer) inner(op ir.Op, size int, inputs ...string) string {
	name := d.add(op, size, inputs...)
	d.values = d.values[:len(d.values)-1]
	return name
}

func (d *drawer) function(x string, f ir.Func) string {
	return d.inner(ir.Activation{Func: f}, d.len(x), x)
}

// binary reads its inputs in any order.
func (d *drawer) binary(f ir.BinaryFunc, a, b string) string {
	inputs := []string{a, b}
	if f != ir.Sub && d.rng.IntN(2) == 0 {
		slices.Reverse(inputs)
	}
	return d.inner(ir.Binary{Func: f}, d.len(a), inputs...)
}

// sums are so many vectors W·x + U·h + b: of one product or several, of a joined
// input or two.
func (d *drawer) sums(x, h string, gates, size int) []string {
	var all []string
	whole := d.rng.IntN(2) == 0
	joined := d.rng.IntN(2) == 0
	product := func(rows int) string {
		if joined {
			n := d.len(x) + d.len(h)
			return d.inner(ir.Linear{Weight: d.tensor(rows, n), Bias: d.maybe(rows)}, rows, d.inner(ir.Concat{}, n, x, h))
		}
		a := d.inner(ir.Linear{Weight: d.tensor(rows, d.len(x)), Bias: d.maybe(rows)}, rows, x)
		b := d.inner(ir.Linear{Weight: d.tensor(rows, d.len(h)), Bias: d.maybe(rows)}, rows, h)
		return d.binary(ir.Add, a, b)
	}
	if !whole {
		for range gates {
			all = append(all, product(size))
		}
		return all
	}
	return d.cut(product(gates*size), gates)
}

// cut takes a vector apart.
func (d *drawer) cut(x string, parts int) []string {
	var all []string
	size := d.len(x) / parts
	for k := range parts {
		all = append(all, d.inner(ir.Pick{Spans: ir.MakeSpans([]ir.Span{{From: k * size, Count: size, Step: 1}})}, size, x))
	}
	return all
}

// spelledLSTM has its states in one or apart.
func (d *drawer) spelledLSTM(x string, size int) {
	var h, c, both drawnState
	one := d.rng.IntN(2) == 0
	if one {
		both = d.recall(2 * size)
		halves := d.cut(both.value, 2)
		h.value, c.value = halves[0], halves[1]
	} else {
		h, c = d.recall(size), d.recall(size)
	}
	a := d.sums(x, h.value, 4, size)
	keep := d.binary(ir.Mul, d.function(a[1], ir.Sigmoid), c.value)
	fresh := d.binary(ir.Mul, d.function(a[0], ir.Sigmoid), d.function(a[2], ir.Tanh))
	c.next = d.binary(ir.Add, keep, fresh)
	h.next = d.binary(ir.Mul, d.function(a[3], ir.Sigmoid), d.function(c.next, ir.Tanh))
	if one {
		both.next = d.inner(ir.Concat{}, 2*size, h.next, c.next)
		d.keep(both)
	} else {
		d.keep(c)
		d.keep(h)
	}
	d.values = append(d.values, h.next)
}

func (d *drawer) spelledGRU(x string, size int) {
	h := d.recall(size)
	a := d.sums(x, h.value, 2, size)
	r, z := d.function(a[0], ir.Sigmoid), d.function(a[1], ir.Sigmoid)
	var sum string
	if d.rng.IntN(2) == 0 {
		sum = d.sums(x, d.binary(ir.Mul, r, h.value), 1, size)[0]
	} else {
		fromX := d.inner(ir.Linear{Weight: d.tensor(size, d.len(x)), Bias: d.maybe(size)}, size, x)
		fromH := d.inner(ir.Linear{Weight: d.tensor(size, size), Bias: d.maybe(size)}, size, h.value)
		sum = d.binary(ir.Add, fromX, d.binary(ir.Mul, r, fromH))
	}
	n := d.function(sum, ir.Tanh)
	less := func(x string) string {
		return d.inner(ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, size, x)
	}
	switch d.rng.IntN(4) {
	case 0:
		h.next = d.binary(ir.Add, d.binary(ir.Mul, less(z), n), d.binary(ir.Mul, z, h.value))
	case 1:
		h.next = d.binary(ir.Add, d.binary(ir.Mul, z, n), d.binary(ir.Mul, less(z), h.value))
	case 2:
		h.next = d.binary(ir.Add, n, d.binary(ir.Mul, z, d.binary(ir.Sub, h.value, n)))
	case 3:
		h.next = d.binary(ir.Add, h.value, d.binary(ir.Mul, z, d.binary(ir.Sub, n, h.value)))
	}
	d.keep(h)
}
