package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// matrices are the products of matrices.
var matrices = map[string]operator{
	"MatMul": {run: one(matMulOp), least: 2, most: 2},
	"Gemm":   {run: one(gemmOp), least: 2, most: 3, attributes: []string{"alpha", "beta", "transA", "transB"}},
}

func matMulOp(c *call) (*tensor, error) {
	for i, t := range c.in {
		if t.kind != float {
			return nil, errNotFloat(c, i)
		}
		if len(t.shape) == 0 {
			return nil, errors.New("a factor without axes")
		}
	}
	return c.product(c.in[0], c.in[1], nil)
}

// product is the matrix product of numpy, with a bias of the columns if there is one.
func (c *call) product(a, b, bias *tensor) (*tensor, error) {
	flatA, flatB := len(a.shape) == 1, len(b.shape) == 1
	if flatA {
		if a.time != none {
			return nil, errors.New("sums over the time axis")
		}
		a = a.like([]int{1, a.shape[0]}, none)
	}
	if flatB {
		if b.time != none {
			return nil, errors.New("sums over the time axis")
		}
		b = b.like([]int{b.shape[0], 1}, none)
	}
	r, err := c.batched(a, b, bias)
	if err != nil {
		return nil, err
	}
	shape, time := r.shape, r.time
	rank := len(shape)
	if flatB {
		shape = shape[:rank-1]
	}
	if flatA {
		shape = slices.Delete(slices.Clone(shape), rank-2, rank-1)
		if time > rank-2 {
			time--
		}
	}
	return r.like(slices.Clone(shape), time), nil
}

// maxProducts is the largest number of products of one node.
const maxProducts = 4096

// batched is the product of two tensors of at least two axes.
func (c *call) batched(a, b, bias *tensor) (*tensor, error) {
	ra, rb := len(a.shape), len(b.shape)
	n, k, m := a.shape[ra-2], a.shape[ra-1], b.shape[rb-1]
	switch {
	case a.time == ra-1 || b.time == rb-2:
		return nil, errors.New("sums over the time axis")
	case b.shape[rb-2] != k:
		return nil, fmt.Errorf("factors of shapes %v and %v do not fit", a.shape, b.shape)
	case k == 0:
		return nil, errors.New("a sum over nothing")
	}
	// The axes before the last two are broadcast like those of other operators.
	headA, headB, time, err := c.heads(a, b)
	if err != nil {
		return nil, err
	}
	if len(headA.numbers) > maxProducts {
		return nil, fmt.Errorf("%d products of matrices, want at most %d", len(headA.numbers), maxProducts)
	}
	shape := append(slices.Clone(headA.shape), n, m)
	if time == none {
		switch {
		case a.time == ra-2:
			time = len(shape) - 2
		case b.time == rb-1:
			time = len(shape) - 1
		}
	}
	if _, err := c.im.take(shape, a, b); err != nil {
		return nil, err
	}
	r := a.derived(shape, time)
	r.last, r.strided = a.last || b.last, a.strided || b.strided
	if (a.time == none) != (b.time == none) {
		a, b = c.held(a), c.held(b)
		r.last = false
	}
	for i, at := range headA.numbers {
		name := stepName(c.label, i, len(headA.numbers))
		block, err := c.matrix(name, slab(a, int(at.c), n*k), slab(b, int(headB.numbers[i].c), k*m), n, k, m, bias)
		if err != nil {
			return nil, err
		}
		r.view = append(r.view, block...)
	}
	return r, nil
}

// heads numbers the matrices of two tensors in the order of their broadcast axes.
func (c *call) heads(a, b *tensor) (x, y *tensor, time int, err error) {
	head := func(t *tensor) *tensor {
		shape := t.shape[:len(t.shape)-2]
		h := &tensor{shape: shape, time: none, kind: whole, numbers: make([]number, product(shape))}
		for i := range h.numbers {
			h.numbers[i].c = int64(i)
		}
		if t.time < len(shape) {
			h.time = t.time
		}
		return h
	}
	x, y = head(a), head(b)
	if (a.time >= len(x.shape) || b.time >= len(y.shape)) && x.time+y.time > 2*none {
		return nil, nil, none, errors.New("the time axis is another in each factor")
	}
	x, y, err = c.aligned(x, y)
	if err != nil {
		return nil, nil, none, err
	}
	return x, y, x.time, nil
}

// slab is matrix i of a tensor.
func slab(t *tensor, i, n int) *tensor {
	s := &tensor{shape: []int{n}, time: none, kind: t.kind, last: t.last}
	if n == t.size() {
		s.name = t.name
	}
	if t.floats != nil {
		s.floats = t.floats[i*n : (i+1)*n]
	} else {
		s.view = t.view[i*n : (i+1)*n]
	}
	return s
}

