package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// node gives the value of a node its axes and records what it reads.
func (a *axes) node(n ir.Node, t ir.Type) {
	fresh := func() []segment { return []segment{{a.add(n.Name, t.Len()), t.Len()}} }
	in := func(i int) []segment { return a.value[n.Inputs[i]] }
	var out []segment
	switch op := n.Op.(type) {
	case ir.Linear:
		out = a.linear(n, op, t.Len())
	case ir.Constant:
		out = a.constant(n, op)
	case ir.Embedding:
		out = fresh()
		a.use(op.Weight, use{n.Name, 1, nil, out})
	case ir.RNN:
		out = fresh()
		a.recurrent(n, 1, out, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
	case ir.GRU:
		out = fresh()
		a.recurrent(n, 3, out, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
	case ir.LSTM:
		out = a.lstm(n, op)
	case ir.Recall:
		out = fresh()
		a.owns(n, op.State, out)
	case ir.Store:
		out = a.store(op, in(0))
	case ir.Activation, ir.Ahead, ir.Hold:
		out = in(0)
	case ir.Softmax:
		out = in(0)
		a.groups(out, op.Size)
	case ir.Normalize:
		out = in(0)
		a.groups(out, op.Size)
	case ir.Reduce:
		a.groups(in(0), op.Size)
		out = a.fixed(n.Name, t.Len())
	case ir.Pick:
		out = a.pick(n, op, in(0))
	case ir.Binary:
		out = a.binary(in(0), in(1))
	case ir.Concat:
		for i := range n.Inputs {
			out = append(out, in(i)...)
		}
	}
	a.value[n.Name] = out
}

// binary ties its inputs element by element: axis by axis where both are made
// of the same segments, not at all else.
func (a *axes) binary(x, y []segment) []segment {
	same := slices.EqualFunc(x, y, func(s, t segment) bool { return s.size == t.size })
	if !same {
		a.pin(x)
		a.pin(y)
		return x
	}
	for i := range x {
		a.join(x[i].axis, y[i].axis)
	}
	return x
}

// linear makes one axis, which the value has once for every row. All rows are
// products with one matrix, which ties the units of the rows of the input.
func (a *axes) linear(n ir.Node, op ir.Linear, size int) []segment {
	rows := max(op.Rows, 1)
	in := a.value[n.Inputs[0]]
	size /= rows
	out := []segment{{a.add(n.Name, size), size}}
	cols := a.tied(n.Name, in, rows)
	a.use(op.Weight, use{n.Name, 1, out, cols})
	a.use(op.Bias, use{n.Name, 1, out, nil})
	return slices.Repeat(out, rows)
}

// tied joins the rows of a value and gives the segments of one, or pins what is
// not made of rows of equal segments.
func (a *axes) tied(name string, segs []segment, rows int) []segment {
	parts, ok := cut(segs, rows)
	for _, row := range parts {
		ok = ok && slices.EqualFunc(row, parts[0], func(s, t segment) bool { return s.size == t.size })
	}
	if !ok {
		a.pin(segs)
		return a.fixed(name, length(segs)/rows)
	}
	for _, row := range parts {
		for i, s := range row {
			a.join(parts[0][i].axis, s.axis)
		}
	}
	return parts[0]
}

// cut cuts a value into n parts of one length; false where a segment lies across
// a cut.
func cut(segs []segment, n int) ([][]segment, bool) {
	size := length(segs) / n
	var parts [][]segment
	from, filled := 0, 0
	for i, s := range segs {
		if filled += s.size; filled > size {
			return nil, false
		}
		if filled == size {
			parts = append(parts, segs[from:i+1])
			from, filled = i+1, 0
		}
	}
	return parts, true
}

func length(segs []segment) int {
	n := 0
	for _, s := range segs {
		n += s.size
	}
	return n
}

// groups keeps the units of a value that an op takes in groups of size: their
// order in a group is free where segments do not lie across groups. A size of 0
// is that of the whole value.
func (a *axes) groups(segs []segment, size int) {
	if size == 0 {
		size = length(segs)
	}
	if _, ok := cut(segs, length(segs)/size); !ok {
		a.pin(segs)
	}
	a.keep(segs)
}

// constant makes an axis of the elements of a vector; those of a matrix stay.
func (a *axes) constant(n ir.Node, op ir.Constant) []segment {
	p := a.m.Param(op.Value)
	if len(p.Shape) != 1 {
		out := a.fixed(n.Name, p.Len())
		a.use(op.Value, use{n.Name, 1, nil, nil})
		return out
	}
	out := []segment{{a.add(n.Name, p.Len()), p.Len()}}
	a.use(op.Value, use{n.Name, 1, out, nil})
	return out
}

// lstm has its axis twice with Both.
func (a *axes) lstm(n ir.Node, op ir.LSTM) []segment {
	size := a.m.State(op.H).Size
	h := []segment{{a.add(n.Name, size), size}}
	a.recurrent(n, 4, h, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
	a.use(op.Peephole, use{n.Name, 3, h, nil})
	if op.Both {
		return slices.Repeat(h, 2)
	}
	return h
}

// recurrent records what a cell reads. The one element of a mask stays.
func (a *axes) recurrent(n ir.Node, gates int, h []segment, ih, hh, biasIH, biasHH string) {
	a.use(ih, use{n.Name, gates, h, a.value[n.Inputs[0]]})
	a.use(hh, use{n.Name, gates, h, h})
	a.use(biasIH, use{n.Name, gates, h, nil})
	a.use(biasHH, use{n.Name, gates, h, nil})
	for _, name := range ir.StateNames(n.Op) {
		a.owns(n, name, h)
	}
	for _, name := range n.Inputs[1:] {
		a.pin(a.value[name])
	}
}

// owns puts a state on the axis of a node.
func (a *axes) owns(n ir.Node, state string, h []segment) {
	a.state[state] = h[0].axis
	a.use(a.m.State(state).Init, use{n.Name, 1, h, nil})
}

// store ties what a state becomes to the state.
func (a *axes) store(op ir.Store, in []segment) []segment {
	h := []segment{{a.state[op.State], a.m.State(op.State).Size}}
	if len(in) == 1 {
		a.join(h[0].axis, in[0].axis)
	} else {
		a.pin(h)
		a.pin(in)
	}
	return h
}

// run is what a Pick takes on end: a whole segment of its input, or zeros where
// that is −1.
type run struct{ segment, zeros int }

// pick maps whole segments to whole segments; what takes others apart pins them.
func (a *axes) pick(n ir.Node, op ir.Pick, in []segment) []segment {
	elements := op.Spans.Elements()
	runs, ok := runsOf(elements, in)
	if !ok {
		a.pin(in)
		return a.fixed(n.Name, len(elements))
	}
	a.picks[n.Name] = runs
	var out []segment
	for _, r := range runs {
		if r.segment < 0 {
			out = append(out, a.fixed(n.Name, r.zeros)...)
		} else {
			out = append(out, in[r.segment])
		}
	}
	return out
}

// runsOf reads picked elements as runs; false where there are others.
func runsOf(elements []int, segs []segment) ([]run, bool) {
	begins := map[int]int{}
	at := 0
	for i, s := range segs {
		begins[at] = i
		at += s.size
	}
	var runs []run
	for i := 0; i < len(elements); {
		if elements[i] < 0 {
			r := run{segment: -1}
			for ; i < len(elements) && elements[i] < 0; i++ {
				r.zeros++
			}
			runs = append(runs, r)
			continue
		}
		k, ok := begins[elements[i]]
		if !ok || len(elements)-i < segs[k].size {
			return nil, false
		}
		for j := range segs[k].size {
			if elements[i+j] != elements[i]+j {
				return nil, false
			}
		}
		runs = append(runs, run{segment: k})
		i += segs[k].size
	}
	return runs, true
}

func (a *axes) use(param string, u use) {
	if param != "" {
		a.uses[param] = append(a.uses[param], u)
	}
}
