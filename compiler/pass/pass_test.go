package pass

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestText shows what each pass makes of a graph; each case is paired with the
// numbers of the graph before and after.
func TestText(t *testing.T) {
	for _, test := range []struct {
		name, pass    string
		before, after string
		set           map[string][]float32 // data that decides; the rest is random
		note          string
	}{
		{"activations", "fold-activations", `model "m"
input x [3]
node a = Activation(x) func=identity
node b = Activation(a) func=relu
node c = Activation(b) func=relu
node d = Softmax(c)
node e = Activation(d) func=clipped_relu clip=1
node f = Activation(e) func=identity
output f
`, `model  "m"
input  x [3]
node   b = Activation(x) func=relu
node   d = Softmax(b)
node   f = Activation(d) func=identity
output f
`, nil, `activation "a" changes nothing`},

		{"dead", "drop-dead", `model "m"
input x [3]
input z [2]
state h [2]
param w [2 3]
param wi [2 2]
param wh [2 2]
node y = Linear(x) weight=w
node r = RNN(z) weight_ih=wi weight_hh=wh h=h func=tanh
output y
`, `model  "m"
input  x [3]
input  z [2]
param  w [2 3]
node   y = Linear(x) weight=w
output y
`, nil, `node "r" is needed by no output`},

		{"reset after keeps b_hn", "fold-biases", `model "m"
input x [1]
state h [1]
param wi [3 1]
param wh [3 1]
param bi [3]
param bh [3]
node y = GRU(x) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=h reset=after func=tanh
output y
`, `model  "m"
input  x [1]
state  h [1]
param  wi [3 1]
param  wh [3 1]
param  bi [3]
param  bh [3]
node   y = GRU(x) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=h reset=after func=tanh
output y
`, nil, `2 elements of "bh" added`},

		{"reset before folds all", "fold-biases", `model "m"
input x [1]
state h [1]
param wi [3 1]
param wh [3 1]
param bh [3]
param zero [1]
param w [1 1]
node g = GRU(x) weight_ih=wi weight_hh=wh bias_hh=bh h=h reset=before func=tanh
node y = Linear(g) weight=w bias=zero
output y
`, `model  "m"
input  x [1]
state  h [1]
param  wi [3 1]
param  wh [3 1]
param  bh [3]
param  w [1 1]
node   g = GRU(x) weight_ih=wi weight_hh=wh bias_ih=bh h=h reset=before func=tanh
node   y = Linear(g) weight=w
output y
`, map[string][]float32{"zero": {0}}, `bias "zero" is zero`},

		{"shared bias is not written to", "fold-biases", `model "m"
input x [1]
state h [1]
param wi [1 1]
param wh [1 1]
param b [1]
node y = RNN(x) weight_ih=wi weight_hh=wh bias_ih=b bias_hh=b h=h func=tanh
output y
`, `model  "m"
input  x [1]
state  h [1]
param  wi [1 1]
param  wh [1 1]
param  y.bias_ih [1]
node   y = RNN(x) weight_ih=wi weight_hh=wh bias_ih=y.bias_ih h=h func=tanh
output y
`, nil, `1 elements of "b" added`},

		{"constant elements", "fold-constants", `model "m"
input x [2]
param w [2 2]
param b [2]
param v [1 2]
node a = Linear(x) weight=w bias=b
node s = Activation(a) func=sigmoid
node y = Linear(s) weight=v
output y
`, `model  "m"
input  x [2]
param  w [2 2]
param  b [2]
param  v [1 2]
param  y.bias [1]
node   a = Linear(x) weight=w bias=b
node   s = Activation(a) func=sigmoid
node   y = Linear(s) weight=v bias=y.bias
output y
`, map[string][]float32{"w": {0, 0, 1, 2}, "v": {3, 4}}, `1 of 2 inputs of "y" never change`},

		{"units", "drop-units", `model "m"
input x [2]
state h [3] init=h0
param h0 [3]
param wi [3 2]
param wh [3 3]
param v [1 3]
node r = RNN(x) weight_ih=wi weight_hh=wh h=h func=tanh
node y = Linear(r) weight=v
output y
`, `model  "m"
input  x [2]
state  h [2] init=h0
param  h0 [2]
param  wi [2 2]
param  wh [2 2]
param  v [1 2]
node   r = RNN(x) weight_ih=wi weight_hh=wh h=h func=tanh
node   y = Linear(r) weight=v
output y
`, map[string][]float32{ // unit 1 reads only itself and is read only by itself
			"wh": {1, 0, 1, 0, 1, 0, 0, 0, 0}, "v": {1, 0, 0}}, `1 of 3 units of "r" are read by nothing`},

		{"moved elements", "fold-picks", `model "m"
input x [2]
input z [2]
param w [1 6]
node both = Concat(x, z)
node all = Concat(both, x)
node turned = Pick(all) spans=5:6:-1
node same = Pick(turned) spans="0:3/3:3"
node part = Pick(all) spans="3:2:-1/-1:1"
node alone = Concat(part)
node y = Linear(same) weight=w
node p = Activation(alone) func=tanh
output y
output p
`, `model  "m"
input  x [2]
input  z [2]
param  w [1 6]
node   all = Concat(x, z, x)
node   part = Pick(z) spans=1:2:-1/-1:1
node   y = Linear(all) weight=w
node   p = Activation(part) func=tanh
output y
output p
`, nil, `columns of "w" in the order of "all"`},

		{"zeros at the ends of a convolution", "fold-picks", `model "m"
input x [6]
param w [2 4]
param v [2 4]
node windows = Pick(x) spans="-1:1/2:3"
node a = Linear(windows) weight=w
node wide = Pick(a) spans="-1:1/0:2/-1:1"
node y = Linear(wide) weight=v
output y
`, `model  "m"
input  x [6]
param  w [2 4]
param  v [2 2]
node   windows = Pick(x) spans="-1:1/2:3"
node   a = Linear(windows) weight=w
node   y = Linear(a) weight=v
output y
`, nil, `columns of "v" in the order of "a"`},

		{"nodes of constants", "compute-constants", `model "m"
input x [2]
param c [3]
param w [2 3]
node k = Constant() value=c
node l = Linear(k) weight=w
node s = Activation(l) func=sigmoid
node y = Binary(x, s) func=div
output y
`, `model  "m"
input  x [2]
param  c [3]
param  l.value [2]
param  s.value [2]
node   k = Constant() value=c
node   l = Constant() value=l.value
node   s = Constant() value=s.value
node   y = Binary(x, s) func=div
output y
`, nil, `node "s" reads nothing but constants`},

		{"an added constant", "fold-biases", `model "m"
input x [4]
param c [4]
param w [2 2]
param b [2]
node k = Constant() value=c
node l = Linear(x) weight=w bias=b rows=2
node y = Binary(k, l) func=add
output y
`, `model  "m"
input  x [4]
param  c [4]
param  w [2 2]
param  b [2]
node   k = Constant() value=c
node   y = Linear(x) weight=w bias=b rows=2
output y
`, map[string][]float32{"c": {1, 2, 1, 2}}, `constant "k" is the bias of "y"`},

		{"rows of a product are tied", "drop-units", `model "m"
input x [2]
param wa [3 2]
param wb [3 2]
param wr [1 3]
node a = Linear(x) weight=wa
node b = Linear(x) weight=wb
node w = Pick(a) spans="-1:1/0:3/0:3/-1:1"
node all = Pick(w) spans="1:6"
node both = Concat(all, b)
node y = Linear(both) weight=wr rows=3
output y
`, `model  "m"
input  x [2]
param  wa [2 2]
param  wb [2 2]
param  wr [1 2]
node   a = Linear(x) weight=wa
node   b = Linear(x) weight=wb
node   w = Pick(a) spans="-1:1/0:2/0:2/-1:1"
node   all = Pick(w) spans=1:4
node   both = Concat(all, b)
node   y = Linear(both) weight=wr rows=3
output y
`, map[string][]float32{"wr": {1, 0, 2}}, `1 of 3 units of "a" are read by nothing`},

		{"a state that nothing writes to", "fold-constants", `model "m"
input x [2]
state s [2] init=s0
param s0 [2]
param w [2 2]
param v [1 2]
node r = Recall() state=s
node a = Linear(x) weight=w
node n = Binary(a, r) func=mul
node k = Binary(n, r) func=add
node st = Store(k) state=s
node y = Linear(r) weight=v
output y
`, `model  "m"
input  x [2]
state  s [2] init=s0
param  s0 [2]
param  w [2 2]
param  v [1 2]
param  y.bias [1]
node   r = Recall() state=s
node   a = Linear(x) weight=w
node   n = Binary(a, r) func=mul
node   k = Binary(n, r) func=add
node   st = Store(k) state=s
node   y = Linear(r) weight=v bias=y.bias
output y
`, map[string][]float32{"s0": {1, 3}, "w": {1, 1, 0, 0}, "v": {2, 5}}, `1 of 2 inputs of "y" never change`},

		{"the need of a state", "drop-dead", `model "m"
input x [2]
state s [2]
state u [2]
param w [2 2]
node r = Recall() state=s
node dead = Recall() state=u
node a = Linear(x) weight=w
node n = Binary(a, r) func=add
node st = Store(n) state=s
node deader = Store(a) state=u
node y = Activation(r) func=tanh
output y
`, `model  "m"
input  x [2]
state  s [2]
param  w [2 2]
node   r = Recall() state=s
node   a = Linear(x) weight=w
node   n = Binary(a, r) func=add
node   st = Store(n) state=s
node   y = Activation(r) func=tanh
output y
`, nil, `node "deader" is needed by no output`},

		{"bounds", "fold-activations", `model "m"
input x [2]
node s = Activation(x) func=hard_sigmoid alpha=0.2 beta=0.5
node a = Activation(s) func=abs
node c = Activation(a) func=clamp alpha=-1 beta=1
node d = Activation(c) func=clamp alpha=0.5 beta=1
node e = Activation(d) func=affine alpha=1
node y = Activation(e) func=softsign
output y
`, `model  "m"
input  x [2]
node   s = Activation(x) func=hard_sigmoid alpha=0.2 beta=0.5
node   d = Activation(s) func=clamp alpha=0.5 beta=1
node   y = Activation(d) func=softsign
output y
`, nil, `activation "c" changes nothing`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, test.before, test.set)
			r := &Report{}
			got := apply1(t, test.pass, m, r)
			var text strings.Builder
			if err := ir.Print(&text, got); err != nil {
				t.Fatal(err)
			}
			if text.String() != test.after {
				t.Errorf("got\n%swant\n%s", &text, test.after)
			}
			var notes strings.Builder
			if err := r.Print(&notes); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(notes.String(), test.note) {
				t.Errorf("notes\n%swant %q", &notes, test.note)
			}
			sameOutputs(t, m, got)
		})
	}
}

