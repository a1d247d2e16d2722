package onnx

import (
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
)

// FuzzImport holds that no file makes the reader panic, and that what it makes of one
// can be computed. The corpus is small files with every operator.
func FuzzImport(f *testing.F) {
	for _, tc := range opCases() {
		f.Add(encoded(file(tc.opset, tc.graph())))
		f.Add(encoded(file(tc.opset, tc.folded())))
	}
	for _, tc := range timedCases() {
		f.Add(encoded(tc.file(true)))
		f.Add(encoded(tc.file(false)))
	}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		tc := drawn(rng)
		proto, _ := tc.build(make([]float64, tc.steps*tc.batch*tc.in), how{states: seed%2 == 0, lengths: seed%3 == 0, weights: seed%4 == 0})
		f.Add(encoded(proto))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b, t.TempDir(), Options{})
		if err != nil {
			return
		}
		if _, err := eval.New(m); err != nil {
			t.Errorf("the model cannot be computed: %v", err)
		}
	})
}
