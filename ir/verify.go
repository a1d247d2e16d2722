package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Verify lists every fault of the model, joined (see [errors.Join]), each with
// the node, tensor or state it is about and what was wanted:
//
//   - names that are empty, not UTF-8 or taken; values (inputs and nodes),
//     states and parameters have a space of names each;
//   - sizes below 1 or beyond [MaxElements];
//   - what [Model.Infer] reports, and cycles;
//   - states that no node or more than one node uses (but a [Recall] and a later
//     [Store] together), parameters that nothing uses, outputs that are not there,
//     twice there or an index;
//   - tensors whose parts are not there or do not fill them;
//   - data of the wrong length, NaN and infinite weights.
//
// Data is nil in every parameter of a graph that was parsed and not yet filled,
// which is no fault; in some only, it is one. See [Model.Filled].
func (m *Model) Verify() error {
	c := newCheck(m)
	c.names()
	c.sizes()
	c.nodes()
	c.cycle()
	c.stateUses()
	c.paramUses()
	c.outputs()
	c.tensors()
	c.data()
	return errors.Join(c.faults...)
}

// Filled lists the parameters that have no data.
func (m *Model) Filled() error {
	var faults []error
	for _, p := range m.Params {
		if p != nil && p.Data == nil {
			faults = append(faults, fmt.Errorf("tensor %s: has no data", quote(p.Name)))
		}
	}
	return errors.Join(faults...)
}

// names reports bad names in each of the three spaces.
func (c *check) names() {
	values := names{c: c, seen: map[string]string{}}
	for _, in := range c.m.Inputs {
		values.add("input", in.Name)
	}
	for _, n := range c.m.Nodes {
		values.add("node", n.Name)
	}
	states := names{c: c, seen: map[string]string{}}
	for _, s := range c.m.States {
		states.add("state", s.Name)
	}
	params := names{c: c, seen: map[string]string{}}
	for i, p := range c.m.Params {
		if p == nil {
			c.fault("parameter %d is nil", i)
			continue
		}
		params.add("tensor", p.Name)
	}
	if !utf8.ValidString(c.m.Name) {
		c.fault("model name %q is not UTF-8", c.m.Name)
	}
}

// names is one space of names.
type names struct {
	c    *check
	seen map[string]string // name → what it names
}

func (s *names) add(what, name string) {
	other, taken := s.seen[name]
	switch {
	case name == "":
		s.c.fault("a %s has no name", what)
	case !utf8.ValidString(name):
		s.c.fault("%s %q: name is not UTF-8", what, name)
	case taken && other == what:
		s.c.fault("%s %q: defined twice", what, name)
	case taken:
		s.c.fault("%s %q: the name is taken by an %s", what, name, other)
	}
	s.seen[name] = what
}

// sizes reports what cannot be a size.
func (c *check) sizes() {
	for _, in := range c.m.Inputs {
		if err := typeFault(in.Type); err != nil {
			c.fault("input %s: %w", quote(in.Name), err)
		}
	}
	for _, s := range c.m.States {
		if _, err := Elements([]int{s.Size}); err != nil {
			c.fault("state %s: %w", quote(s.Name), err)
		}
	}
	for _, p := range c.m.Params {
		if p == nil {
			continue
		}
		if _, err := Elements(p.Shape); err != nil {
			c.fault("tensor %s: %w", quote(p.Name), err)
		}
	}
}

// typeFault says what is wrong with the type of an input.
func typeFault(t Type) error {
	switch t.DType {
	case Float32:
		if t.Bound != 0 {
			return fmt.Errorf("float32 with bound %d, want none", t.Bound)
		}
		_, err := Elements(t.Shape)
		return err
	case Index:
		if len(t.Shape) != 0 {
			return fmt.Errorf("index with shape %s, want none", shapeText(t.Shape))
		}
		if t.Bound < 1 || t.Bound > MaxElements {
			return fmt.Errorf("index bound %d, want 1 to %d", t.Bound, MaxElements)
		}
		return nil
	}
	return fmt.Errorf("element type %d, want float32 or index", t.DType)
}

// cycle reports the nodes that lie on a cycle or between two. It strips nodes
// that wait for none, then nodes that none waits for, until neither is left.
func (c *check) cycle() {
	left := c.strip(c.strip(nil, c.edges(false)), c.edges(true))
	var on []string
	for i, n := range c.m.Nodes {
		if left[i] {
			on = append(on, quote(n.Name))
		}
	}
	if len(on) > 0 {
		c.fault("cycle through node %s", strings.Join(on, ", "))
	}
}

// edges lists for each node the nodes it reads, or those that read it.
func (c *check) edges(reversed bool) [][]int {
	edges := make([][]int, len(c.m.Nodes))
	for i, n := range c.m.Nodes {
		for _, name := range n.Inputs {
			at, ok := c.place[name]
			switch {
			case !ok || c.inputs[name]:
			case reversed:
				edges[at] = append(edges[at], i)
			default:
				edges[i] = append(edges[i], at)
			}
		}
	}
	return edges
}

