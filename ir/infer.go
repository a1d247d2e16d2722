package ir

import (
	"errors"
	"fmt"
	"strconv"
)

// Infer returns the type of every value, by name. The error joins the faults
// of nodes: inputs, parameters and states that are not there, wrong shapes,
// functions that an op has no meaning for. What could be inferred nevertheless
// is in the map.
func (m *Model) Infer() (map[string]Type, error) {
	c := newCheck(m)
	c.nodes()
	return c.types, errors.Join(c.faults...)
}

// check collects the faults of a model.
type check struct {
	m      *Model
	params map[string]*Param
	states map[string]*State
	place  map[string]int  // node by name → its place in Nodes
	types  map[string]Type // of the values that are known so far
	inputs map[string]bool
	faults []error
}

func newCheck(m *Model) *check {
	c := &check{
		m:      m,
		params: make(map[string]*Param, len(m.Params)),
		states: make(map[string]*State, len(m.States)),
		place:  make(map[string]int, len(m.Nodes)),
		types:  make(map[string]Type, len(m.Inputs)+len(m.Nodes)),
		inputs: make(map[string]bool, len(m.Inputs)),
	}
	for _, p := range m.Params {
		if p != nil {
			c.params[p.Name] = p
		}
	}
	for i := range m.States {
		c.states[m.States[i].Name] = &m.States[i]
	}
	for i, n := range m.Nodes {
		if _, taken := c.place[n.Name]; !taken {
			c.place[n.Name] = i
		}
	}
	for _, in := range m.Inputs {
		c.inputs[in.Name] = true
		if typeFault(in.Type) == nil {
			c.types[in.Name] = in.Type
		}
	}
	return c
}

func (c *check) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

// nodes infers the type of every node in order.
func (c *check) nodes() {
	for i := range c.m.Nodes {
		n := &c.m.Nodes[i]
		if n.Op == nil {
			c.fault("node %s: has no op", quote(n.Name))
			continue
		}
		if !isKnown(n.Op) {
			c.fault("node %s: op is a %T, want one of this package's ops by value", quote(n.Name), n.Op)
			continue
		}
		c.reads(i)
		c.fields(n)
		if t, ok := n.Op.infer(&operands{c, n}); ok && c.place[n.Name] == i && !c.inputs[n.Name] {
			c.types[n.Name] = t
		}
	}
}

// reads reports inputs of node i that are neither inputs nor earlier nodes.
func (c *check) reads(i int) {
	n := &c.m.Nodes[i]
	for _, name := range n.Inputs {
		at, isNode := c.place[name]
		switch {
		case c.inputs[name]:
		case !isNode:
			c.fault("node %s: input %q is not defined", quote(n.Name), name)
		case at == i:
			c.fault("node %s: reads its own value", quote(n.Name))
		case at > i:
			c.fault("node %s: input %q is a later node, want topological order", quote(n.Name), name)
		}
	}
}

// fields reports names of parameters and states that are not there, and words
// out of range.
func (c *check) fields(n *Node) {
	for _, f := range Fields(n.Op) {
		name := f.Name()
		switch f.Kind {
		case AttrField:
			if e, ok := f.value.Interface().(enum); ok && f.value.Uint() >= uint64(len(e.words())) {
				c.fault("node %s: %s is %d, want one of %q", quote(n.Name), f.Keyword, f.value.Uint(), e.words())
			}
		case ParamField:
			if _, ok := c.params[name]; !ok && (name != "" || !f.Optional) {
				c.fault("node %s: %s: parameter %q is not defined", quote(n.Name), f.Keyword, name)
			}
		case StateField:
			if _, ok := c.states[name]; !ok {
				c.fault("node %s: %s: state %q is not defined", quote(n.Name), f.Keyword, name)
			}
		}
	}
}

// quote is a name as faults write it.
func quote(name string) string { return strconv.Quote(name) }
