package onnx

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sparsec/sparsec/ir/eval"
)

// TestMutations changes sound graphs a little: other sizes, attributes, operators and
// operands. Whatever comes of that is an error or can be computed, and soon.
func TestMutations(t *testing.T) {
	var graphs []func() *modelProto
	for i := range opCases() {
		graphs = append(graphs, func() *modelProto { return file(opCases()[i].opset, opCases()[i].graph()) },
			func() *modelProto { return file(opCases()[i].opset, opCases()[i].folded()) })
	}
	for i := range timedCases() {
		graphs = append(graphs, func() *modelProto { return timedCases()[i].file(true) }, func() *modelProto { return timedCases()[i].file(false) })
	}
	for seed := range uint64(30) {
		graphs = append(graphs, func() *modelProto {
			rng := rand.New(rand.NewPCG(seed, 1))
			tc := drawn(rng)
			proto, _ := tc.build(make([]float64, tc.steps*tc.batch*tc.in), how{seed%2 == 0, seed%3 == 0, seed%4 == 0, seed%5 == 0})
			return proto
		})
	}
	sound := 0
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 3))
		proto := graphs[rng.IntN(len(graphs))]()
		for range 1 + rng.IntN(3) {
			mutate(rng, proto)
		}
		if importsOrFails(t, fmt.Sprint("mutation ", seed), encoded(proto)) {
			sound++
		}
	}
	t.Logf("%d are sound", sound)
}

// importsOrFails reports whether a model comes of a file.
func importsOrFails(t *testing.T, name string, b []byte) bool {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", name, r)
			panic(r)
		}
	}()
	start := time.Now()
	m, err := decode(b, ".", Options{})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s: took %v", name, took)
	}
	if err != nil {
		return false
	}
	if _, err := eval.New(m); err != nil {
		t.Errorf("%s: the model cannot be computed: %v", name, err)
	}
	return true
}

// mutate changes one thing of a graph.
func mutate(rng *rand.Rand, m *modelProto) {
	g := m.graph
	odd := []int64{0, 1, 2, 3, 5, 7, -1, -2, 100, 1 << 31, -1 << 40}
	some := func() int64 { return odd[rng.IntN(len(odd))] }
	n := g.nodes[rng.IntN(len(g.nodes))]
	switch rng.IntN(8) {
	case 0:
		if len(n.attributes) > 0 {
			a := n.attributes[rng.IntN(len(n.attributes))]
			a.integer, a.float = some(), float32(some())
			if len(a.ints) > 0 {
				a.ints[rng.IntN(len(a.ints))] = some()
			}
		}
	case 1:
		v := &g.inputs[rng.IntN(len(g.inputs))]
		if len(v.dims) > 0 {
			v.dims[rng.IntN(len(v.dims))] = dimension{size: some(), given: true}
		}
	case 2:
		v := &g.inputs[rng.IntN(len(g.inputs))]
		v.dims = append(v.dims, dimension{size: 2, given: true})
	case 3:
		if len(g.tensors) > 0 {
			i := rng.IntN(len(g.tensors))
			g.tensors[i] = integers(g.tensors[i].name, some(), some())
		}
	case 4:
		if len(g.tensors) > 0 {
			i := rng.IntN(len(g.tensors))
			g.tensors[i] = weights(g.tensors[i].name, []int{1, 2, 3}[:rng.IntN(4)], make([]float32, []int{1, 1, 2, 6}[rng.IntN(4)])...)
		}
	case 5:
		other := opCases()
		tc := other[rng.IntN(len(other))]
		n.op, n.attributes = tc.node.op, tc.node.attributes
	case 6:
		if len(n.inputs) > 0 {
			n.inputs[rng.IntN(len(n.inputs))] = g.inputs[rng.IntN(len(g.inputs))].name
		}
	case 7:
		n.inputs = slices.Delete(n.inputs, max(len(n.inputs)-1, 0), len(n.inputs))
	}
}