// strip removes, again and again, the nodes without an edge to a node that is
// left. A nil left stands for all.
func (c *check) strip(left []bool, edges [][]int) []bool {
	if left == nil {
		left = slices.Repeat([]bool{true}, len(edges))
	}
	waits := make([]int, len(edges))
	readers := make([][]int, len(edges))
	for i, to := range edges {
		for _, j := range to {
			if left[i] && left[j] {
				waits[i]++
				readers[j] = append(readers[j], i)
			}
		}
	}
	var free []int
	for i := range edges {
		if left[i] && waits[i] == 0 {
			free = append(free, i)
		}
	}
	for len(free) > 0 {
		j := free[len(free)-1]
		free = free[:len(free)-1]
		left[j] = false
		for _, i := range readers[j] {
			if waits[i]--; waits[i] == 0 {
				free = append(free, i)
			}
		}
	}
	return left
}

// stateUses reports states that do not belong to exactly one node, and initial
// values that do not fit.
func (c *check) stateUses() {
	owner := map[string]string{}
	recalls := map[string]int{} // place of the Recall of a state whose Store is still to come
	for i, n := range c.m.Nodes {
		if !isKnown(n.Op) {
			continue
		}
		if o, ok := n.Op.(Store); ok {
			c.store(n, o, recalls)
			continue
		}
		for _, name := range StateNames(n.Op) {
			if other, ok := owner[name]; ok {
				c.fault("state %s: used by node %s and by node %s, want one", quote(name), quote(other), quote(n.Name))
			}
			owner[name] = n.Name
		}
		if o, ok := n.Op.(Recall); ok {
			recalls[o.State] = i
		}
	}
	for _, s := range c.m.States {
		if at, ok := recalls[s.Name]; ok {
			c.fault("node %s: no later node stores state %s", quote(c.m.Nodes[at].Name), quote(s.Name))
		}
	}
	for _, s := range c.m.States {
		if _, ok := owner[s.Name]; !ok {
			c.fault("state %s: no node uses it", quote(s.Name))
		}
		c.initial(s)
	}
}

// store holds a Store to the Recall before it and reports what lies between the
// two and reads ahead.
func (c *check) store(n Node, o Store, recalls map[string]int) {
	from, ok := recalls[o.State]
	if !ok {
		c.fault("node %s: no earlier node recalls state %s, or another stored it", quote(n.Name), quote(o.State))
		return
	}
	delete(recalls, o.State)
	for _, between := range c.m.Nodes[from:c.place[n.Name]] {
		if isKnown(between.Op) && ReadsAhead(between.Op) {
			c.fault("node %s: reads ahead, between the nodes that recall and store state %s", quote(between.Name), quote(o.State))
		}
	}
}

func (c *check) initial(s State) {
	if s.Init == "" {
		return
	}
	p, ok := c.params[s.Init]
	switch {
	case !ok:
		c.fault("state %s: init: parameter %q is not defined", quote(s.Name), s.Init)
	case !slices.Equal(p.Shape, []int{s.Size}):
		c.fault("tensor %s: shape %s, want [%d] of state %s", quote(s.Init), shapeText(p.Shape), s.Size, quote(s.Name))
	}
}

// paramUses reports parameters that nothing uses.
func (c *check) paramUses() {
	used := map[string]bool{}
	for _, n := range c.m.Nodes {
		if isKnown(n.Op) {
			for _, name := range ParamNames(n.Op) {
				used[name] = true
			}
		}
	}
	for _, s := range c.m.States {
		used[s.Init] = true
	}
	for _, p := range c.m.Params {
		if p != nil && !used[p.Name] {
			c.fault("tensor %s: no node uses it", quote(p.Name))
		}
	}
}

// outputs reports outputs that are not values of float32.
func (c *check) outputs() {
	if len(c.m.Outputs) == 0 {
		c.fault("the model has no output")
	}
	seen := map[string]bool{}
	for _, name := range c.m.Outputs {
		_, isNode := c.place[name]
		switch {
		case seen[name]:
			c.fault("output %s: listed twice", quote(name))
		case !isNode && !c.inputs[name]:
			c.fault("output %s: is not defined", quote(name))
		case c.types[name].DType == Index:
			c.fault("output %s: is an index, want float32", quote(name))
		}
		seen[name] = true
	}
}

// data reports tensors whose numbers cannot be used.
func (c *check) data() {
	filled := slices.ContainsFunc(c.m.Params, func(p *Param) bool { return p != nil && p.Data != nil })
	for _, p := range c.m.Params {
		if p == nil {
			continue
		}
		n, err := Elements(p.Shape)
		switch {
		case err != nil:
		case p.Data == nil && filled:
			c.fault("tensor %s: has no data", quote(p.Name))
		case p.Data != nil && len(p.Data) != n:
			c.fault("tensor %s: %d numbers for shape %s, want %d", quote(p.Name), len(p.Data), shapeText(p.Shape), n)
		default:
			c.finite(p)
		}
	}
}

// finite reports the first weight that is NaN or infinite.
func (c *check) finite(p *Param) {
	first, count := -1, 0
	for i, w := range p.Data {
		if d := float64(w); math.IsNaN(d) || math.IsInf(d, 0) {
			if first < 0 {
				first = i
			}
			count++
		}
	}
	if count > 0 {
		c.fault("tensor %s: element %s is %v, want a finite number (%d of %d are not)",
			quote(p.Name), shapeText(position(first, p.Shape)), p.Data[first], count, len(p.Data))
	}
}

// position is the index of element i of a row-major tensor.
func position(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}
