package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Central differences with step h have a truncation error of h²/6·|L⁽³⁾|, about
// 2e-10 for third derivatives up to 10, and a rounding error of about
// 2·2^-53·|L|/h, 7e-11 for losses up to 3. The tolerance leaves a factor of 30;
// the gradients themselves are near 1e-2, so a wrong term cannot hide under it.
const (
	differenceStep      = 1e-5
	gradientTolerance   = 1e-8
	checkedPerParameter = 60
)

// gradientCase is a network, a loss, and a batch with the states it starts from.
type gradientCase struct {
	model *Stack[float64]
	loss  Loss[float64]
	batch *Batch[float64]
	pass  Pass
}

// lossAt runs the case from the given states.
func (c *gradientCase) lossAt(states [][]float64) float64 {
	for i, s := range c.model.States() {
		s.Data = append(s.Data[:0], states[i]...)
	}
	scale := 1 / float64(c.loss.Count(&c.batch.Target))
	tally, _ := c.loss.Score(c.model.Forward(&c.batch.Input, c.pass), &c.batch.Target, scale)
	return tally.Loss * scale
}

func (c *gradientCase) check(t *testing.T) {
	t.Helper()
	var states [][]float64
	for _, s := range c.model.States() {
		states = append(states, append([]float64(nil), s.Data...))
	}
	scale := 1 / float64(c.loss.Count(&c.batch.Target))
	params := c.model.Params()
	ZeroGrad(params)
	_, dy := c.loss.Score(c.model.Forward(&c.batch.Input, c.pass), &c.batch.Target, scale)
	dx := c.model.Backward(dy)

	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range params {
		if !p.Fixed {
			c.checkTensor(t, r, states, p.Name, p.Value, p.Grad)
		} else if p.Momentum == 0 && slices.ContainsFunc(p.Grad, func(g float64) bool { return g != 0 }) {
			t.Errorf("%s is fixed and has a gradient", p.Name)
		}
	}
	if c.batch.Input.Index == nil {
		grad := append([]float64(nil), dx.Data...)
		c.checkTensor(t, r, states, "input", c.batch.Input.Data, grad)
	} else if dx != nil {
		t.Errorf("gradient with respect to indices: %v, want nil", dx)
	}
}

func (c *gradientCase) checkTensor(t *testing.T, r *rand.Rand, states [][]float64, name string, value, grad []float64) {
	t.Helper()
	var largest float64
	for _, i := range r.Perm(len(value))[:min(len(value), checkedPerParameter)] {
		was := value[i]
		value[i] = was + differenceStep
		above := c.lossAt(states)
		value[i] = was - differenceStep
		below := c.lossAt(states)
		value[i] = was
		want := (above - below) / (2 * differenceStep)
		if !(math.Abs(grad[i]-want) <= gradientTolerance) {
			t.Errorf("%s[%d]: gradient %.12g, differences give %.12g", name, i, grad[i], want)
			return
		}
		largest = max(largest, math.Abs(want))
	}
	if largest < 1e-5 {
		t.Errorf("%s: largest gradient checked is %g: the check shows nothing", name, largest)
	}
}

func mustStack[T Float](t testing.TB, input InputKind, layers ...Layer[T]) *Stack[T] {
	t.Helper()
	s, err := NewStack(input, layers...)
	if err != nil {
		t.Fatal(err)
	}
	s.Init(rand.New(rand.NewPCG(7, 11)))
	return s
}

// vectorBatch is random vectors with random classes, every fifth one ignored.
func vectorBatch[T Float](r *rand.Rand, steps, streams, width, targetSteps, classes int) *Batch[T] {
	b := &Batch[T]{
		Input:  Seq[T]{Steps: steps, Streams: streams, Width: width},
		Target: Seq[T]{Steps: targetSteps, Streams: streams},
	}
	for range steps * streams * width {
		b.Input.Data = append(b.Input.Data, T(r.NormFloat64()))
	}
	for i := range targetSteps * streams {
		class := int32(r.IntN(classes))
		if i%5 == 4 {
			class = Ignore
		}
		b.Target.Index = append(b.Target.Index, class)
	}
	return b
}

// indexBatch is random indices with random classes.
func indexBatch[T Float](r *rand.Rand, steps, streams, bound, classes int) *Batch[T] {
	b := vectorBatch[T](r, steps, streams, 1, steps, classes)
	b.Input.Data, b.Input.Width = nil, 0
	for range steps * streams {
		b.Input.Index = append(b.Input.Index, int32(r.IntN(bound)))
	}
	return b
}