// matrix is the product of a matrix [n k] and a matrix [k m] as a view [n m].
func (c *call) matrix(name string, a, b *tensor, n, k, m int, bias *tensor) ([]element, error) {
	g := c.im.g
	switch {
	case a.floats != nil && b.floats != nil:
		return c.constantProduct(name, a, b, n, k, m, bias), nil
	case b.floats != nil:
		w := c.weightOf(b, k, m, true)
		biasName, err := c.biasOf(bias, m)
		if err != nil {
			return nil, err
		}
		v := g.node(name, linear(w, biasName, n), n*m, g.joined(name+".x", a.view))
		return viewOf(v, n*m), nil
	case a.floats != nil: // (A·B)ᵀ = Bᵀ·Aᵀ
		w := c.weightOf(a, n, k, false)
		v := g.node(name, linear(w, "", m), n*m, g.joined(name+".x", turned(b.view, k, m)))
		return turned(viewOf(v, n*m), m, n), nil
	}
	if n*m > maxWeights/k {
		return nil, fmt.Errorf("a product of %d numbers", n*m*k)
	}
	if _, err := c.im.take([]int{n, m, k}, a); err != nil {
		return nil, err
	}
	left, right := make([]element, 0, n*m*k), make([]element, 0, n*m*k)
	columns := turned(b.view, k, m)
	for i := range n {
		for j := range m {
			left = append(left, a.view[i*k:(i+1)*k]...)
			right = append(right, columns[j*k:(j+1)*k]...)
		}
	}
	return viewOf(g.dotted(name, left, right, k), n*m), nil
}

// linear is a Linear of so many rows.
func linear(weight, bias string, rows int) ir.Linear {
	if rows == 1 {
		rows = 0
	}
	return ir.Linear{Weight: weight, Bias: bias, Rows: rows}
}

// turned is the transposed of a matrix [n m].
func turned[T any](x []T, n, m int) []T {
	t := make([]T, len(x))
	for i := range n {
		for j := range m {
			t[j*n+i] = x[i*m+j]
		}
	}
	return t
}

// weightOf is a constant matrix [n m] as the parameter of a Linear, or its transposed.
func (c *call) weightOf(t *tensor, n, m int, transposed bool) string {
	name := t.name
	if name == "" {
		name = c.label + ".weight"
	}
	data, shape := t.floats, []int{n, m}
	key := fmt.Sprintf("%p %v %v", &t.floats[0], shape, transposed)
	if transposed {
		if p, ok := c.im.params[key]; ok {
			return p
		}
		data, shape = turned(data, n, m), []int{m, n}
	}
	return c.im.shared(key, name, shape, data)
}

// biasOf is a bias of m columns as a parameter, none where it is nil.
func (c *call) biasOf(t *tensor, m int) (string, error) {
	if t == nil {
		return "", nil
	}
	if len(t.floats) != m {
		return "", fmt.Errorf("a bias of shape %v, want %d numbers", t.shape, m)
	}
	name := t.name
	if name == "" {
		name = c.label + ".bias"
	}
	return c.im.shared(fmt.Sprintf("%p bias", &t.floats[0]), name, []int{m}, t.floats), nil
}

// constantProduct is the product of two constants.
func (c *call) constantProduct(name string, a, b *tensor, n, k, m int, bias *tensor) []element {
	data := make([]float32, n*m)
	for i := range n {
		for j := range m {
			sum := 0.0
			if bias != nil {
				sum = float64(bias.floats[j])
			}
			for l := range k {
				sum += float64(a.floats[i*k+l]) * float64(b.floats[l*m+j])
			}
			data[i*m+j] = float32(sum)
		}
	}
	return c.im.elements(name, &tensor{shape: []int{n, m}, floats: data})
}

// gemmOp is alpha·A·B + beta·C.
func gemmOp(c *call) (*tensor, error) {
	a, b, bias := c.in[0], c.in[1], c.input(2)
	for i, t := range c.in {
		if t != nil && t.kind != float {
			return nil, errNotFloat(c, i)
		}
	}
	if len(a.shape) != 2 || len(b.shape) != 2 {
		return nil, fmt.Errorf("factors of shapes %v and %v, want matrices", a.shape, b.shape)
	}
	var err error
	if c.integer("transA", 0) != 0 {
		if a, err = c.transposed(a, []int{1, 0}); err != nil {
			return nil, err
		}
	}
	if c.integer("transB", 0) != 0 {
		if b, err = c.turnedOnce(b); err != nil {
			return nil, err
		}
	}
	alpha, beta := c.real("alpha", 1), c.real("beta", 1)
	if alpha == 1 && beta == 1 && bias != nil && b.floats != nil && len(bias.floats) == b.shape[1] &&
		(len(bias.shape) == 1 || bias.shape[0] == 1) {
		return c.product(a, b, bias)
	}
	y, err := c.product(a, b, nil)
	if err != nil {
		return nil, err
	}
	if alpha != 1 {
		if y, err = c.pair(ir.Mul, c.label+".alpha", y, floatScalar(alpha)); err != nil {
			return nil, err
		}
	}
	if bias == nil || beta == 0 {
		return y, nil
	}
	if beta != 1 {
		if bias, err = c.pair(ir.Mul, c.label+".beta", bias, floatScalar(beta)); err != nil {
			return nil, err
		}
	}
	return c.pair(ir.Add, c.label+".sum", y, bias)
}

// turnedOnce transposes a matrix; one that is constant once for all nodes, so that
// they share what is made of it.
func (c *call) turnedOnce(t *tensor) (*tensor, error) {
	if !t.constant() {
		return c.transposed(t, []int{1, 0})
	}
	if r, ok := c.im.turns[t]; ok {
		return r, nil
	}
	r, err := c.transposed(t, []int{1, 0})
	c.im.turns[t] = r
	return r, err
}
