package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// This file spells recurrent nodes out whose steps are not the frames of the model:
// those with an axis of their own in every frame, and those whose weights are
// computed.

// step is one step of a cell whose states may be states of the model.
type step struct {
	h, c         []element // before it
	nextH, nextC vector
}

// maxSteps is the largest number of cells that a node is spelled out into.
const maxSteps = 4096

// unrolled makes every step of a node.
func (l *layer) unrolled() ([]*tensor, error) {
	switch names := l.computed(); {
	case l.x.time != none && len(names) > 0:
		return nil, fmt.Errorf("weights %q are no constants, which is supported without a time axis only", names)
	case l.x.time != none:
		return nil, fmt.Errorf("runs along axis %d of X, and the frames along axis %d, or several steps are one frame", l.stepAxis(), l.x.time)
	}
	if l.steps*l.batch > maxSteps {
		return nil, fmt.Errorf("%d steps to be spelled out, want at most %d", l.steps*l.batch, maxSteps)
	}
	lengths, err := l.fixedLengths()
	if err != nil {
		return nil, err
	}
	y := make([][][]vector, l.steps) // [step][direction][batch]
	for i := range y {
		y[i] = make([][]vector, len(l.cells))
		for d := range y[i] {
			y[i][d] = make([]vector, l.batch)
		}
	}
	h, c := make([][]vector, len(l.cells)), make([][]vector, len(l.cells))
	for d, u := range l.cells {
		for b := range l.batch {
			states, err := l.unroll(u, d, b, lengths[b], y)
			if err != nil {
				return nil, err
			}
			h[d], c[d] = append(h[d], states[0]), append(c[d], states[1])
		}
	}
	return []*tensor{l.sequence(y), l.state(h, false), l.state(c, false)}[:l.results()], nil
}

// fixedLengths are the lengths of the elements of the batch, all steps where they are
// computed.
func (l *layer) fixedLengths() ([]int, error) {
	lengths := slices.Repeat([]int{l.steps}, l.batch)
	if l.lengths == nil || !l.lengths.constant() {
		return lengths, nil
	}
	given, err := l.im.integers(l.lengths)
	if err != nil {
		return nil, fmt.Errorf("sequence_lens %w", err)
	}
	for b, n := range given {
		if n < 0 || n > int64(l.steps) {
			return nil, fmt.Errorf("sequence_lens %v, want at most %d", given, l.steps)
		}
		lengths[b] = int(n)
	}
	return lengths, nil
}

// unroll makes the steps of a cell over one element of the batch and returns its
// states behind them; y gets its values, zeros behind its length.
func (l *layer) unroll(u *cell, d, b, length int, y [][][]vector) ([2]vector, error) {
	var states [2][]element
	for k, t := range []*tensor{l.h, l.c} {
		states[k] = make([]element, l.n)
		if t != nil {
			from, to := l.stateAt(t, d, b)
			states[k] = l.im.elements(l.label+".initial", t)[from:to]
		}
	}
	var last [2]vector
	for i := range length {
		at := i
		if u.reverse {
			at = length - 1 - i
		}
		name := l.cellName(d, b)
		if l.steps > 1 {
			name += fmt.Sprintf(".%d", at)
		}
		next, err := l.single(u, name, l.xAt(at, b), states)
		if err != nil {
			return last, err
		}
		y[at][d][b] = next[0]
		if l.lengths != nil && !l.lengths.constant() {
			if y[at][d][b], err = l.masked(name, at, b, &next, states); err != nil {
				return last, err
			}
		}
		last = next
		for k := range states {
			if next[k] != 0 {
				states[k] = viewOf(next[k], l.n)
			}
		}
	}
	zeros := l.im.g.constant("zeros", make([]float32, l.n))
	for i := length; i < l.steps; i++ {
		y[i][d][b] = zeros
	}
	for k := range last {
		if last[k] == 0 {
			last[k] = l.im.g.joined(l.label+".state", states[k])
		}
	}
	return last, nil
}

