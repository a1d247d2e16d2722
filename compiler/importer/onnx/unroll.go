package onnx

import (
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
		next := l.single(u, name, l.xAt(at, b), states)
		y[at][d][b] = next[0]
		if l.lengths != nil && !l.lengths.constant() {
			value, err := l.masked(name, at, b, &next, states)
			if err != nil {
				return last, err
			}
			y[at][d][b] = value
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
func (l *layer) single(u *cell, name string, x []element, states [2][]element) [2]vector {
	g := l.im.g
	if l.im.axes.scout && l.steps == 1 && (l.lengths == nil || l.lengths.constant()) && len(l.computed()) == 0 {
		s := &step{h: states[0], c: states[1]}
		s.nextH = g.add(value{name: name, size: l.n})
		s.nextC = g.add(value{name: name + ".c", size: l.n})
		l.im.steps = append(l.im.steps, s)
		return [2]vector{s.nextH, s.nextC}
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
		return next
	}
	f := &formulas{graph: g, cell: u, name: name}
	switch u.kind {
	case "RNN":
		return [2]vector{f.rnn(x, states[0])}
	case "GRU":
		return [2]vector{f.gru(x, states[0])}
	}
	return f.lstm(x, states[0], states[1])
}