// TestConstantColumnsAreCleared holds what fold-constants leaves for drop-units.
func TestConstantColumnsAreCleared(t *testing.T) {
	m := parse(t, `model "m"
input x [2]
state h [2]
state c [2]
param wi [8 2]
param wh [8 2]
param v [1 2]
node l = LSTM(x) weight_ih=wi weight_hh=wh h=h c=c
node y = Linear(l) weight=v
output y
`, nil)
	// Rows 4 and 5 are gate g; nothing writes to unit 1.
	copy(m.Param("wi").Data[5*2:], []float32{0, 0})
	copy(m.Param("wh").Data[5*2:], []float32{0, 0})
	folded := apply1(t, "fold-constants", m, &Report{})
	if v := folded.Param("v").Data; v[1] != 0 || v[0] == 0 {
		t.Errorf("readout is %v, want its second weight cleared", v)
	}
	dropped := apply1(t, "drop-units", folded, &Report{})
	if n := dropped.State("c").Size; n != 1 {
		t.Errorf("%d units are left, want 1", n)
	}
	sameOutputs(t, m, dropped)
}

// TestUnitsGoByCells holds that a dead unit inside a block of rows stays: without
// it the rows behind it would slide into other blocks.
func TestUnitsGoByCells(t *testing.T) {
	m := parse(t, `model "m"
input x [3]
param w [16 3]
param v [1 16]
node s = Linear(x) weight=w
node y = Linear(s) weight=v
output y
`, nil)
	w, v := m.Param("w").Data, m.Param("v").Data
	for r := range 16 {
		copy(w[r*3:], []float32{1, 0, 0}) // blocks 8x1
		if r >= 8 {
			copy(w[r*3:], []float32{0, 2, 0})
		}
		v[r] = 1
	}
	v[2] = 0 // unit 2 is dead, unit 3 is not
	if got := apply1(t, "drop-units", m, &Report{}); got.Param("w").Shape[0] != 16 {
		t.Errorf("%d rows are left, want all 16", got.Param("w").Shape[0])
	}
	clear(v[:8])
	got := apply1(t, "drop-units", m, &Report{})
	if got.Param("w").Shape[0] != 8 {
		t.Errorf("%d rows are left of a dead block and a living one, want 8", got.Param("w").Shape[0])
	}
	sameOutputs(t, m, got)
}

