package onnx

import (
	"fmt"
	"slices"
)

// maxBatch is the largest batch of a recurrent node.
const maxBatch = 1024

// streamed makes a node of the model for every direction and element of the batch.
func (l *layer) streamed() ([]*tensor, error) {
	if l.batch > maxBatch {
		return nil, fmt.Errorf("a batch of %d, each with cells of its own, want at most %d", l.batch, maxBatch)
	}
	y := make([][]vector, len(l.cells)) // [direction][batch]
	h, c := make([][]vector, len(l.cells)), make([][]vector, len(l.cells))
	for d, cell := range l.cells {
		for b := range l.batch {
			v, err := l.stream(cell, d, b)
			if err != nil {
				return nil, err
			}
			y[d], h[d], c[d] = append(y[d], v[0]), append(h[d], v[1]), append(c[d], v[2])
		}
	}
	all := l.sequence([][][]vector{y})
	all.time = l.stepAxis()
	return []*tensor{all, l.state(h, true), l.state(c, true)}[:l.results()], nil
}

// results is the number of outputs that the node may have.
func (l *layer) results() int {
	if l.node.op == "LSTM" {
		return 3
	}
	return 2
}

// stream makes one cell and is its value, and its states behind the last frame.
func (l *layer) stream(u *cell, d, b int) ([3]vector, error) {
	var none [3]vector
	g := l.im.g
	name := l.cellName(d, b)
	view := l.xAt(0, b)
	x := g.joined(name+".x", view)
	mask, err := l.frameMask(b)
	if err != nil {
		return none, err
	}
	inputs := []vector{x}
	if mask != 0 {
		inputs = append(inputs, mask)
	}
	hState, err := l.initial(l.h, "h", name, d, b)
	if err != nil {
		return none, err
	}
	cState := ""
	if u.kind == "LSTM" {
		if cState, err = l.initial(l.c, "c", name, d, b); err != nil {
			return none, err
		}
	}
	y := g.node(name, u.op(hState, cState), l.n, inputs...)
	l.im.owner[hState] = y
	last := [3]vector{y, l.final(y, hState, u.reverse, mask)}
	if u.kind == "LSTM" {
		l.im.owner[cState] = y
		c := g.add(value{name: name + ".c", size: l.n, same: y, half: true})
		last[2] = l.final(c, cState, u.reverse, mask)
	}
	return last, nil
}

// initial makes the state of a cell: from zeros, constants, or the elements of an
// input, which then shows the state.
func (l *layer) initial(t *tensor, role, name string, d, b int) (string, error) {
	g := l.im.g
	if t == nil {
		return g.state(name+"."+role, l.n, nil), nil
	}
	from, to := l.stateAt(t, d, b)
	if t.floats != nil {
		return g.state(name+"."+role, l.n, t.floats[from:to]), nil
	}
	view := t.view[from:to]
	if !slices.ContainsFunc(view, func(e element) bool { return e.v != 0 }) {
		return g.state(name+"."+role, l.n, nil), nil
	}
	in := l.im.inputOf(view[0].v)
	for i, e := range view {
		if in == nil || in.single || e.v != view[0].v || e.i != view[0].i+int32(i) || in.tensor.time != none {
			return "", fmt.Errorf("initial_%s is computed, want constants or an input without a time axis", role)
		}
	}
	at := view[0].i
	if _, taken := in.states[at]; taken {
		return "", fmt.Errorf("initial_%s: input %q is a state of another node too", role, in.name)
	}
	stateName := in.name
	if in.tensor.size() > l.n {
		stateName = fmt.Sprintf("%s.%d", in.name, int(at)/l.n)
	}
	in.states[at] = g.state(stateName, l.n, nil)
	return in.states[at], nil
}
