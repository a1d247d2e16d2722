package optim

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/trainer/nn"
)

// pair is a weight and a bias of one element each, as a layer makes them.
func pair(weight, bias float64) []*nn.Param[float64] {
	params := nn.NewLinear[float64]("l", 1, 1).Params()
	params[0].Value[0], params[1].Value[0] = weight, bias
	return params
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-15*max(1, math.Abs(want))) {
		t.Errorf("%s: %.17g, want %.17g", what, got, want)
	}
}

func TestSGDByHand(t *testing.T) {
	p := pair(1, 1)
	o := NewSGD(p, SGDConfig{Momentum: 0.9, Decay: 0.1})
	p[0].Grad[0], p[1].Grad[0] = 0.5, 0.5
	o.Step(0.1)
	// weight: g = 0.5+0.1, v = g, w = 1 − 0.1·(0.6+0.9·0.6); bias without decay.
	w, b := 1-0.1*(0.6+0.54), 1-0.1*(0.5+0.45)
	near(t, "weight", p[0].Value[0], w)
	near(t, "bias", p[1].Value[0], b)
	p[0].Grad[0], p[1].Grad[0] = -1, -1
	o.Step(0.2)
	g := -1 + 0.1*w
	near(t, "weight", p[0].Value[0], w-0.2*(g+0.9*(0.9*0.6+g)))
	near(t, "bias", p[1].Value[0], b-0.2*(-1+0.9*(0.9*0.5-1)))
}

func TestSGDWithoutMomentumIsDescent(t *testing.T) {
	p := pair(1, 2)
	p[0].Grad[0], p[1].Grad[0] = 3, -4
	NewSGD(p, SGDConfig{}).Step(0.5)
	near(t, "weight", p[0].Value[0], -0.5)
	near(t, "bias", p[1].Value[0], 4)
}

func TestAdamByHand(t *testing.T) {
	p := pair(1, 1)
	o := NewAdam(p, AdamConfig{Decay: 0.5})
	const rate, epsilon = 0.01, 1e-8
	w, b, m, v := 1.0, 1.0, 0.0, 0.0
	for step, g := range []float64{0.3, -2, 0.1} {
		p[0].Grad[0], p[1].Grad[0] = g, g
		o.Step(rate)
		m, v = 0.9*m+0.1*g, 0.999*v+0.001*g*g
		n := float64(step + 1)
		move := rate * (m / (1 - math.Pow(0.9, n))) / (math.Sqrt(v/(1-math.Pow(0.999, n))) + epsilon)
		w, b = w-rate*0.5*w-move, b-move
		near(t, "weight", p[0].Value[0], w)
		near(t, "bias", p[1].Value[0], b)
	}
}

func TestClipGlobalNorm(t *testing.T) {
	p := pair(0, 0)
	p[0].Grad[0], p[1].Grad[0] = 3, 4
	near(t, "norm", ClipGlobalNorm(p, 6), 5)
	near(t, "below the limit", p[0].Grad[0], 3)
	near(t, "norm", ClipGlobalNorm(p, 1), 5)
	near(t, "clipped", p[0].Grad[0], 0.6)
	near(t, "clipped", p[1].Grad[0], 0.8)
	p[0].Grad[0] = math.NaN()
	if norm := ClipGlobalNorm(p, 0.1); norm == norm {
		t.Errorf("norm %v of a NaN", norm)
	}
	near(t, "beside a NaN", p[1].Grad[0], 0.8)
	p[0].Grad[0] = math.Inf(1)
	if norm := ClipGlobalNorm(p, 0.1); !math.IsInf(norm, 1) || p[1].Grad[0] != 0.8 {
		t.Errorf("norm %v of an infinity, gradient beside it %v", norm, p[1].Grad[0])
	}
}

func TestSchedules(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    Schedule
		want map[int]float64
	}{
		{"constant", Constant{2}, map[int]float64{0: 2, 1000: 2}},
		{"stepped", Stepped{Base: 1, Factor: 0.5, Every: 10}, map[int]float64{0: 1, 9: 1, 10: 0.5, 25: 0.25}},
		{"exponential", Exponential{Base: 1, Factor: 0.5, StepsPerEpoch: 4, From: 1}, map[int]float64{0: 1, 7: 1, 8: 0.5, 12: 0.25}},
		{"cosine", Cosine{Base: 3, Floor: 1, Steps: 10}, map[int]float64{0: 3, 5: 2, 10: 1, 50: 1}},
		{"linear", Linear{Base: 3, Floor: 1, Steps: 10}, map[int]float64{0: 3, 5: 2, 10: 1, 50: 1}},
		{"warm-up", Warmup{Steps: 4, Then: Linear{Base: 2, Steps: 10}}, map[int]float64{0: 0.5, 3: 2, 4: 2, 9: 1, 14: 0}},
		{"no warm-up", Warmup{Then: Constant{1}}, map[int]float64{0: 1}},
	} {
		if err := tc.s.Validate(); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		for step, want := range tc.want {
			if got := tc.s.Rate(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s at step %d: %v, want %v", tc.name, step, got, want)
			}
		}
	}
	for _, s := range []Schedule{
		Constant{}, Constant{math.NaN()}, Stepped{Base: 1, Factor: 0.5}, Exponential{Base: 1, Factor: 1},
		Cosine{Base: 1, Floor: 2, Steps: 3}, Linear{Base: 1}, Warmup{Steps: 3}, Warmup{Steps: -1, Then: Constant{1}},
	} {
		if s.Validate() == nil {
			t.Errorf("%#v is valid", s)
		}
	}
}