// TestPermuteSavesSteps reorders a matrix whose rows are of two kinds, shuffled,
// and counts what the search counts anew.
func TestPermuteSavesSteps(t *testing.T) {
	const text = `model "m"
input x [64]
state h [64]
param wi [64 64]
param wh [64 64]
param v [3 64]
node r = RNN(x) weight_ih=wi weight_hh=wh h=h func=tanh
node y = Linear(r) weight=v
output y
`
	m := parse(t, text, nil)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range m.Param("wi").Data {
		keep := i/64*29%64 < 20 && rng.IntN(2) == 0 // full and empty rows, shuffled
		if !keep {
			m.Param("wi").Data[i] = 0
		}
		if rng.IntN(10) > 0 {
			m.Param("wh").Data[i] = 0
		}
	}
	r := &Report{Units: map[string][]int{"h": identity(64)}}
	got, err := permuteStates(PermuteOptions{Budget: 300_000})(m, r)
	if err != nil {
		t.Fatal(err)
	}
	before, after := axisSteps(m, "r"), axisSteps(got, "r")
	if after > before*9/10 {
		t.Errorf("%d window steps, want a tenth less than %d", after, before)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Text, "64 units of \"r\" reordered") {
		t.Errorf("notes %v", r.Notes)
	}
	again, _ := permuteStates(PermuteOptions{Budget: 300_000})(m, &Report{})
	for i, p := range got.Params {
		for k := range p.Data {
			if again.Params[i].Data[k] != p.Data[k] {
				t.Fatalf("%q differs when the pass runs again", p.Name)
			}
		}
	}
	sameOutputs(t, m, got)
	if want := fmt.Sprintf("%d window steps, %d before", after, before); !strings.Contains(r.Notes[0].Text, want) {
		t.Errorf("notes %v, want %s", r.Notes, want)
	}
}