// recurrentLayers makes every variant of every recurrent layer.
func recurrentLayers[T Float](in, hidden int) []func(name string) Recurrent[T] {
	rnn := func(fn Func, clip float64) func(string) Recurrent[T] {
		return func(name string) Recurrent[T] { return NewRNN[T](name, in, hidden, fn, clip) }
	}
	gru := func(mode ResetMode, fn Func, clip float64) func(string) Recurrent[T] {
		return func(name string) Recurrent[T] { return NewGRU[T](name, in, hidden, mode, fn, clip) }
	}
	return []func(string) Recurrent[T]{
		rnn(Tanh, 0), rnn(ReLU, 0), rnn(ClippedReLU, 0.3), rnn(Sigmoid, 0),
		gru(ResetAfter, Tanh, 0), gru(ResetAfter, ReLU, 0), gru(ResetAfter, ClippedReLU, 0.3), gru(ResetAfter, Sigmoid, 0),
		gru(ResetBefore, Tanh, 0), gru(ResetBefore, ReLU, 0), gru(ResetBefore, ClippedReLU, 0.3),
		func(name string) Recurrent[T] { return NewLSTM[T](name, in, hidden) },
	}
}

// describe names a recurrent layer with its variant.
func describe[T Float](l Layer[T]) string {
	switch l := l.(type) {
	case *RNN[T]:
		fn, _ := l.Func()
		return fmt.Sprintf("RNN/%v", fn)
	case *GRU[T]:
		fn, _ := l.Func()
		return fmt.Sprintf("GRU/%v/reset%d", fn, l.ResetMode())
	}
	return "LSTM"
}

func TestGradientOfRecurrentLayers(t *testing.T) {
	const in, hidden, classes, steps, streams = 3, 9, 4, 6, 4
	for _, layer := range recurrentLayers[float64](in, hidden) {
		t.Run(describe(Layer[float64](layer("x"))), func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, 5))
			t.Run("segment", func(t *testing.T) {
				model := mustStack(t, InputKind{Width: in}, layer("l0"), Layer[float64](NewLinear[float64]("out", hidden, classes)))
				c := gradientCase{model: model, loss: &CrossEntropy[float64]{}, batch: vectorBatch[float64](r, steps, streams, in, steps, classes)}
				c.check(t)
			})
			t.Run("carried", func(t *testing.T) {
				model := mustStack(t, InputKind{Width: in}, layer("l0"), Layer[float64](NewLinear[float64]("out", hidden, classes)))
				first := vectorBatch[float64](r, steps, streams, in, steps, classes)
				model.Forward(&first.Input, Pass{})
				c := gradientCase{model: model, loss: &CrossEntropy[float64]{}, pass: Pass{Carry: true},
					batch: vectorBatch[float64](r, 4, streams, in, 4, classes)}
				fresh := gradientCase{model: model.Replica(), loss: c.loss, batch: c.batch}
				if carried, anew := c.lossAt(snapshot(model)), fresh.lossAt(snapshot(fresh.model)); carried == anew {
					t.Fatal("the carried state makes no difference")
				}
				model.Forward(&first.Input, Pass{})
				c.check(t)
			})
			t.Run("bidirectional", func(t *testing.T) {
				model := mustStack(t, InputKind{Width: in}, Layer[float64](NewBidirectional(layer("f"), layer("r"))),
					Layer[float64](NewLinear[float64]("out", 2*hidden, classes)))
				b := vectorBatch[float64](r, steps, streams, in, steps, classes)
				b.Input.Lengths = []int32{steps, 1, 4, 2}
				maskPadding(b)
				c := gradientCase{model: model, loss: &CrossEntropy[float64]{}, batch: b}
				c.check(t)
			})
			t.Run("two layers, last step", func(t *testing.T) {
				model := mustStack(t, InputKind{Width: in}, layer("l0"), Layer[float64](NewLinear[float64]("mid", hidden, in)),
					layer("l1"), Layer[float64](NewLastStep[float64](hidden)), Layer[float64](NewLinear[float64]("out", hidden, classes)))
				b := vectorBatch[float64](r, steps, streams, in, 1, classes)
				b.Input.Lengths = []int32{2, steps, 3, 5}
				c := gradientCase{model: model, loss: &CrossEntropy[float64]{}, batch: b}
				c.check(t)
			})
		})
	}
}

func snapshot(s *Stack[float64]) [][]float64 {
	var states [][]float64
	for _, state := range s.States() {
		states = append(states, append([]float64(nil), state.Data...))
	}
	return states
}

// maskPadding ignores the targets behind the lengths.
func maskPadding[T Float](b *Batch[T]) {
	for i := range b.Target.Index {
		if i/b.Input.Streams >= b.Input.length(i%b.Input.Streams) {
			b.Target.Index[i] = Ignore
		}
	}
}