// problem is a small network that learns to say the character before the last.
type problem struct {
	run    *nn.Parallel[float32]
	params []*nn.Param[float32]
	batch  *nn.Batch[float32]
}

func newProblem(t *testing.T) *problem {
	t.Helper()
	model, err := nn.NewStack(nn.InputKind{Bound: 4},
		nn.Layer[float32](nn.NewEmbedding[float32]("e", 4, 8)),
		nn.Layer[float32](nn.NewGRU[float32]("g", 8, 24, nn.ResetAfter, nn.Tanh, 0)),
		nn.Layer[float32](nn.NewDropout[float32]("d", 24, 0.1)),
		nn.Layer[float32](nn.NewLinear[float32]("out", 24, 4)))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	model.Init(r)
	const steps, streams = 12, 8
	b := &nn.Batch[float32]{
		Input:  nn.Seq[float32]{Steps: steps, Streams: streams},
		Target: nn.Seq[float32]{Steps: steps, Streams: streams},
	}
	for i := range steps * streams {
		b.Input.Index = append(b.Input.Index, int32(r.IntN(4)))
		target := nn.Ignore
		if i >= streams {
			target = b.Input.Index[i-streams]
		}
		b.Target.Index = append(b.Target.Index, target)
	}
	return &problem{run: nn.NewParallel(model, nn.Loss[float32](&nn.CrossEntropy[float32]{}), 2), params: model.Params(), batch: b}
}

func (p *problem) steps(t *testing.T, o Optimizer[float32], rate float64, from, to int) nn.Tally {
	t.Helper()
	var tally nn.Tally
	for i := from; i < to; i++ {
		var err error
		if tally, err = p.run.Step(p.batch, uint64(i)); err != nil {
			t.Fatal(err)
		}
		ClipGlobalNorm(p.params, 1)
		o.Step(rate)
	}
	return tally
}

func (p *problem) values() []float32 {
	var v []float32
	for _, q := range p.params {
		v = append(v, q.Value...)
	}
	return v
}

var kinds = []struct {
	name string
	rate float64
	make func([]*nn.Param[float32]) Optimizer[float32]
}{
	{"SGD", 0.2, func(p []*nn.Param[float32]) Optimizer[float32] { return NewSGD(p, SGDConfig{Momentum: 0.9}) }},
	{"Adam", 0.02, func(p []*nn.Param[float32]) Optimizer[float32] { return NewAdam(p, AdamConfig{}) }},
}

func TestOverfit(t *testing.T) {
	for _, k := range kinds {
		p := newProblem(t)
		o := k.make(p.params)
		first := p.steps(t, o, k.rate, 0, 1)
		p.steps(t, o, k.rate, 1, 150)
		last, err := p.run.Evaluate(p.batch)
		if err != nil {
			t.Fatal(err)
		}
		if !(first.Mean() > 1.2) || !(last.Mean() < 0.05) || last.Accuracy() != 1 {
			t.Errorf("%s: loss %v, then %v with accuracy %v; want above 1.2, then below 0.05 with 1", k.name, first.Mean(), last.Mean(), last.Accuracy())
		}
	}
}

func TestResumeGivesTheSameBits(t *testing.T) {
	for _, k := range kinds {
		whole := newProblem(t)
		whole.steps(t, k.make(whole.params), k.rate, 0, 20)

		first := newProblem(t)
		o := k.make(first.params)
		first.steps(t, o, k.rate, 0, 9)

		resumed := newProblem(t)
		for i, p := range resumed.params {
			copy(p.Value, first.params[i].Value)
		}
		r := k.make(resumed.params)
		if err := r.Restore(o.State()); err != nil {
			t.Fatal(err)
		}
		resumed.steps(t, r, k.rate, 9, 20)
		if !slices.Equal(resumed.values(), whole.values()) {
			t.Errorf("%s: resumed training ends elsewhere", k.name)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	p := newProblem(t)
	for _, tc := range []struct {
		spoil func(s *State[float32])
		want  string
	}{
		{func(s *State[float32]) { s.Tensors = s.Tensors[1:] }, "tensors, want"},
		{func(s *State[float32]) { s.Tensors[0].Name = "x" }, `tensor 0 is "x", want "e.weight.moment1"`},
		{func(s *State[float32]) { s.Tensors[1].Data = nil }, `"g.weight_ih.moment1": 0 elements, want 576`},
		{func(s *State[float32]) { s.Steps = -1 }, "-1 steps"},
	} {
		s := NewAdam(p.params, AdamConfig{}).State()
		tc.spoil(&s)
		if err := NewAdam(p.params, AdamConfig{}).Restore(s); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got error %v, want %q", err, tc.want)
		}
	}
}
