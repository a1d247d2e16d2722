package pass

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// splitStates makes several states of one that is stored as the join of vectors and
// read by these vectors alone: an LSTM may have h and c in one. States that a tensor
// shows are among them only if shown is set; the tensor then shows the parts.
func splitStates(m *ir.Model, r *Report, shown bool) *ir.Model {
	hidden, nodes := exposed(m), nodesOf(m)
	for _, p := range pairsOf(m) {
		next := nodes[p.next]
		if hidden[p.state] && !shown || next == nil || next.Op != (ir.Concat{}) {
			continue
		}
		if j, ok := joinOf(m, p, *next); ok {
			m = j.split(m, r)
			nodes = nodesOf(m)
			r.note("state %q is %d states", p.state, len(j.sizes))
		}
	}
	return m
}

// pair is a state with the nodes that recall and store it, and the value that is
// stored.
type pair struct{ state, recall, store, next string }

// pairsOf are the states that no cell has, in the order in which they are stored.
func pairsOf(m *ir.Model) []pair {
	recalls := map[string]string{}
	var pairs []pair
	for _, n := range m.Nodes {
		switch op := n.Op.(type) {
		case ir.Recall:
			recalls[op.State] = n.Name
		case ir.Store:
			pairs = append(pairs, pair{op.State, recalls[op.State], n.Name, n.Inputs[0]})
		}
	}
	return pairs
}

// joined is a state that is a join of several.
type joined struct {
	pair
	concat  ir.Node        // what is stored
	sizes   []int          // of the parts
	readers map[string]int // Picks of a part
}

// joinOf reports whether a state that is stored as a join is read as one.
func joinOf(m *ir.Model, p pair, concat ir.Node) (joined, bool) {
	j := joined{pair: p, concat: concat, readers: map[string]int{}}
	if len(concat.Inputs) < 2 || shownByOutput(m, p.recall, p.store) {
		return j, false
	}
	types, _ := m.Infer()
	for _, name := range concat.Inputs {
		j.sizes = append(j.sizes, types[name].Len())
	}
	for _, n := range m.Nodes {
		if !slices.Contains(n.Inputs, j.recall) {
			continue
		}
		part, ok := j.partOf(n)
		if !ok || slices.Contains(m.Outputs, n.Name) {
			return j, false
		}
		j.readers[n.Name] = part
	}
	return j, true
}

func shownByOutput(m *ir.Model, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(m.Outputs, name) })
}

// partOf is the part that a node takes from the state, if it takes one as it is.
func (j *joined) partOf(n ir.Node) (int, bool) {
	op, ok := n.Op.(ir.Pick)
	if !ok {
		return 0, false
	}
	spans := op.Spans.List()
	if len(spans) != 1 || spans[0].Count > 1 && spans[0].Step != 1 {
		return 0, false
	}
	from := 0
	for i, size := range j.sizes {
		if spans[0].From == from && spans[0].Count == size {
			return i, true
		}
		from += size
	}
	return 0, false
}

// split is the model with a state for each part.
func (j *joined) split(m *ir.Model, r *Report) *ir.Model {
	out := m.Clone()
	names := make([]string, len(j.sizes))
	var states []ir.State
	for i, size := range j.sizes {
		names[i] = freshState(out, fmt.Sprintf("%s.%d", j.state, i))
		states = append(states, ir.State{Name: names[i], Size: size, Init: j.init(out, i)})
	}
	at := slices.IndexFunc(out.States, func(s ir.State) bool { return s.Name == j.state })
	out.States = slices.Replace(out.States, at, at+1, states...)
	r.split(j.state, names, j.sizes)
	j.nodes(out, names)
	for i := range out.Tensors {
		out.Tensors[i].Parts = j.parts(out.Tensors[i].Parts, names)
	}
	dropUnused(out)
	return out
}

// init is the name of the initial value of part i, empty for zeros.
func (j *joined) init(m *ir.Model, i int) string {
	whole := m.State(j.state).Init
	if whole == "" {
		return ""
	}
	from := 0
	for _, size := range j.sizes[:i] {
		from += size
	}
	data := m.Param(whole).Data[from:][:j.sizes[i]]
	p := &ir.Param{Name: freshParam(m, fmt.Sprintf("%s.%d", whole, i)), Shape: []int{len(data)}, Data: data}
	m.Params = append(m.Params, p)
	return p.Name
}

// nodes recalls and stores the parts.
func (j *joined) nodes(m *ir.Model, states []string) {
	recalls := make([]string, len(states))
	var nodes []ir.Node
	for _, n := range m.Nodes {
		switch n.Name {
		case j.recall:
			for i, s := range states {
				recalls[i] = freshValue(m, fmt.Sprintf("%s.%d", n.Name, i))
				nodes = append(nodes, ir.Node{Name: recalls[i], Op: ir.Recall{State: s}})
			}
		case j.store:
			for i, s := range states {
				nodes = append(nodes, ir.Node{Name: freshValue(m, fmt.Sprintf("%s.%d", n.Name, i)), Op: ir.Store{State: s}, Inputs: []string{j.concat.Inputs[i]}})
			}
		default:
			if _, ok := j.readers[n.Name]; !ok {
				nodes = append(nodes, n)
			}
		}
	}
	m.Nodes = nodes
	redirect(m, j.store, j.concat.Name)
	for name, part := range j.readers {
		redirect(m, name, recalls[part])
	}
}

// parts are those of a tensor with the states in the place of the one.
func (j *joined) parts(parts []ir.Part, states []string) []ir.Part {
	var all []ir.Part
	for _, p := range parts {
		if p.Kind != ir.StatePart || p.Name != j.state {
			all = append(all, p)
			continue
		}
		for _, s := range states {
			all = append(all, ir.Part{Kind: ir.StatePart, Name: s})
		}
	}
	return all
}

// freshValue is a name that no input or node has: the stem, or the stem with a
// number.
func freshValue(m *ir.Model, stem string) string {
	taken := func(name string) bool {
		return m.Node(name) != nil || slices.ContainsFunc(m.Inputs, func(in ir.Input) bool { return in.Name == name })
	}
	name := stem
	for i := 2; taken(name); i++ {
		name = fmt.Sprintf("%s.%d", stem, i)
	}
	return name
}

// freshState is a name that no state has.
func freshState(m *ir.Model, stem string) string {
	name := stem
	for i := 2; m.State(name) != nil; i++ {
		name = fmt.Sprintf("%s.%d", stem, i)
	}
	return name
}
