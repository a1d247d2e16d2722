package baseline

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

const everyOp = `model "all"
input  tok index[11]
input  x [6]
state  gru.h [7] init=gru.h0
state  before.h [5]
state  lstm.h [4]
state  lstm.c [4]
state  rnn.h [9]
param  emb [11 5]
param  gru.w [21 11]
param  gru.u [21 7]
param  gru.b [21]
param  gru.c [21]
param  gru.h0 [7]
param  before.w [15 7]
param  before.u [15 5]
param  before.c [15]
param  lstm.w [16 5]
param  lstm.u [16 4]
param  lstm.b [16]
param  rnn.w [9 4]
param  rnn.u [9 9]
param  out.w [3 9]
param  out.b [3]
node   e = Embedding(tok) weight=emb
node   cat = Concat(e, x)
node   gru = GRU(cat) weight_ih=gru.w weight_hh=gru.u bias_ih=gru.b bias_hh=gru.c h=gru.h reset=after func=tanh
node   before = GRU(gru) weight_ih=before.w weight_hh=before.u bias_hh=before.c h=before.h reset=before func=relu
node   lstm = LSTM(before) weight_ih=lstm.w weight_hh=lstm.u bias_ih=lstm.b h=lstm.h c=lstm.c
node   rnn = RNN(lstm) weight_ih=rnn.w weight_hh=rnn.u h=rnn.h func=clipped_relu clip=2
node   logits = Linear(rnn) weight=out.w bias=out.b
node   half = Activation(logits) func=sigmoid
node   gated = Binary(logits, half) func=mul
node   less = Binary(gated, half) func=sub
node   y = Softmax(less)
output y
output logits
`

func parse(t *testing.T, text string) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(.5 * rng.NormFloat64())
		}
	}
	return m
}

// TestStep steps every op beside the float64 reference. Errors of rounding are
// a few 2^-24 for each of some 20 terms a node, and shrink through the gates.
func TestStep(t *testing.T) {
	m := parse(t, everyOp)
	s, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 0))
	for step := range 50 {
		tok := rng.IntN(11)
		*s.Index("tok") = tok
		x := make([]float64, 6)
		for i := range x {
			s.Value("x")[i] = float32(rng.NormFloat64())
			x[i] = float64(s.Value("x")[i])
		}
		s.Step()
		want, err := g.Step(eval.Frame{"tok": {float64(tok)}, "x": x})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range m.Outputs {
			for i, w := range want[name] {
				if got := float64(s.Value(name)[i]); math.Abs(got-w) > 1e-5*max(1, math.Abs(w)) {
					t.Fatalf("step %d: %s[%d] is %v, want %v", step, name, i, got, w)
				}
			}
		}
	}
	if n := testing.AllocsPerRun(10, s.Step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestNewErrors(t *testing.T) {
	reversed := parse(t, strings.Replace(everyOp, "clip=2", "clip=2 direction=reverse", 1))
	if _, err := New(reversed); err == nil || !strings.Contains(err.Error(), "reversed") {
		t.Errorf("reversed: error %v", err)
	}
	empty := parse(t, everyOp)
	empty.Params[3].Data = nil
	if _, err := New(empty); err == nil || !strings.Contains(err.Error(), "gru.b") {
		t.Errorf("without numbers: error %v, want it to name gru.b", err)
	}
}
