package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// foldPicks lets nodes read past others that only move elements: a Pick reads the
// input of the Pick before it, or the one part of a Concat that it takes from; a
// Concat has the parts of a Concat that it alone reads; readers of a Pick of
// everything in order, or of a Concat of one, read its input; a Linear that reads a
// value in another order, or with zeros between, as at the ends of a convolution, has
// its columns in the order of the value instead. A model output keeps its node.
func foldPicks(m *ir.Model, r *Report) (*ir.Model, error) {
	f := &pickFolder{m: m.Clone(), r: r, readers: readersOf(m), users: paramUsers(m)}
	f.types, _ = m.Infer()
	f.node = nodesOf(f.m)
	for i := range f.m.Nodes {
		switch op := f.m.Nodes[i].Op.(type) {
		case ir.Pick:
			f.pick(&f.m.Nodes[i], op)
		case ir.Concat:
			f.flatten(&f.m.Nodes[i])
		case ir.Linear:
			f.columns(&f.m.Nodes[i], op)
		}
		f.skip(f.m.Nodes[i])
	}
	f.drop()
	return f.m, nil
}

type pickFolder struct {
	m       *ir.Model
	r       *Report
	types   map[string]ir.Type
	node    map[string]*ir.Node
	readers map[string]int // as they were
	users   map[string]int
}

// nodesOf is the nodes of a model by name, for as long as none is added or removed.
func nodesOf(m *ir.Model) map[string]*ir.Node {
	nodes := make(map[string]*ir.Node, len(m.Nodes))
	for i := range m.Nodes {
		nodes[m.Nodes[i].Name] = &m.Nodes[i]
	}
	return nodes
}

// readersOf counts the readers of every value: nodes and outputs.
func readersOf(m *ir.Model) map[string]int {
	readers := map[string]int{}
	for _, n := range m.Nodes {
		for _, name := range n.Inputs {
			readers[name]++
		}
	}
	for _, name := range m.Outputs {
		readers[name]++
	}
	return readers
}

// pick reads past a Pick or a Concat.
func (f *pickFolder) pick(n *ir.Node, op ir.Pick) {
	for {
		from := f.node[n.Inputs[0]]
		if from == nil {
			return
		}
		elements := op.Spans.Elements()
		switch before := from.Op.(type) {
		case ir.Pick:
			elements = through(elements, before.Spans.Elements())
			n.Inputs[0] = from.Inputs[0]
		case ir.Concat:
			part, shift, ok := f.part(from, elements)
			if !ok {
				return
			}
			for i := range elements {
				if elements[i] >= 0 {
					elements[i] -= shift
				}
			}
			n.Inputs[0] = part
		default:
			return
		}
		f.r.note("%q reads past %q", n.Name, from.Name)
		op.Spans = ir.SpansOf(elements)
		n.Op = op
	}
}

// through is what elements of picked elements are; −1 stays.
func through(elements, picked []int) []int {
	all := make([]int, len(elements))
	for i, e := range elements {
		all[i] = -1
		if e >= 0 {
			all[i] = picked[e]
		}
	}
	return all
}

// part is the part of a Concat that all elements are of, and where it begins.
func (f *pickFolder) part(concat *ir.Node, elements []int) (name string, from int, ok bool) {
	low, high := -1, slices.Max(elements)
	for _, e := range elements {
		if e >= 0 && (low < 0 || e < low) {
			low = e
		}
	}
	for _, name := range concat.Inputs {
		size := f.types[name].Len()
		if low >= from && high < from+size {
			return name, from, true
		}
		from += size
	}
	return "", 0, false
}

// flatten puts the parts of a Concat that nothing else reads in its place.
func (f *pickFolder) flatten(n *ir.Node) {
	var parts []string
	for _, name := range n.Inputs {
		inner := f.node[name]
		if inner != nil && inner.Op == (ir.Concat{}) && f.readers[name] == 1 {
			parts = append(parts, inner.Inputs...)
			f.r.note("%q has the parts of %q", n.Name, name)
		} else {
			parts = append(parts, name)
		}
	}
	n.Inputs = parts
}

// columns takes the order of the input into the matrix of a Linear that shares it
// with none, if that makes it no wider.
func (f *pickFolder) columns(n *ir.Node, op ir.Linear) {
	from := f.node[n.Inputs[0]]
	if from == nil || op.Rows > 1 || f.users[op.Weight] > 1 {
		return
	}
	p, ok := from.Op.(ir.Pick)
	if !ok {
		return
	}
	elements, width := p.Spans.Elements(), f.types[from.Inputs[0]].Len()
	if !distinct(elements) || width > len(elements) || width == len(elements) && slices.Contains(elements, -1) {
		return
	}
	w := f.m.Param(op.Weight)
	if _, grouped := groupedPattern(w, 1); grouped {
		return // another order would take its cells apart
	}
	fresh := &ir.Param{Name: w.Name, Shape: []int{w.Shape[0], width}, Data: make([]float32, w.Shape[0]*width)}
	for i, v := range w.Data {
		if e := elements[i%len(elements)]; e >= 0 {
			fresh.Data[i/len(elements)*width+e] = v
		}
	}
	setParam(f.m, fresh)
	n.Inputs[0] = from.Inputs[0]
	f.r.note("columns of %q in the order of %q", op.Weight, from.Inputs[0])
}

// distinct reports whether no element is there twice, but zeros.
func distinct(elements []int) bool {
	seen := map[int]bool{}
	for _, e := range elements {
		if e >= 0 && seen[e] {
			return false
		}
		seen[e] = true
	}
	return true
}

// skip lets the readers of a node that changes nothing read its input.
func (f *pickFolder) skip(n ir.Node) {
	switch op := n.Op.(type) {
	case ir.Pick:
		if !slices.Equal(op.Spans.Elements(), identity(f.types[n.Inputs[0]].Len())) {
			return
		}
	case ir.Concat:
		if len(n.Inputs) > 1 {
			return
		}
	default:
		return
	}
	redirect(f.m, n.Name, n.Inputs[0])
}

// redirect lets the nodes that read a value read another.
func redirect(m *ir.Model, from, to string) {
	for i := range m.Nodes {
		for k, name := range m.Nodes[i].Inputs {
			if name == from {
				m.Nodes[i].Inputs[k] = to
			}
		}
	}
}

// drop removes Picks and Concats that are read no more.
func (f *pickFolder) drop() {
	readers := readersOf(f.m)
	unread := map[string]bool{}
	for _, n := range slices.Backward(f.m.Nodes) {
		switch n.Op.(type) {
		case ir.Pick, ir.Concat:
			if readers[n.Name] > 0 {
				continue
			}
			unread[n.Name] = true
			for _, name := range n.Inputs {
				readers[name]--
			}
		}
	}
	f.m.Nodes = slices.DeleteFunc(f.m.Nodes, func(n ir.Node) bool { return unread[n.Name] })
}
