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
	picks map[string][]run // by node: what those that map whole segments are made of
}

// axis is a node of a union–find forest.
type axis struct {
	parent int
	size   int
	name   string // of the node that made it
	pinned bool   // may be neither reordered nor shrunk: an input or output sees it
	kept   bool   // may be reordered but not shrunk: a softmax sums over it, a tensor shows it
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
	a := &axes{m: m, value: map[string][]segment{}, uses: map[string][]use{}, state: map[string]int{}, picks: map[string][]run{}}
	for _, in := range m.Inputs {
		if in.Type.DType == ir.Float32 {
			a.value[in.Name] = a.fixed(in.Name, in.Type.Len())
		}
	}
	for _, n := range m.Nodes {
		a.node(n, types[n.Name])
	}
	for _, name := range m.Outputs {
		a.pin(a.value[name])
	}
	for s := range exposed(m) {
		a.at(a.state[s]).kept = true
	}
	a.pinShared()
	return a
}

func (a *axes) add(name string, size int) int {
	a.nodes = append(a.nodes, axis{parent: len(a.nodes), size: size, name: name})
	return len(a.nodes) - 1
}

// fixed is a value whose units stay.
func (a *axes) fixed(name string, size int) []segment {
	x := a.add(name, size)
	a.nodes[x].pinned = true
	return []segment{{x, size}}
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

func (a *axes) keep(segs []segment) {
	for _, s := range segs {
		a.at(s.axis).kept = true
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