// TestPermuteTwin holds that both models compute what they did.
func TestPermuteTwin(t *testing.T) {
	const text = `model "m"
input x [16]
state h [48]
param wi [144 16]
param wh [144 48]
param v [3 48]
node r = GRU(x) weight_ih=wi weight_hh=wh h=h reset=after func=tanh
node y = Linear(r) weight=v
output y
`
	m, twin := parse(t, text, nil), parse(t, text, nil)
	rng := rand.New(rand.NewPCG(4, 4))
	for _, name := range []string{"wi", "wh"} {
		for i := range m.Param(name).Data {
			if rng.IntN(48) > i/16%48/4 {
				m.Param(name).Data[i] = 0
			}
		}
	}
	gotM, gotTwin := Permute(m, twin, PermuteOptions{Budget: 200_000})
	if gotM == m || gotTwin == twin {
		t.Fatal("the units stay as they are: nothing was tested")
	}
	sameOutputs(t, m, gotM)
	sameOutputs(t, twin, gotTwin)
	for i, p := range gotM.Params {
		for k, w := range p.Data {
			if w != 0 && w != gotTwin.Params[i].Data[k] {
				t.Fatalf("%q: element %d is %v in the model and %v in its twin", p.Name, k, w, gotTwin.Params[i].Data[k])
			}
		}
	}
}

