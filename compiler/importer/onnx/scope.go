package onnx

import (
	"fmt"
	"slices"
)

// scope holds the values of a graph by name; a graph in an attribute also sees those
// of the graphs around it.
type scope struct {
	im         *importer
	around     *scope
	values     map[string]*tensor
	opset      int64
	attributes []*attributeProto // of the call, in the body of a function
	depth      int
}

// find is the value of a name.
func (s *scope) find(name string) (*tensor, bool) {
	for ; s != nil; s = s.around {
		if t, ok := s.values[name]; ok {
			return t, true
		}
	}
	return nil, false
}

// define gives a name to a value, once.
func (s *scope) define(name string, t *tensor) error {
	if _, taken := s.values[name]; taken {
		return fmt.Errorf("value %q is defined twice", name)
	}
	s.values[name] = t
	return nil
}

// initialisers defines the constants of a graph.
func (s *scope) initialisers(g *graphProto) {
	for _, name := range g.sparse {
		s.im.faults.add("sparse initialiser %s is not supported", name)
	}
	for _, proto := range g.tensors {
		t, err := s.im.source.constant(proto)
		if err != nil {
			s.im.faults.add("initialiser %q: %w", proto.name, err)
			t = lost
		}
		if err := s.define(proto.name, t); err != nil {
			s.im.faults.add("initialiser: %w", err)
		}
	}
}

// lost is the value of what is at fault.
var lost = &tensor{lost: true, time: none}

// live are the nodes of a graph that its outputs depend on.
func live(g *graphProto) map[*nodeProto]bool {
	needed := map[string]bool{}
	for _, o := range g.outputs {
		needed[o.name] = true
	}
	nodes := map[*nodeProto]bool{}
	for _, n := range slices.Backward(g.nodes) {
		if slices.ContainsFunc(n.outputs, func(name string) bool { return name != "" && needed[name] }) {
			nodes[n] = true
			reads(n, needed)
		}
	}
	return nodes
}

// reads adds the names that a node and the graphs in its attributes read.
func reads(n *nodeProto, names map[string]bool) {
	for _, name := range n.inputs {
		names[name] = true
	}
	for _, a := range n.attributes {
		if a.graph == nil {
			continue
		}
		for _, inner := range a.graph.nodes {
			reads(inner, names)
		}
		for _, o := range a.graph.outputs {
			names[o.name] = true
		}
	}
}

// nodes interprets nodes in their order, which is topological in a sound file; nil
// stands for all.
func (s *scope) nodes(list []*nodeProto, live map[*nodeProto]bool) {
	for _, n := range list {
		if live != nil && !live[n] {
			continue
		}
		if s.im.nodes++; s.im.nodes > maxNodes || len(s.im.g.values) > maxValues {
			s.im.faults.add("more than %d nodes, or %d vectors, when all is spelled out", maxNodes, maxValues)
			return
		}
		c := &call{scope: s, node: n, label: labelOf(n)}
		results := c.run()
		for i, name := range n.outputs {
			if name == "" {
				continue
			}
			t := lost
			if i < len(results) && results[i] != nil {
				t = results[i]
			}
			if err := s.define(name, t); err != nil {
				c.fault("%w", err)
			}
		}
	}
}

// labelOf is a node's name, or that of its first output.
func labelOf(n *nodeProto) string {
	if n.name != "" {
		return n.name
	}
	for _, o := range n.outputs {
		if o != "" {
			return o
		}
	}
	return n.op
}

// call is a node at work.
type call struct {
	*scope
	node  *nodeProto
	label string
	in    []*tensor // nil where an optional input is not there
}

func (c *call) fault(format string, args ...any) {
	c.im.faults.add("node %q (%s): "+format, append([]any{c.label, c.node.op}, args...)...)
}

// run interprets the node. Without results there is a fault, there or before.
func (c *call) run() []*tensor {
	if f, ok := c.im.model.functions[[2]string{c.node.domain, c.node.op}]; ok {
		if c.operands() {
			return c.inline(f)
		}
		return nil
	}
	o, ok := operators[c.node.op]
	if !ok || !standard(c.node.domain) {
		c.unsupported()
		c.operands()
		return nil
	}
	c.checkAttributes(o)
	if !c.operands() {
		c.checkWeights()
		return nil
	}
	needed := min(o.least, len(c.in))
	if o.most == many {
		needed = len(c.in)
	}
	if len(c.in) < o.least || len(c.in) > o.most || slices.Contains(c.in[:needed], nil) {
		c.fault("%d inputs, want %d to %d", len(c.in), o.least, o.most)
		return nil
	}
	for i, t := range c.in {
		if t != nil && t.loose != nil && !o.loose {
			c.fault("input %q has %d elements along the time axis beside the frames; only Conv and Slice read that",
				c.node.inputs[i], t.loose.extra)
			return nil
		}
	}
	results, err := o.run(c)
	if err != nil {
		c.fault("%w", err)
		return nil
	}
	return results
}