func TestGradientOfFrameLayers(t *testing.T) {
	const in, width, classes, steps, streams = 4, 6, 5, 3, 4
	linear := func(name string, in, out int) Layer[float64] { return NewLinear[float64](name, in, out) }
	for _, tc := range []struct {
		name   string
		layers []Layer[float64]
	}{
		{"Linear", []Layer[float64]{linear("out", in, classes)}},
		{"Linear without bias", []Layer[float64]{NewLinear[float64]("out", in, classes).NoBias()}},
		{"Tanh", []Layer[float64]{linear("a", in, width), NewActivation[float64](width, Tanh, 0), linear("out", width, classes)}},
		{"Sigmoid", []Layer[float64]{linear("a", in, width), NewActivation[float64](width, Sigmoid, 0), linear("out", width, classes)}},
		{"ReLU", []Layer[float64]{linear("a", in, width), NewActivation[float64](width, ReLU, 0), linear("out", width, classes)}},
		{"ClippedReLU", []Layer[float64]{linear("a", in, width), NewActivation[float64](width, ClippedReLU, 0.4), linear("out", width, classes)}},
		{"Scale", []Layer[float64]{linear("a", in, width), scaled(width), linear("out", width, classes)}},
		{"Mask", []Layer[float64]{linear("a", in, width), NewMask[float64]("m", width, 3, 1, 2), linear("out", width, classes)}},
		{"Normalize", []Layer[float64]{linear("a", in, width), NewNormalize[float64](width, 1e-3), scaled(width), linear("out", width, classes)}},
		{"BatchNorm", []Layer[float64]{NewLinear[float64]("a", in, width).NoBias(), batchNorm(width), scaled(width), linear("out", width, classes)}},
		{"convolution", []Layer[float64]{NewWindow[float64]("w", in, 1, 2), linear("a", 4*in, width), NewActivation[float64](width, Tanh, 0), linear("out", width, classes)}},
		{"row convolution", []Layer[float64]{linear("a", in, width), NewWindow[float64]("w", width, 0, 2), NewDepthwise[float64]("d", 3, width), linear("out", width, classes)}},
		{"Scale of the input", []Layer[float64]{scaled(in).Fix(), linear("out", in, classes)}},
		{"Dropout", []Layer[float64]{linear("a", in, width), NewDropout[float64]("d", width, 0.5), linear("out", width, classes)}},
	} {
		for _, train := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/train=%t", tc.name, train), func(t *testing.T) {
				b := vectorBatch[float64](rand.New(rand.NewPCG(5, 6)), steps, streams, in, steps, classes)
				b.Input.Lengths = []int32{steps, 1, 2, steps}
				maskPadding(b)
				c := gradientCase{model: mustStack(t, InputKind{Width: in}, tc.layers...), loss: &CrossEntropy[float64]{}, batch: b,
					pass: Pass{Train: train, Seed: 99}}
				c.check(t)
			})
		}
	}
}

// batchNorm has seen batches.
func batchNorm(width int) *BatchNorm[float64] {
	l := NewBatchNorm[float64]("bn", width, 1e-3)
	for i := range width {
		l.Mean.Value[i], l.Variance.Value[i] = float64(i)/3, 0.5+float64(i)
	}
	return l
}

// scaled is a scale that is not the identity.
func scaled(width int) *Scale[float64] {
	l := NewScale[float64]("scale", width)
	for i := range width {
		l.Factor.Value[i], l.Shift.Value[i] = 0.5+float64(i), float64(i)-1
	}
	return l
}

func TestGradientOfEmbedding(t *testing.T) {
	const bound, width, hidden, classes = 3, 4, 5, 6
	model := mustStack(t, InputKind{Bound: bound}, Layer[float64](NewEmbedding[float64]("e", bound, width)),
		Layer[float64](NewDropout[float64]("d", width, 0.3)),
		Layer[float64](NewGRU[float64]("g", width, hidden, ResetAfter, Tanh, 0)), Layer[float64](NewLinear[float64]("out", hidden, classes)))
	c := gradientCase{model: model, loss: &CrossEntropy[float64]{}, pass: Pass{Train: true, Seed: 4},
		batch: indexBatch[float64](rand.New(rand.NewPCG(8, 9)), 5, 3, bound, classes)}
	c.check(t)
}

func TestGradientOfMSE(t *testing.T) {
	const in, hidden, out, steps, streams = 3, 4, 2, 5, 3
	r := rand.New(rand.NewPCG(8, 9))
	model := mustStack(t, InputKind{Width: in}, Layer[float64](NewLSTM[float64]("l", in, hidden)), Layer[float64](NewLinear[float64]("out", hidden, out)))
	b := vectorBatch[float64](r, steps, streams, in, steps, 2)
	b.Target = Seq[float64]{Steps: steps, Streams: streams, Width: out, Lengths: []int32{2, steps, 1}}
	for range steps * streams * out {
		b.Target.Data = append(b.Target.Data, r.NormFloat64())
	}
	c := gradientCase{model: model, loss: &MSE[float64]{}, batch: b}
	if got, want := c.loss.Count(&b.Target), (2+steps+1)*out; got != want {
		t.Fatalf("%d elements count, want %d", got, want)
	}
	c.check(t)
}
