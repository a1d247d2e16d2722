package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// keep zeroes all but a share of the prunable weights.
func keep[T Float](r *rand.Rand, params []*Param[T], share float64) {
	for _, p := range params {
		for i := range p.Value {
			if p.Prunable && r.Float64() >= share {
				p.Value[i] = 0
			}
		}
	}
}

// TestSparseProducts holds every layer that multiplies, pruned at random, against
// itself with dense products: what it answers and all gradients, zero weights' too
// unless these stay zero.
//
// A sum of k ≤ 120 products of numbers that are about 1 at most rounds by less than
// k·2⁻²⁴·Σ|w·x|, and with a tenth of the weights, of magnitude 1/√k, that sum is
// about √k/10: 1e-5 a product. Steps pass on less than they get, and gradients of
// weights, which add up all frames, are measured by the largest of them.
func TestSparseProducts(t *testing.T) {
	const in, hidden, steps, streams = 40, 30, 7, 11
	for i, layer := range []Layer[float32]{
		NewRNN[float32]("rnn", in, hidden, Tanh, 0),
		NewGRU[float32]("after", in, hidden, ResetAfter, Tanh, 0),
		NewGRU[float32]("before", in, hidden, ResetBefore, Tanh, 0),
		NewLSTM[float32]("lstm", in, hidden),
		NewLinear[float32]("linear", in, hidden),
		NewLinear[float32]("unbiased", in, hidden).NoBias(),
	} {
		t.Run(fmt.Sprint(i, layer.Params()[0].Name), func(t *testing.T) {
			r := rand.New(rand.NewPCG(31, uint64(i)))
			layer.Init(r)
			keep(r, layer.Params(), 0.1)
			x := vectorBatch[float32](r, steps, streams, in, steps, 2).Input
			dy := vectorBatch[float32](r, steps, streams, layer.OutputWidth(), steps, 2).Input
			again, final := layer.Replica(), layer.Replica()
			compare := func(what string, got, want []float32) {
				t.Helper()
				largest := float32(1)
				for _, v := range want {
					largest = max(largest, float32(math.Abs(float64(v))))
				}
				if d := largestDifference(got, want); !(d <= 1e-5*float64(largest)) {
					t.Errorf("%s differs by %g, of %g at most", what, d, largest)
				}
			}
			compare("output", again.Forward(&x, Pass{SparseBelow: 0.2}).Data, layer.Forward(&x, Pass{}).Data)
			compare("input's gradient", again.Backward(&dy).Data, layer.Backward(&dy).Data)
			final.Forward(&x, Pass{SparseBelow: 0.2, ZerosStay: true})
			final.Backward(&dy)
			for j, p := range layer.Params() {
				compare(p.Name, again.Params()[j].Grad, p.Grad)
				if p.Prunable {
					for i, v := range p.Value {
						if v == 0 {
							p.Grad[i] = 0
						}
					}
				}
				compare(p.Name+" if zeros stay", final.Params()[j].Grad, p.Grad)
			}
		})
	}
}

// TestSparseRange: products are sparse for few weights and enough vectors, by the
// values of the pass, range by range.
func TestSparseRange(t *testing.T) {
	const rows, cols, n = 20, 30, 16
	r := rand.New(rand.NewPCG(33, 34))
	w := newParam[float32]("w", rows, cols, true)
	w.initNormal(r)
	keep(r, []*Param[float32]{w}, 0.1)
	var p product[float32]
	pass := Pass{SparseBelow: 0.2}
	p.begin(Pass{})
	if p.sparseRange(w, 0, rows, n) != nil {
		t.Error("sparse where nobody asked for it")
	}
	p.begin(pass)
	if p.sparseRange(w, 0, rows, n) == nil || p.sparseRange(w, 0, rows, sparseVectors-1) != nil {
		t.Error("want a sparse product of a tenth of the weights for many vectors, and a dense one for few")
	}
	for i := range w.Value[:rows/2*cols] {
		w.Value[i] = 1
	}
	p.begin(pass)
	if p.sparseRange(w, 0, rows/2, n) != nil || p.sparseRange(w, rows/2, rows, n) == nil {
		t.Error("want a dense product of full rows, and a sparse one of the others")
	}
	if p.sparseRange(w, 0, rows, n) != nil {
		t.Error("sparse for more than half of the weights")
	}
	var q product[float64]
	q.begin(pass)
	if q.sparseRange(newParam[float64]("w", rows, cols, true), 0, rows, n) != nil {
		t.Error("sparse in float64")
	}
}

// TestSparseSteps: sparse training gives the same bits again, and allocates nothing
// once it has begun.
func TestSparseSteps(t *testing.T) {
	b := charBatches[float32](1, 16)[0]
	gradients := func() (*Parallel[float32], []float32) {
		model := charModel[float32](t)
		keep(rand.New(rand.NewPCG(35, 36)), model.Params(), 0.1)
		p := NewParallel(model, Loss[float32](&CrossEntropy[float32]{}), 1)
		p.SparseBelow, p.ZerosStay = 0.2, true
		if _, err := p.Step(b, 1); err != nil {
			t.Fatal(err)
		}
		var all []float32
		for _, q := range model.Params() {
			all = append(all, q.Grad...)
		}
		return p, all
	}
	p, first := gradients()
	if _, again := gradients(); !slices.Equal(first, again) {
		t.Error("other gradients the second time")
	}
	now := p.now
	step := func() {
		p.divide(b.Input.Streams)[0].run(b, Pass{Train: true, SparseBelow: 0.2, ZerosStay: true}, 1, true, now)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n > 0 && !raceDetector {
		t.Errorf("%v allocations a step, want none", n)
	}
}
