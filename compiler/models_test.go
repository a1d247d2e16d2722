package compiler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// voice ends the front end of the graph of that name: the mean of what the
// convolution makes of each unit.
func voice(text string, hidden int) string {
	var spans []string
	for i := range hidden {
		spans = append(spans, fmt.Sprintf("%d:7:%d", i, hidden))
	}
	return strings.Replace(text, "node l = LSTM(mean)", "node units = Pick(same) spans="+strings.Join(spans, "/")+
		"\nnode mean = Reduce(units) func=mean size=7\nnode l = LSTM(mean)", 1)
}

// zoo holds graphs of every op; %d is the number of hidden units H, %[2]d is 3H
// and %[3]d is 4H.
var zoo = map[string]string{
	"gru after": `model "m"
input x index[11]
state h [%d]
param e [11 %[1]d]
param wi [%[2]d %[1]d]
param wh [%[2]d %[1]d]
param bi [%[2]d]
param bh [%[2]d]
param w [9 %[1]d]
param b [9]
node embed = Embedding(x) weight=e
node gru = GRU(embed) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=h reset=after func=tanh
node y = Linear(gru) weight=w bias=b
output y
`,
	"gru before, two layers": `model "m"
input x [7]
state h [%d] init=h0
state k [%[1]d]
param h0 [%[1]d]
param wi [%[2]d 7]
param wh [%[2]d %[1]d]
param bh [%[2]d]
param vi [%[2]d %[1]d]
param vh [%[2]d %[1]d]
param w [5 %[1]d]
node a = GRU(x) weight_ih=wi weight_hh=wh bias_hh=bh h=h reset=before func=tanh
node b = GRU(a) weight_ih=vi weight_hh=vh h=k reset=before func=relu
node y = Linear(b) weight=w
node p = Softmax(y)
output p
output a
`,
	"lstm and rnn joined": `model "m"
input x [7]
input tag index[5]
input side [3]
state h [%d]
state c [%[1]d]
state r [%[1]d]
param e [5 6]
param wi [%[3]d 16]
param wh [%[3]d %[1]d]
param bi [%[3]d]
param bh [%[3]d]
param ri [%[1]d %[1]d]
param rh [%[1]d %[1]d]
param rb [%[1]d]
param s [%[1]d %[1]d]
param t [4 %[3]d]
node tagged = Embedding(tag) weight=e
node in = Concat(x, tagged, side)
node l = LSTM(in) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=h c=c
node r = RNN(l) weight_ih=ri weight_hh=rh bias_hh=rb h=r func=clipped_relu clip=0.75
node inner = Linear(l) weight=s
node half = Activation(inner) func=sigmoid
node same = Activation(half) func=identity
node gated = Binary(same, r) func=mul
node less = Binary(gated, l) func=sub
node all = Concat(inner, less, r, l)
node y = Linear(all) weight=t
node out = Activation(y) func=tanh
output out
output side
`,
	"voice": `model "m"
input x [56]
state h [%d]
state c [%[1]d]
param stft [18 16]
param k [%[1]d 27]
param b [%[1]d]
param wi [%[3]d %[1]d]
param wh [%[3]d %[1]d]
param bi [%[3]d]
param u [3 %[1]d]
node padded = Pick(x) spans=0:56/54:8:-1
node windows = Pick(padded) spans=0:16/8:16/16:16/24:16/32:16/40:16/48:16
node spectrum = Linear(windows) weight=stft rows=7
node re = Pick(spectrum) spans=0:9/18:9/36:9/54:9/72:9/90:9/108:9
node im = Pick(spectrum) spans=9:9/27:9/45:9/63:9/81:9/99:9/117:9
node re2 = Binary(re, re) func=mul
node im2 = Binary(im, im) func=mul
node power = Binary(re2, im2) func=add
node magnitude = Activation(power) func=sqrt
node around = Pick(magnitude) spans="-1:9/0:18/0:27/9:27/18:27/27:27/36:27/45:18/-1:9"
node conv = Linear(around) weight=k bias=b rows=7
node features = Activation(conv) func=relu
node same = Normalize(features) size=%[1]d epsilon=0.01
node l = LSTM(mean) weight_ih=wi weight_hh=wh bias_ih=bi h=h c=c
node y = Linear(l) weight=u
node p = Activation(y) func=hard_sigmoid alpha=0.2 beta=0.5
output p
output mean
`,
	"mlp": `model "m"
input x [7]
param v [%d 7]
param b [%[1]d]
param w [%[1]d %[1]d]
param c [%[1]d]
param u [3 %[1]d]
param d [3]
node a = Linear(x) weight=v bias=b
node f = Activation(a) func=relu
node g = Activation(f) func=relu
node s = Linear(g) weight=w bias=c
node q = Binary(s, g) func=add
node k = Softmax(q)
node unused = Linear(k) weight=w
node y = Linear(q) weight=u bias=d
output y
`,
}