// masked makes the states behind a step those before it where the step is not within
// the length, and returns its value, zeros there.
func (l *layer) masked(name string, at, b int, next *[2]vector, before [2][]element) (vector, error) {
	g := l.im.g
	length, err := l.im.read(l.lengths.view[b], ir.ValuePart)
	if err != nil {
		return 0, fmt.Errorf("sequence_lens: %w", err)
	}
	left := g.node(name+".left", ir.Activation{Func: ir.Affine, Alpha: 1, Beta: -float32(at)}, 1, length)
	mask := g.node(name+".mask", ir.Activation{Func: ir.Clamp, Alpha: 0, Beta: 1}, 1, left)
	on := g.pick(name+".on", mask, slices.Repeat([]element{{mask, 0}}, l.n))
	off := g.node(name+".off", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, l.n, on)
	value := next[0]
	for k := range next {
		if next[k] == 0 {
			continue
		}
		fresh := g.node(name+".new", ir.Binary{Func: ir.Mul}, l.n, on, next[k])
		if k == 0 {
			value = fresh
		}
		kept := g.node(name+".kept", ir.Binary{Func: ir.Mul}, l.n, off, g.joined(name+".before", before[k]))
		next[k] = g.node(name+".masked", ir.Binary{Func: ir.Add}, l.n, fresh, kept)
	}
	return value, nil
}

// single makes one step: a cell with states of the model where the plan says that its
// states are such, and otherwise its formulas. While states are being looked for it
// stays open what it is.
func (l *layer) single(u *cell, name string, x []element, states [2][]element) ([2]vector, error) {
	g := l.im.g
	if l.im.axes.scout && l.steps == 1 && (l.lengths == nil || l.lengths.constant()) && len(l.computed()) == 0 {
		s := &step{h: states[0], c: states[1]}
		s.nextH = g.add(value{name: name, size: l.n})
		s.nextC = g.add(value{name: name + ".c", size: l.n})
		l.im.steps = append(l.im.steps, s)
		return [2]vector{s.nextH, s.nextC}, nil
	}
	h, c := l.im.stateOf(states[0]), l.im.stateOf(states[1])
	if h != "" && (u.kind != "LSTM" || c != "") {
		y := g.node(name, u.op(h, c), l.n, g.joined(name+".x", x))
		l.im.owner[h] = y
		next := [2]vector{g.add(value{name: name, size: l.n, same: y, end: h})}
		if u.kind == "LSTM" {
			l.im.owner[c] = y
			next[1] = g.add(value{name: name + ".c", size: l.n, same: y, half: true, end: c})
		}
		return next, nil
	}
	f := &formulas{graph: g, cell: u, name: name}
	switch u.kind {
	case "RNN":
		return [2]vector{f.rnn(x, states[0])}, nil
	case "GRU":
		return [2]vector{f.gru(x, states[0])}, nil
	case "LSTM":
		return f.lstm(x, states[0], states[1]), nil
	}
	return [2]vector{}, errors.New("unknown cell")
}

// formulas spells one step of a cell out.
type formulas struct {
	*graph
	*cell
	name string
}

func (f *formulas) binary(what string, op ir.BinaryFunc, a, b vector) vector {
	return f.node(f.name+"."+what, ir.Binary{Func: op}, f.values[a].size, a, b)
}

// apply applies a function, to what its argument is bound to if it is.
func (f *formulas) apply(what string, fn ir.Function, v vector) vector {
	if f.bound > 0 {
		v = f.node(f.name+"."+what+".bound", ir.Activation{Func: ir.Clamp, Alpha: -f.bound, Beta: f.bound}, f.values[v].size, v)
	}
	return f.plain(what, fn, v)
}

func (f *formulas) plain(what string, fn ir.Function, v vector) vector {
	if fn.Func == ir.Identity {
		return v
	}
	op := ir.Activation{Func: fn.Func, Clip: fn.Clip, Alpha: fn.Alpha, Beta: fn.Beta}
	return f.node(f.name+"."+what, op, f.values[v].size, v)
}

// product is W·x + b of the input (k = 0) or the state (k = 1), 0 for zeros.
func (f *formulas) product(k int, view []element) vector {
	w, b, what := f.weights[k], f.biases[k], []string{"input", "recurrent"}[k]
	rows := f.gates * f.n
	zero := !slices.ContainsFunc(view, func(e element) bool { return e.v != 0 })
	switch {
	case zero && b.zero():
		return 0
	case zero && b.param != "":
		return f.node(f.name+"."+what, ir.Constant{Value: b.param}, rows)
	case zero:
		return f.joined(f.name+"."+what, b.view)
	}
	x := f.joined(f.name+"."+what+".x", view)
	if w.param != "" && b.view == nil {
		return f.node(f.name+"."+what, ir.Linear{Weight: w.param, Bias: b.param}, rows, x)
	}
	var y vector
	if w.param != "" {
		y = f.node(f.name+"."+what, ir.Linear{Weight: w.param}, rows, x)
	} else {
		y = f.dotted(f.name+"."+what, w.view, view, len(view))
	}
	switch {
	case b.param != "":
		y = f.node(f.name+"."+what+".biased", ir.Binary{Func: ir.Add}, rows, y, f.node(f.name+"."+what+".bias", ir.Constant{Value: b.param}, rows))
	case b.view != nil:
		y = f.node(f.name+"."+what+".biased", ir.Binary{Func: ir.Add}, rows, y, f.joined(f.name+"."+what+".bias", b.view))
	}
	return y
}