// axisSteps counts the window steps of the matrices of a recurrent node.
func axisSteps(m *ir.Model, node string) int {
	a := analyse(m)
	steps := 0
	for _, m := range newPermutation(a, a.root(a.value[node][0].axis)).matrices {
		var gates []sparse.Span
		for g := range m.Gates {
			gates = append(gates, sparse.Span{From: g * m.Matrix.Rows / m.Gates, To: (g + 1) * m.Matrix.Rows / m.Gates})
		}
		steps += sparse.MaskOf(m.Matrix).WindowSteps(gates...)
	}
	return steps
}

func TestPermuteLeavesPatterns(t *testing.T) {
	m := parse(t, `model "m"
input x [16]
state h [16]
param wi [16 16]
param wh [16 16]
param v [3 16]
node r = RNN(x) weight_ih=wi weight_hh=wh h=h func=tanh
node y = Linear(r) weight=v
output y
`, nil)
	for i := range m.Param("wh").Data {
		if (i/16/8+i%16)%3 > 0 { // blocks of 8×1
			m.Param("wh").Data[i] = 0
		}
	}
	r := &Report{}
	got, err := permuteStates(PermuteOptions{Budget: 1000})(m, r)
	if err != nil {
		t.Fatal(err)
	}
	if got != m || len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Text, `"wh" has the pattern block8x1`) {
		t.Errorf("notes %v, want the units left alone", r.Notes)
	}
}

func parse(t *testing.T, text string, set map[string][]float32) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64())
		}
		copy(p.Data, set[p.Name])
	}
	return m
}

func apply1(t *testing.T, name string, m *ir.Model, r *Report) *ir.Model {
	t.Helper()
	for _, p := range Pipeline(Options{}) {
		if p.Name != name {
			continue
		}
		r.pass = name
		got, err := p.Run(m, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Verify(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Fatalf("no pass %s", name)
	return nil
}

// sameOutputs runs both models over random frames; folded biases are rounded
// once, to 2^-24, which a few frames do not amplify beyond 2^-19.
func sameOutputs(t *testing.T, before, after *ir.Model) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 2))
	a, err := eval.New(before)
	if err != nil {
		t.Fatal(err)
	}
	b, err := eval.New(after)
	if err != nil {
		t.Fatal(err)
	}
	for frame := range 6 {
		in := eval.Frame{}
		for _, port := range before.Inputs {
			x := make([]float64, port.Type.Len())
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			in[port.Name] = x
		}
		want, err := a.Step(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Step(in)
		if err != nil {
			t.Fatal(err)
		}
		for name := range want {
			for i, w := range want[name] {
				if math.Abs(got[name][i]-w) > 0x1p-19*max(1, math.Abs(w)) {
					t.Errorf("frame %d: %s[%d] is %v, before the pass %v", frame, name, i, got[name][i], w)
				}
			}
		}
	}
}
