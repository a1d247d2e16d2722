package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// product is W · source + bias, of size elements. Without a source there is no W.
type product struct {
	source string
	size   int
	weight []float32 // row-major [size, length of the source]
	bias   []float32 // nil for zeros
}

// products are vectors of one size whose sum a value is.
type products []product

// sums finds what values are sums of products.
type sums struct {
	m     *ir.Model
	types map[string]ir.Type
	node  map[string]*ir.Node
	known map[string]products
}

func newSums(m *ir.Model) *sums {
	s := &sums{m: m, node: map[string]*ir.Node{}, known: map[string]products{}}
	s.types, _ = m.Infer()
	for i := range m.Nodes {
		s.node[m.Nodes[i].Name] = &m.Nodes[i]
	}
	return s
}

// of is a value as a sum of products: what Linear nodes, constants, additions and
// Picks of these make. It is nil for any other value.
func (s *sums) of(value string) products {
	if p, ok := s.known[value]; ok {
		return p
	}
	var p products
	if n := s.node[value]; n != nil {
		p = s.make(*n)
	}
	s.known[value] = p
	return p
}

func (s *sums) make(n ir.Node) products {
	switch op := n.Op.(type) {
	case ir.Linear:
		if op.Rows <= 1 {
			return s.linear(n.Inputs[0], op)
		}
	case ir.Constant:
		c := s.m.Param(op.Value).Data
		return products{{size: len(c), bias: c}}
	case ir.Activation:
		if op.Func == ir.Affine && op.Alpha == 1 {
			if p := s.of(n.Inputs[0]); p != nil {
				size := s.types[n.Name].Len()
				return append(slices.Clone(p), product{size: size, bias: slices.Repeat([]float32{op.Beta}, size)})
			}
		}
	case ir.Pick:
		return s.of(n.Inputs[0]).pick(op.Spans.Elements())
	case ir.Binary:
		a, b := s.of(n.Inputs[0]), s.of(n.Inputs[1])
		switch {
		case a == nil || b == nil:
		case op.Func == ir.Add:
			return slices.Concat(a, b)
		case op.Func == ir.Sub:
			return slices.Concat(a, b.negative())
		}
	}
	return nil
}

// linear has a product for every part of an input that is joined of several.
func (s *sums) linear(input string, op ir.Linear) products {
	sources := []string{input}
	if n := s.node[input]; n != nil && n.Op == (ir.Concat{}) {
		sources = n.Inputs
	}
	w := s.m.Param(op.Weight)
	var all products
	from := 0
	for _, source := range sources {
		size := s.types[source].Len()
		p := product{source: source, size: w.Shape[0]}
		for r := range p.size {
			p.weight = append(p.weight, w.Data[r*w.Shape[1]+from:][:size]...)
		}
		all = append(all, p)
		from += size
	}
	if op.Bias != "" {
		all[0].bias = s.m.Param(op.Bias).Data
	}
	return all
}

// pick takes elements of the sum, zeros where −1 is.
func (p products) pick(elements []int) products {
	var all products
	for _, q := range p {
		all = append(all, product{q.source, len(elements), pickRows(q.weight, q.size, elements), pickRows(q.bias, q.size, elements)})
	}
	return all
}

// pickRows takes rows of a matrix of so many.
func pickRows(data []float32, rows int, elements []int) []float32 {
	width := len(data) / rows
	var picked []float32
	for _, e := range elements {
		if e < 0 {
			picked = append(picked, make([]float32, width)...)
		} else {
			picked = append(picked, data[e*width:][:width]...)
		}
	}
	return picked
}

func (p products) negative() products {
	var all products
	for _, q := range p {
		all = append(all, product{q.source, q.size, negative(q.weight), negative(q.bias)})
	}
	return all
}

func negative(x []float32) []float32 {
	y := slices.Clone(x)
	for i := range y {
		y[i] = -y[i]
	}
	return y
}