// dotted are the products of rows of a with b, each of n elements.
func (g *graph) dotted(name string, a, b []element, n int) vector {
	rows := len(a) / n
	repeated := b
	if len(b) == n {
		repeated = slices.Repeat(b, rows)
	}
	times := g.node(name+".products", ir.Binary{Func: ir.Mul}, len(a), g.joined(name+".left", a), g.joined(name+".right", repeated))
	return g.node(name, ir.Reduce{Func: ir.Sum, Size: n}, rows, times)
}

// sum adds two values of which either may be zeros, of size n.
func (f *formulas) sum(what string, a, b vector, n int) vector {
	switch {
	case a == 0 && b == 0:
		return f.constant("zeros", make([]float32, n))
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return f.binary(what, ir.Add, a, b)
}

// gate is block k of stacked gates; that of zeros is zeros.
func (f *formulas) gate(what string, k int, v vector) vector {
	if v == 0 {
		return 0
	}
	return f.joined(f.name+"."+what, viewOf(v, f.gates*f.n)[k*f.n:(k+1)*f.n])
}

func (f *formulas) rnn(x, h []element) vector {
	return f.plainLast(f.apply("h", f.functions[0], f.sum("sum", f.product(0, x), f.product(1, h), f.n)))
}

// plainLast gives the value of the step the name of the cell.
func (f *formulas) plainLast(v vector) vector {
	return f.add(value{name: f.name, size: f.values[v].size, same: f.origin(v)})
}

func (f *formulas) gru(x, h []element) vector {
	a, b := f.product(0, x), f.product(1, h)
	r := f.apply("reset", f.functions[0], f.sum("reset.sum", f.gate("reset.x", 0, a), f.gate("reset.h", 0, b), f.n))
	z := f.apply("update", f.functions[0], f.sum("update.sum", f.gate("update.x", 1, a), f.gate("update.h", 1, b), f.n))
	before := f.joined(f.name+".before", h)
	var inner vector
	if f.after {
		if inner = f.gate("candidate.h", 2, b); inner != 0 {
			inner = f.binary("candidate.reset", ir.Mul, r, inner)
		}
	} else {
		reset := f.binary("reset.state", ir.Mul, r, before)
		inner = f.gate("candidate.h", 2, f.product(1, viewOf(reset, f.n)))
	}
	n := f.apply("candidate", f.functions[1], f.sum("candidate.sum", f.gate("candidate.x", 2, a), inner, f.n))
	off := f.node(f.name+".off", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, f.n, z)
	return f.plainLast(f.binary("h", ir.Add, f.binary("new", ir.Mul, off, n), f.binary("kept", ir.Mul, z, before)))
}

func (f *formulas) lstm(x, h, c []element) [2]vector {
	a := f.sum("gates", f.product(0, x), f.product(1, h), f.gates*f.n)
	before := f.joined(f.name+".before", c)
	peep := func(what string, k int, v, state vector) vector {
		if f.peephole.zero() {
			return v
		}
		p := f.peephole.view
		if p == nil {
			p = viewOf(f.node(f.name+".peephole", ir.Constant{Value: f.peephole.param}, 3*f.n), 3*f.n)
		}
		own := f.joined(f.name+"."+what+".peephole", p[k*f.n:(k+1)*f.n])
		return f.binary(what+".sum", ir.Add, v, f.binary(what+".state", ir.Mul, own, state))
	}
	input := f.apply("input", f.functions[0], peep("input", 0, f.gate("input.x", 0, a), before))
	var forget vector
	if f.coupled {
		forget = f.node(f.name+".forget", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, f.n, input)
	} else {
		forget = f.apply("forget", f.functions[0], peep("forget", 1, f.gate("forget.x", 1, a), before))
	}
	candidate := f.apply("candidate", f.functions[1], f.gate("candidate.x", 2, a))
	next := f.binary("c", ir.Add, f.binary("kept", ir.Mul, forget, before), f.binary("new", ir.Mul, input, candidate))
	output := f.apply("output", f.functions[0], peep("output", 2, f.gate("output.x", 3, a), next))
	y := f.binary("h", ir.Mul, output, f.plain("squashed", f.functions[2], next))
	return [2]vector{f.plainLast(y), f.add(value{name: f.name + ".c", size: f.n, same: f.origin(next)})}
}