// model fills a graph of the zoo with normal weights at the given density,
// scaled so that states neither die nor explode.
func model(t *testing.T, name string, hidden int, density float64, seed uint64) *ir.Model {
	t.Helper()
	text := zoo[name]
	if strings.Contains(text, "%[3]d") {
		text = voice(fmt.Sprintf(text, hidden, 3*hidden, 4*hidden), hidden)
	} else if strings.Contains(text, "%[2]d") {
		text = fmt.Sprintf(text, hidden, 3*hidden)
	} else {
		text = fmt.Sprintf(text, hidden)
	}
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	fill(m, density, rand.New(rand.NewPCG(seed, 7)))
	if err := m.Verify(); err != nil {
		t.Fatal(err)
	}
	return m
}

// fill gives weights of uneven rows, none so near 0 that any strategy must
// refuse its matrix; biases are dense.
func fill(m *ir.Model, density float64, rng *rand.Rand) {
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		cols := p.Shape[len(p.Shape)-1]
		scale := 1 / math.Sqrt(max(1, density*float64(cols)))
		for i := range p.Data {
			keep := density
			if density < 1 {
				keep *= []float64{0, 0.5, 1, 2.5}[i/cols%4]
			}
			if len(p.Shape) == 1 {
				p.Data[i] = float32(rng.NormFloat64() * 0.3)
			} else if rng.Float64() < keep {
				w := rng.NormFloat64()
				p.Data[i] = float32((w + math.Copysign(0.1, w)) * scale)
			}
		}
	}
}

// inputs draws frames for a model.
func inputs(m *ir.Model, frames int, seed uint64) []eval.Frame {
	rng := rand.New(rand.NewPCG(seed, 8))
	all := make([]eval.Frame, frames)
	for t := range all {
		all[t] = eval.Frame{}
		for _, in := range m.Inputs {
			x := make([]float64, in.Type.Len())
			for i := range x {
				x[i] = float64(float32(rng.NormFloat64()))
				if in.Type.DType == ir.Index {
					x[i] = float64(rng.IntN(in.Type.Bound))
				}
			}
			all[t][in.Name] = x
		}
	}
	return all
}

// run evaluates a model in float64.
func run(t *testing.T, m *ir.Model, in []eval.Frame) []eval.Frame {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compare reports outputs that differ by more than tol·max(1, |want|).
func compareFrames(t *testing.T, got, want []eval.Frame, tol float64) {
	t.Helper()
	for f := range want {
		for name, w := range want[f] {
			g, ok := got[f][name]
			if !ok || len(g) != len(w) {
				t.Fatalf("frame %d: output %q has %d elements, want %d", f, name, len(g), len(w))
			}
			for i := range w {
				if !(math.Abs(g[i]-w[i]) <= tol*max(1, math.Abs(w[i]))) {
					t.Fatalf("frame %d: output %q[%d] is %v, want %v within %g", f, name, i, g[i], w[i], tol)
				}
			}
		}
	}
}

// each runs a test over the zoo, sizes and densities.
func eachModel(t *testing.T, f func(t *testing.T, m *ir.Model)) {
	for name := range zoo {
		for _, hidden := range []int{1, 17, 100} {
			for _, density := range []float64{0, 0.05, 0.3, 1} {
				t.Run(fmt.Sprintf("%s/%d/%g", name, hidden, density), func(t *testing.T) {
					f(t, model(t, name, hidden, density, uint64(hidden)))
				})
			}
		}
	}
}
