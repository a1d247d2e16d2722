package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const testBound, testClasses = 7, 5

// charModel is a network as character models have it.
func charModel[T Float](t testing.TB) *Stack[T] {
	return mustStack(t, InputKind{Bound: testBound},
		Layer[T](NewEmbedding[T]("embed", testBound, 6)),
		Layer[T](NewGRU[T]("gru0", 6, 12, ResetAfter, Tanh, 0)),
		Layer[T](NewDropout[T]("drop0", 12, 0.25)),
		Layer[T](NewLSTM[T]("lstm1", 12, 9)),
		Layer[T](NewLinear[T]("out", 9, testClasses)))
}

// charBatches is segments that carry the state; the third one resets a stream.
func charBatches[T Float](segments, streams int) []*Batch[T] {
	r := rand.New(rand.NewPCG(3, 4))
	var batches []*Batch[T]
	for i := range segments {
		b := indexBatch[T](r, 5, streams, testBound, testClasses)
		b.Carry = i > 0
		if i == 2 {
			b.Reset = make([]bool, streams)
			b.Reset[1] = true
		}
		batches = append(batches, b)
	}
	return batches
}

// gradientsOf runs all batches and returns the tally and gradient of the last.
func gradientsOf[T Float](t *testing.T, workers int, batches []*Batch[T]) (Tally, []T) {
	t.Helper()
	model := charModel[T](t)
	p := NewParallel(model, Loss[T](&CrossEntropy[T]{}), workers)
	var tally Tally
	for i, b := range batches {
		var err error
		if tally, err = p.Step(b, uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	var grads []T
	for _, q := range model.Params() {
		grads = append(grads, q.Grad...)
	}
	return tally, grads
}

func largestDifference[T, U Float](x []T, y []U) float64 {
	var d float64
	for i := range x {
		d = max(d, math.Abs(float64(x[i])-float64(y[i])))
	}
	return d
}

func TestShardsDoNotMatter(t *testing.T) {
	batches := charBatches[float64](4, 5)
	wantTally, want := gradientsOf(t, 1, batches)
	for _, workers := range []int{2, 3, 5, 8} {
		tally, got := gradientsOf(t, workers, batches)
		// Only the order of sums of at most 25 frames differs.
		if d := largestDifference(got, want); !(d <= 1e-14) {
			t.Errorf("%d workers: gradient differs by %g", workers, d)
		}
		if math.Abs(tally.Loss-wantTally.Loss) > 1e-12 || tally.Count != wantTally.Count || tally.Correct != wantTally.Correct {
			t.Errorf("%d workers: tally %+v, want %+v", workers, tally, wantTally)
		}
	}
}

func TestSameWorkersSameBits(t *testing.T) {
	batches := charBatches[float32](4, 5)
	for _, workers := range []int{1, 2, 3} {
		_, want := gradientsOf(t, workers, batches)
		for range 5 {
			if _, got := gradientsOf(t, workers, batches); !slices.Equal(got, want) {
				t.Fatalf("%d workers: gradients differ from run to run", workers)
			}
		}
	}
}

func TestFloat32AgreesWithFloat64(t *testing.T) {
	tally32, got := gradientsOf(t, 1, charBatches[float32](4, 5))
	tally64, want := gradientsOf(t, 1, charBatches[float64](4, 5))
	// Gates carry up to 6 units of 2^-24 each, through 5 steps of 2 layers and sums
	// of 12 products: about 6·5·2·√12·2^-24 ≈ 1.2e-5 of values below 1, the
	// gradient of a mean a tenth of that.
	if d := largestDifference(got, want); !(d <= 2e-6) {
		t.Errorf("gradients differ by %g", d)
	}
	if d := math.Abs(tally32.Mean() - tally64.Mean()); !(d <= 2e-6) {
		t.Errorf("losses differ by %g", d)
	}
}

// Two segments with carried state are one long sequence.
func TestSegmentsContinue(t *testing.T) {
	const streams, steps = 3, 8
	b := indexBatch[float64](rand.New(rand.NewPCG(1, 2)), steps, streams, testBound, testClasses)
	whole, parts := charModel[float64](t), charModel[float64](t)
	want := whole.Forward(&b.Input, Pass{})
	var got []float64
	for from := 0; from < steps; from += 4 {
		segment := Seq[float64]{Steps: 4, Streams: streams, Index: b.Input.Index[from*streams : (from+4)*streams]}
		got = append(got, parts.Forward(&segment, Pass{Carry: true}).Data...)
	}
	if d := largestDifference(got, want.Data); d > 1e-15 || len(got) != len(want.Data) {
		t.Errorf("segments differ from the whole by %g", d)
	}
}

func TestResetBeginsAnew(t *testing.T) {
	batches := charBatches[float64](2, 3)
	batches[1].Reset = []bool{false, true, false}
	p := NewParallel(charModel[float64](t), Loss[float64](&CrossEntropy[float64]{}), 2)
	for _, b := range batches {
		if _, err := p.Evaluate(b); err != nil {
			t.Fatal(err)
		}
	}
	fresh := NewParallel(charModel[float64](t), Loss[float64](&CrossEntropy[float64]{}), 1)
	second := *batches[1]
	second.Carry, second.Reset = false, nil
	if _, err := fresh.Evaluate(&second); err != nil {
		t.Fatal(err)
	}
	for i, s := range p.States() {
		anew := fresh.States()[i]
		for b := range 3 {
			same := largestDifference(s.Data[b*s.Width:(b+1)*s.Width], anew.Data[b*s.Width:(b+1)*s.Width]) < 1e-15
			if same != (b == 1) {
				t.Errorf("state %s of stream %d: same as begun anew is %t", s.Name, b, same)
			}
		}
	}
}

func TestStatesMoveBetweenWorkerCounts(t *testing.T) {
	batches := charBatches[float64](3, 5)
	loss := Loss[float64](&CrossEntropy[float64]{})
	p := NewParallel(charModel[float64](t), loss, 2)
	for _, b := range batches[:2] {
		if _, err := p.Step(b, 1); err != nil {
			t.Fatal(err)
		}
	}
	states := p.States()
	want, err := p.Step(batches[2], 3)
	if err != nil {
		t.Fatal(err)
	}
	resumed := NewParallel(charModel[float64](t), loss.Replica(), 3)
	if err := resumed.SetStates(states); err != nil {
		t.Fatal(err)
	}
	got, err := resumed.Step(batches[2], 3)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Loss-want.Loss) > 1e-12 {
		t.Errorf("loss after resuming %v, want %v", got.Loss, want.Loss)
	}
	states[0].Name = "other"
	if err := resumed.SetStates(states); err == nil || !strings.Contains(err.Error(), `want "gru0.h"`) {
		t.Errorf("state of another name: %v", err)
	}
}

func TestEvaluatorLeavesTrainingAlone(t *testing.T) {
	batches := charBatches[float32](2, 4)
	p := NewParallel(charModel[float32](t), Loss[float32](&CrossEntropy[float32]{}), 2)
	if _, err := p.Step(batches[0], 1); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(p.States())
	e := p.Evaluator()
	if _, err := e.Evaluate(indexBatch[float32](rand.New(rand.NewPCG(1, 1)), 3, 2, testBound, testClasses)); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(p.States()); after != before {
		t.Error("evaluation changed the states of training")
	}
}

func TestBatchesThatDoNotFit(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(b *Batch[float32])
		want  string
	}{
		{"index too large", func(b *Batch[float32]) { b.Input.Index[4] = testBound }, "input: step 1, stream 1: index 7, want 0 to 6"},
		{"negative index", func(b *Batch[float32]) { b.Input.Index[0] = -1 }, "index -1, want 0 to 6"},
		{"class too large", func(b *Batch[float32]) { b.Target.Index[3] = testClasses }, "target: step 1, stream 0: class 5"},
		{"vectors for indices", func(b *Batch[float32]) {
			b.Input.Index, b.Input.Data, b.Input.Width = nil, make([]float32, 15), 1
		}, "input: vectors, want indices below 7"},
		{"steps of the target", func(b *Batch[float32]) { b.Target.Steps, b.Target.Index = 1, b.Target.Index[:3] }, "target has 1 steps, want 5"},
		{"short target", func(b *Batch[float32]) { b.Target.Index = b.Target.Index[:3] }, "target: 3 indices, want 15"},
		{"lengths", func(b *Batch[float32]) { b.Input.Lengths = []int32{1, 6, 2} }, "stream 1: length 6, want 1 to 5"},
		{"streams that carry", func(b *Batch[float32]) {
			*b = *indexBatch[float32](rand.New(rand.NewPCG(1, 1)), 5, 2, testBound, testClasses)
			b.Carry = true
		}, "input has 2 streams, want 3 whose state is carried"},
		{"nothing", func(b *Batch[float32]) { b.Input.Steps = 0 }, "0 steps of 3 streams"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := NewParallel(charModel[float32](t), Loss[float32](&CrossEntropy[float32]{}), 2)
			good := charBatches[float32](1, 3)[0]
			if _, err := p.Step(good, 1); err != nil {
				t.Fatal(err)
			}
			bad := charBatches[float32](1, 3)[0]
			tc.spoil(bad)
			if _, err := p.Step(bad, 1); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestStacksThatDoNotFit(t *testing.T) {
	linear := func(name string, in, out int) Layer[float32] { return NewLinear[float32](name, in, out) }
	for _, tc := range []struct {
		input  InputKind
		layers []Layer[float32]
		want   string
	}{
		{InputKind{Width: 3}, []Layer[float32]{linear("a", 3, 4), linear("b", 5, 2)}, "layer 1: b.weight: input has width 4, want 5"},
		{InputKind{Width: 3}, []Layer[float32]{linear("a", 3, 3), linear("a", 3, 3)}, "a.weight: name used twice"},
		{InputKind{Bound: 3}, []Layer[float32]{linear("a", 3, 3)}, "a.weight: input is indices"},
		{InputKind{Bound: 3}, []Layer[float32]{NewEmbedding[float32]("e", 2, 4)}, "indices below 3, want at most 2"},
		{InputKind{Width: 3}, []Layer[float32]{NewEmbedding[float32]("e", 2, 4)}, "input is vectors, want indices"},
		{InputKind{}, []Layer[float32]{linear("a", 3, 3)}, "want one of them positive"},
		{InputKind{Width: 3}, nil, "no layers"},
	} {
		if _, err := NewStack(tc.input, tc.layers...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got error %v, want %q", err, tc.want)
		}
	}
}

func TestDropoutKeepsTheMean(t *testing.T) {
	const n, rate = 100_000, 0.3
	x := &Seq[float32]{Steps: 10, Streams: 10, Width: n / 100, Data: make([]float32, n)}
	for i := range x.Data {
		x.Data[i] = 1
	}
	l := NewDropout[float32]("d", n/100, rate)
	y := l.Forward(x, Pass{Train: true, Seed: 5})
	var sum float64
	for _, v := range y.Data {
		sum += float64(v)
	}
	// The mean of n elements that are 1/(1−rate) or 0 has this deviation.
	sigma := math.Sqrt(rate / (1 - rate) / n)
	if mean := sum / n; math.Abs(mean-1) > 4*sigma {
		t.Errorf("mean %v after dropout, want 1 ± %v", mean, 4*sigma)
	}
	first := slices.Clone(y.Data)
	if again := l.Forward(x, Pass{Train: true, Seed: 5}); !slices.Equal(again.Data, first) {
		t.Error("the same seed drops differently")
	}
	if other := l.Forward(x, Pass{Train: true, Seed: 6}); slices.Equal(other.Data, first) {
		t.Error("another seed drops the same")
	}
	if y := l.Forward(x, Pass{}); y != x {
		t.Error("dropout acts outside training")
	}
}

func TestInitIsPyTorchs(t *testing.T) {
	const hidden = 100
	l := NewGRU[float64]("g", 7, hidden, ResetAfter, Tanh, 0)
	pcg := rand.NewPCG(1, 2)
	l.Init(rand.New(pcg))
	var sumSquares float64
	var n int
	for _, p := range l.Params() {
		for _, v := range p.Value {
			if math.Abs(v) > 0.1 {
				t.Fatalf("%s: %v outside ±1/√%d", p.Name, v, hidden)
			}
			sumSquares += v * v
			n++
		}
	}
	// U(−a, a) has the variance a²/3.
	if got, want := sumSquares/float64(n), 0.01/3; math.Abs(got/want-1) > 0.03 {
		t.Errorf("variance %v, want %v", got, want)
	}
}

// What a worker does must not allocate, whatever the sizes of batches seen
// before; starting the workers of a step allocates a few bytes.
func TestNoAllocationInSteadyState(t *testing.T) {
	p := NewParallel(charModel[float32](t), Loss[float32](&CrossEntropy[float32]{}), 1)
	long, short := charBatches[float32](1, 4)[0], charBatches[float32](1, 3)[0]
	now := p.now
	both := func() {
		for _, b := range []*Batch[float32]{long, short} {
			p.divide(b.Input.Streams)[0].run(b, Pass{Train: true}, 1, true, now)
		}
	}
	both()
	if n := testing.AllocsPerRun(10, both); n > 0 {
		t.Errorf("%v allocations per two steps, want none", n)
	}
}

// The gradient of one frame by hand: softmax minus onehot.
func TestCrossEntropyByHand(t *testing.T) {
	y := &Seq[float64]{Steps: 1, Streams: 2, Width: 2, Data: []float64{math.Log(3), 0, 100, 101}}
	target := &Seq[float64]{Steps: 1, Streams: 2, Index: []int32{1, Ignore}}
	tally, dy := (&CrossEntropy[float64]{}).Score(y, target, 2)
	if want := math.Log(4); math.Abs(tally.Loss-want) > 1e-15 || tally.Count != 1 || tally.Correct != 0 {
		t.Errorf("tally %+v, want loss %v of one", tally, want)
	}
	if want := []float64{1.5, -1.5, 0, 0}; largestDifference(dy.Data, want) > 1e-15 {
		t.Errorf("gradient %v, want %v", dy.Data, want)
	}
}

// PyTorch 2's nn.GRU and nn.LSTM have one step from zero weights but biases as
// the closed forms here.
func TestStepsByHand(t *testing.T) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	x := &Seq[float64]{Steps: 1, Streams: 1, Width: 1, Data: []float64{2}}
	set := func(p *Param[float64], v ...float64) { copy(p.Value, v) }

	for _, mode := range []ResetMode{ResetAfter, ResetBefore} {
		g := NewGRU[float64]("g", 1, 1, mode, Tanh, 0)
		set(g.WeightIH, 0.1, 0.2, 0.3)
		set(g.WeightHH, 0.4, 0.5, 0.6)
		set(g.BiasIH, 0.01, 0.02, 0.03)
		set(g.BiasHH, 0.04, 0.05, 0.06)
		g.h.Data = []float64{0.7}
		r, z := sigmoid(0.2+0.01+0.28+0.04), sigmoid(0.4+0.02+0.35+0.05)
		n := math.Tanh(0.6 + 0.03 + r*(0.42+0.06))
		if mode == ResetBefore {
			n = math.Tanh(0.6 + 0.03 + 0.6*(r*0.7) + 0.06)
		}
		if got, want := g.Forward(x, Pass{Carry: true}).Data[0], (1-z)*n+z*0.7; math.Abs(got-want) > 1e-15 {
			t.Errorf("GRU mode %d: %v, want %v", mode, got, want)
		}
	}

	l := NewLSTM[float64]("l", 1, 1)
	set(l.WeightIH, 0.1, 0.2, 0.3, 0.4)
	set(l.WeightHH, 0.5, 0.6, 0.7, 0.8)
	set(l.BiasIH, 0.01, 0.02, 0.03, 0.04)
	l.h.Data, l.c.Data = []float64{0.5}, []float64{-0.3}
	i, f := sigmoid(0.2+0.25+0.01), sigmoid(0.4+0.3+0.02)
	g, o := math.Tanh(0.6+0.35+0.03), sigmoid(0.8+0.4+0.04)
	c := f*-0.3 + i*g
	if got, want := l.Forward(x, Pass{Carry: true}).Data[0], o*math.Tanh(c); math.Abs(got-want) > 1e-15 {
		t.Errorf("LSTM: %v, want %v", got, want)
	}
	if math.Abs(l.c.Data[0]-c) > 1e-15 {
		t.Errorf("LSTM: cell %v, want %v", l.c.Data[0], c)
	}
}