// unsupported reports an operator that is not known, with what is in its graphs.
func (c *call) unsupported() {
	name := c.node.op
	if !standard(c.node.domain) {
		name = c.node.domain + "." + name
	}
	c.im.faults.add("node %q: operator %s is not supported", c.label, name)
	for _, a := range c.node.attributes {
		if a.graph == nil {
			continue
		}
		for _, n := range a.graph.nodes {
			inner := &call{scope: c.scope, node: n, label: labelOf(n)}
			if _, ok := operators[n.op]; !ok || !standard(n.domain) {
				inner.unsupported()
			}
		}
	}
}

// checkAttributes reports attributes that the operator does not have.
func (c *call) checkAttributes(o operator) {
	for _, a := range c.node.attributes {
		if !slices.Contains(o.attributes, a.name) {
			c.fault("attribute %q is not supported", a.name)
		}
	}
}

// operands looks the inputs up; false when one is at fault.
func (c *call) operands() bool {
	sound := true
	c.in = make([]*tensor, len(c.node.inputs))
	for i, name := range c.node.inputs {
		if name == "" {
			continue
		}
		t, ok := c.find(name)
		if !ok {
			c.fault("input %q is not defined before it", name)
		}
		if sound = sound && ok && !t.lost; ok {
			c.in[i] = t
		}
	}
	for len(c.in) > 0 && c.in[len(c.in)-1] == nil && c.node.inputs[len(c.in)-1] == "" {
		c.in = c.in[:len(c.in)-1]
	}
	return sound
}

// input is an input, nil where it is not there.
func (c *call) input(i int) *tensor {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

// attribute is an attribute, nil where it is not there.
func (c *call) attribute(name string) *attributeProto {
	for _, a := range c.node.attributes {
		if a.name != name {
			continue
		}
		if a.refer == "" {
			return a
		}
		for _, outer := range c.attributes {
			if outer.name == a.refer {
				return outer
			}
		}
	}
	return nil
}

func (c *call) integer(name string, otherwise int64) int64 {
	if a := c.attribute(name); a != nil {
		return a.integer
	}
	return otherwise
}

func (c *call) real(name string, otherwise float32) float32 {
	if a := c.attribute(name); a != nil {
		return a.float
	}
	return otherwise
}

func (c *call) text(name, otherwise string) string {
	if a := c.attribute(name); a != nil {
		return a.text
	}
	return otherwise
}

// ints is a list of integers, nil where it is not there.
func (c *call) ints(name string) []int64 {
	if a := c.attribute(name); a != nil {
		return append([]int64{}, a.ints...)
	}
	return nil
}

// list is a list of integers that is an attribute in old versions of an operator and
// an input in new ones; nil where it is neither.
func (c *call) list(name string, input int) ([]int64, error) {
	if t := c.input(input); t != nil {
		list, err := c.im.integers(t)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		return list, nil
	}
	return c.ints(name), nil
}

// inline interprets the body of a function that the file defines.
func (c *call) inline(f *functionProto) []*tensor {
	if c.depth >= maxDepth {
		c.fault("functions nested more than %d deep", maxDepth)
		return nil
	}
	inner := &scope{im: c.im, values: map[string]*tensor{}, opset: f.opset, depth: c.depth + 1}
	inner.attributes = append(c.resolved(), f.attributes...)
	for i, name := range f.inputs {
		if t := c.input(i); t != nil {
			inner.values[name] = t
		}
	}
	inner.nodes(f.nodes, nil)
	results := make([]*tensor, len(f.outputs))
	for i, name := range f.outputs {
		t, ok := inner.find(name)
		if !ok {
			c.fault("output %q of the function is not defined", name)
			continue
		}
		results[i] = t
	}
	return results
}

// resolved are the attributes of the node, those of functions around it put in.
func (c *call) resolved() []*attributeProto {
	var all []*attributeProto
	for _, a := range c.node.attributes {
		if r := c.attribute(a.name); r != nil {
			own := *r
			own.name = a.name
			all = append(all, &own)
		}
	}
	return all
}
