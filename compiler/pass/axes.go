package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// An axis is a set of units that may be reordered or dropped only together: the
// units of a recurrent node with its states, the elements of a Linear or
// Embedding, and whatever element-wise nodes make of them. Every dimension of a
// value, state or parameter is a list of segments, each on one axis.
type axes struct {
	m     *ir.Model
	nodes []axis
	value map[string][]segment
	uses  map[string][]use // by parameter
	state map[string]int   // axis of a state
}

// axis is a node of a union–find forest.
type axis struct {
	parent int
	size   int
	name   string // of the node that made it
	pinned bool   // may be neither reordered nor shrunk: an input or output sees it
	kept   bool   // may be reordered but not shrunk: a softmax sums over it
}

// segment is a part of a dimension.
type segment struct{ axis, size int }

// use is one way in which a node reads a parameter: rows are gates blocks over
// the segments rows, columns are the segments cols. A parameter of one
// dimension has rows only; nil stands for a dimension that is on no axis.
type use struct {
	node       string
	gates      int
	rows, cols []segment
}

// analyse finds the axes of a sound model.
func analyse(m *ir.Model) *axes {
	types, _ := m.Infer()
	a := &axes{m: m, value: map[string][]segment{}, uses: map[string][]use{}, state: map[string]int{}}
	for _, in := range m.Inputs {
		if in.Type.DType == ir.Float32 {
			x := a.add(in.Name, in.Type.Len())
			a.nodes[x].pinned = true
			a.value[in.Name] = []segment{{x, in.Type.Len()}}
		}
	}
	for _, n := range m.Nodes {
		a.node(n, types[n.Name])
	}
	for _, name := range m.Outputs {
		a.pin(a.value[name])
	}
	a.pinShared()
	return a
}

func (a *axes) add(name string, size int) int {
	a.nodes = append(a.nodes, axis{parent: len(a.nodes), size: size, name: name})
	return len(a.nodes) - 1
}

// root is the axis that x has become.
func (a *axes) root(x int) int {
	for a.nodes[x].parent != x {
		x = a.nodes[x].parent
	}
	return x
}

func (a *axes) at(x int) *axis { return &a.nodes[a.root(x)] }

func (a *axes) pin(segs []segment) {
	for _, s := range segs {
		a.at(s.axis).pinned = true
	}
}

func (a *axes) join(x, y int) {
	x, y = a.root(x), a.root(y)
	if x == y {
		return
	}
	a.nodes[y].parent = x
	a.nodes[x].pinned = a.nodes[x].pinned || a.nodes[y].pinned
	a.nodes[x].kept = a.nodes[x].kept || a.nodes[y].kept
}

// node gives the value of a node its axes and records what it reads.
func (a *axes) node(n ir.Node, t ir.Type) {
	fresh := func() []segment { return []segment{{a.add(n.Name, t.Len()), t.Len()}} }
	in := func(i int) []segment { return a.value[n.Inputs[i]] }
	var out []segment
	switch op := n.Op.(type) {
	case ir.Linear:
		out = fresh()
		a.use(op.Weight, use{n.Name, 1, out, in(0)})
		a.use(op.Bias, use{n.Name, 1, out, nil})
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
		out = fresh()
		a.recurrent(n, 4, out, op.WeightIH, op.WeightHH, op.BiasIH, op.BiasHH)
	case ir.Activation:
		out = in(0)
	case ir.Softmax:
		out = in(0)
		for _, s := range out {
			a.at(s.axis).kept = true
		}
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

func (a *axes) recurrent(n ir.Node, gates int, h []segment, ih, hh, biasIH, biasHH string) {
	a.use(ih, use{n.Name, gates, h, a.value[n.Inputs[0]]})
	a.use(hh, use{n.Name, gates, h, h})
	a.use(biasIH, use{n.Name, gates, h, nil})
	a.use(biasHH, use{n.Name, gates, h, nil})
	for _, name := range ir.StateNames(n.Op) {
		a.state[name] = h[0].axis
		a.use(a.m.State(name).Init, use{n.Name, 1, h, nil})
	}
}

func (a *axes) use(param string, u use) {
	if param != "" {
		a.uses[param] = append(a.uses[param], u)
	}
}

// pinShared leaves alone what reads a parameter together with others.
func (a *axes) pinShared() {
	for _, uses := range a.uses {
		if len(uses) > 1 {
			for _, u := range uses {
				a.pin(u.rows)
				a.pin(u.cols)
			}
		}
	}
}

// roots lists the axes in order of their making.
func (a *axes) roots() []int {
	var roots []int
	for i := range a.nodes {
		if a.root(i) == i {
			roots = append(roots, i)
		}
	}
	return roots
}

// touches reports whether any segment lies on the axis.
func (a *axes) touches(segs []segment, x int) bool {
	return slices.ContainsFunc(segs, func(s segment) bool { return a.root(s.axis) == x })
}

// order gives, for a dimension of gates blocks over segs, the old index of
// every new one when axis x gets the units idx.
func (a *axes) order(segs []segment, gates, x int, idx []int) []int {
	var order []int
	at := 0
	for range gates {
		for _, s := range segs {
			if a.root(s.axis) == x {
				for _, k := range idx {
					order = append(order, at+k)
				}
			} else {
				for k := range s.size {
					order = append(order, at+k)
				}
			}
			at += s.size
		}
	}
	return order
}

// reorder returns the model with axis x made of its units idx, in that order.
func (a *axes) reorder(x int, idx []int, r *Report) *ir.Model {
	out := a.m.Clone()
	for i, p := range out.Params {
		if us := a.uses[p.Name]; len(us) > 0 {
			out.Params[i] = a.reorderParam(p, us[0], x, idx)
		}
	}
	for i := range out.States {
		s := &out.States[i]
		if a.root(a.state[s.Name]) == x {
			s.Size = len(idx)
			r.reorder(s.Name, idx)
		}
	}
	return out
}

func (a *axes) reorderParam(p *ir.Param, u use, x int, idx []int) *ir.Param {
	inRows, inCols := a.touches(u.rows, x), a.touches(u.cols, x)
	if !inRows && !inCols {
		return p
	}
	width := 1
	if len(p.Shape) == 2 {
		width = p.Shape[1]
	}
	rows, cols := identity(p.Shape[0]), identity(width)
	if inRows {
		rows = a.order(u.rows, u.gates, x, idx)
	}
	if inCols {
		cols = a.order(u.cols, 1, x, idx)
	}
	q := &ir.Param{Name: p.Name, Shape: []int{len(rows)}, Data: make([]float32, 0, len(rows)*len(cols))}
	if len(p.Shape) == 2 {
		q.Shape = append(q.Shape, len(cols))
	}
	for _, row := range rows {
		for _, c := range cols {
			q.Data = append(q.Data, p.Data[row*width+c])
		}
	}
	return q
}
