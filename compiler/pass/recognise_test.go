package pass

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// lstmInOneState is an LSTM as PyTorch's exporter spells it out, with h and c in one
// state that tensors show.
const lstmInOneState = `model "m"
input x [3]
state s [4] init=s0
param s0 [4]
param wi [8 3]
param wh [8 2]
param bi [8]
param bh [8]
param v [1 2]
node r = Recall() state=s
node h = Pick(r) spans="0:2"
node c = Pick(r) spans="2:2"
node fromh = Linear(h) weight=wh bias=bh
node fromx = Linear(x) weight=wi bias=bi
node a = Binary(fromh, fromx) func=add
node ai = Pick(a) spans="0:2"
node af = Pick(a) spans="2:2"
node ag = Pick(a) spans="4:2"
node ao = Pick(a) spans="6:2"
node i = Activation(ai) func=sigmoid
node f = Activation(af) func=sigmoid
node g = Activation(ag) func=tanh
node o = Activation(ao) func=sigmoid
node keep = Binary(f, c) func=mul
node fresh = Binary(i, g) func=mul
node c2 = Binary(keep, fresh) func=add
node t = Activation(c2) func=tanh
node h2 = Binary(o, t) func=mul
node s2 = Concat(h2, c2)
node st = Store(s2) state=s
node y = Linear(h2) weight=v
output y
`

// TestRecognise shows which cells are found, each paired with the numbers of the
// graph before and after.
func TestRecognise(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after string
		set           map[string][]float32
	}{
		{"lstm with its states in one", lstmInOneState, `model  "m"
input  x [3]
state  s.0 [2] init=s0.0
state  s.1 [2] init=s0.1
param  wi [8 3]
param  wh [8 2]
param  bi [8]
param  bh [8]
param  v [1 2]
param  s0.0 [2]
param  s0.1 [2]
node   h2 = LSTM(x) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=s.0 c=s.1
node   y = Linear(h2) weight=v
output y
`, nil},

		{"lstm of a joined input, gates in another order, an added constant, c' read", `model "m"
input x [3]
state h [2]
state c [2]
param w [8 5]
param b [8]
param one [2]
node hr = Recall() state=h
node cr = Recall() state=c
node xh = Concat(x, hr)
node a = Linear(xh) weight=w bias=b
node aj = Pick(a) spans="2:2"
node ai = Pick(a) spans="0:2"
node af = Pick(a) spans="4:2"
node ao = Pick(a) spans="6:2"
node forget = Constant() value=one
node ff = Binary(af, forget) func=add
node f = Activation(ff) func=hard_sigmoid alpha=0.2 beta=0.5
node i = Activation(ai) func=hard_sigmoid alpha=0.2 beta=0.5
node o = Activation(ao) func=hard_sigmoid alpha=0.2 beta=0.5
node j = Activation(aj) func=relu
node ij = Binary(j, i) func=mul
node fc = Binary(cr, f) func=mul
node c2 = Binary(ij, fc) func=add
node h2 = Binary(c2, o) func=mul
node ch = Store(h2) state=h
node cs = Store(c2) state=c
node y = Binary(ch, cs) func=sub
output y
`, `model  "m"
input  x [3]
state  h [2]
state  c [2]
param  h2.weight_ih [8 3]
param  h2.weight_hh [8 2]
param  h2.bias_ih [8]
node   h2.both = LSTM(x) weight_ih=h2.weight_ih weight_hh=h2.weight_hh bias_ih=h2.bias_ih h=h c=c gate=hard_sigmoid:0.2:0.5 candidate=relu output=identity both=true
node   h2 = Pick(h2.both) spans=0:2
node   c2 = Pick(h2.both) spans=2:2
node   y = Binary(h2, c2) func=sub
output y
`, map[string][]float32{"one": {1, 1}}},

		{"gru that resets after", `model "m"
input x [3]
state h [2]
param wi [6 3]
param wh [6 2]
param bi [6]
param bh [6]
param one [2]
node hr = Recall() state=h
node fromx = Linear(x) weight=wi bias=bi
node fromh = Linear(hr) weight=wh bias=bh
node xr = Pick(fromx) spans="0:2"
node xz = Pick(fromx) spans="2:2"
node xn = Pick(fromx) spans="4:2"
node hhr = Pick(fromh) spans="0:2"
node hz = Pick(fromh) spans="2:2"
node hn = Pick(fromh) spans="4:2"
node ar = Binary(xr, hhr) func=add
node az = Binary(xz, hz) func=add
node r = Activation(ar) func=sigmoid
node z = Activation(az) func=sigmoid
node rhn = Binary(r, hn) func=mul
node an = Binary(xn, rhn) func=add
node n = Activation(an) func=tanh
node ones = Constant() value=one
node z1 = Binary(ones, z) func=sub
node fresh = Binary(z1, n) func=mul
node keep = Binary(z, hr) func=mul
node h2 = Binary(fresh, keep) func=add
node st = Store(h2) state=h
output h2
`, `model  "m"
input  x [3]
state  h [2]
param  wi [6 3]
param  wh [6 2]
param  bi [6]
param  bh [6]
node   h2 = GRU(x) weight_ih=wi weight_hh=wh bias_ih=bi bias_hh=bh h=h reset=after func=tanh
output h2
`, map[string][]float32{"one": {1, 1}}},

		{"gru that resets before, by the gate for the new", `model "m"
input x [3]
state h [2]
param wr [2 5]
param wu [2 3]
param uu [2 2]
param wn [2 5]
param bu [2]
node hr = Recall() state=h
node xh = Concat(x, hr)
node ar = Linear(xh) weight=wr
node r = Activation(ar) func=sigmoid
node xu = Linear(x) weight=wu
node hu = Linear(hr) weight=uu bias=bu
node au = Binary(xu, hu) func=add
node u = Activation(au) func=sigmoid
node rh = Binary(hr, r) func=mul
node xrh = Concat(x, rh)
node an = Linear(xrh) weight=wn
node n = Activation(an) func=relu
node d = Binary(n, hr) func=sub
node ud = Binary(d, u) func=mul
node h2 = Binary(ud, hr) func=add
node st = Store(h2) state=h
output h2
`, `model  "m"
input  x [3]
state  h [2]
param  h2.weight_ih [6 3]
param  h2.weight_hh [6 2]
param  h2.bias_hh [6]
node   h2 = GRU(x) weight_ih=h2.weight_ih weight_hh=h2.weight_hh bias_hh=h2.bias_hh h=h reset=before func=relu
output h2
`, nil},

		{"rnn of two inputs", `model "m"
input x [3]
input z [1]
state h [2]
param wx [2 3]
param wz [2 1]
param wh [2 2]
node hr = Recall() state=h
node e = Activation(x) func=tanh
node ax = Linear(e) weight=wx
node az = Linear(z) weight=wz
node ah = Linear(hr) weight=wh
node a = Binary(ax, ah) func=add
node b = Binary(a, az) func=sub
node h2 = Activation(b) func=leaky_relu alpha=0.125
node st = Store(h2) state=h
output h2
`, `model  "m"
input  x [3]
input  z [1]
state  h [2]
param  wh [2 2]
param  h2.weight_ih [2 4]
node   e = Activation(x) func=tanh
node   h2.input = Concat(e, z)
node   h2 = RNN(h2.input) weight_ih=h2.weight_ih weight_hh=wh h=h func=leaky_relu alpha=0.125
output h2
`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, test.before, test.set)
			got := recognised(t, m)
			var text strings.Builder
			if err := ir.Print(&text, got); err != nil {
				t.Fatal(err)
			}
			if text.String() != test.after {
				t.Errorf("got\n%swant\n%s", &text, test.after)
			}
			sameTrace(t, m, got)
		})
	}
}

func recognised(t *testing.T, m *ir.Model) *ir.Model {
	t.Helper()
	got, _, err := Recognise(m)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sameTrace runs both models over random frames; one order of sums or another makes
// no more than 1e-12.
func sameTrace(t *testing.T, before, after *ir.Model) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 3))
	frames := make([]eval.Frame, 8)
	for i := range frames {
		frames[i] = eval.Frame{}
		for _, in := range before.Inputs {
			frames[i][in.Name] = random(rng, in.Type.Len())
		}
	}
	want, got := traceOf(t, before, frames), traceOf(t, after, frames)
	for i := range want {
		for name, w := range want[i] {
			for k := range w {
				if math.Abs(got[i][name][k]-w[k]) > 1e-12*max(1, math.Abs(w[k])) {
					t.Errorf("frame %d: %s[%d] is %v, want %v", i, name, k, got[i][name][k], w[k])
				}
			}
		}
	}
}

func traceOf(t *testing.T, m *ir.Model, frames []eval.Frame) []eval.Frame {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Run(frames)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRecogniseSplitsTensors holds that tensors show the parts of a state that is
// split, and that the pipeline, behind the importer, leaves such a state.
func TestRecogniseSplitsTensors(t *testing.T) {
	m := parse(t, lstmInOneState, nil)
	for _, output := range []bool{false, true} {
		m.Tensors = append(m.Tensors, ir.Tensor{Name: "state", Output: output, Shape: []int{2, 1, 2}, Time: -1,
			Parts: []ir.Part{{Kind: ir.StatePart, Name: "s"}}})
	}
	m.Tensors = append(m.Tensors,
		ir.Tensor{Name: "x", Shape: []int{1, 3}, Time: 0, Parts: []ir.Part{{Name: "x"}}},
		ir.Tensor{Name: "y", Output: true, Shape: []int{1, 1}, Time: 0, Parts: []ir.Part{{Name: "y"}}})
	got := recognised(t, m)
	if parts := got.Tensors[0].Parts; len(parts) != 2 || parts[0].Name != "s.0" || parts[1].Name != "s.1" {
		t.Errorf("parts %v, want s.0 and s.1", parts)
	}
	inputs := map[string]eval.Tensor{
		"state": {Shape: []int{2, 1, 2}, Data: []float64{0.5, -0.25, 1, 2}},
		"x":     {Shape: []int{2, 3}, Data: []float64{1, 2, 3, -1, 0, 1}},
	}
	want, after := tensorsOf(t, m, inputs), tensorsOf(t, got, inputs)
	for name, w := range want {
		for i := range w.Data {
			if math.Abs(after[name].Data[i]-w.Data[i]) > 1e-12 {
				t.Errorf("%s[%d] is %v, want %v", name, i, after[name].Data[i], w.Data[i])
			}
		}
	}
	left := apply1(t, "recognise-cells", m, &Report{})
	if left.State("s") == nil {
		t.Error("the pipeline split a state that a tensor shows")
	}
	m.Tensors = nil
	r := &Report{Units: map[string][]int{"s": identity(4)}}
	split := apply1(t, "recognise-cells", m, r)
	if units := r.Units["s.1"]; split.State("s") != nil || len(units) != 2 || units[0] != 2 || r.Origin["s.1"] != "s" {
		t.Errorf("units %v of origin %q, want 2 and 3 of s", units, r.Origin["s.1"])
	}
}

func tensorsOf(t *testing.T, m *ir.Model, inputs map[string]eval.Tensor) map[string]eval.Tensor {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.RunTensors(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRecogniseLeavesOthers changes one thing of an LSTM that is found.
func TestRecogniseLeavesOthers(t *testing.T) {
	for _, change := range [][2]string{
		{"output y", "output y\noutput f"}, // a gate is read
		{"output y", "output y\noutput c"}, // the last c is read
		{"node f = Activation(af) func=sigmoid", "node f = Activation(af) func=hard_sigmoid alpha=1"}, // gates differ
		{"node i = Activation(ai) func=sigmoid", "node i = Activation(ai) func=exp"},                  // no cell has it
		{"node keep = Binary(f, c) func=mul", "node keep = Binary(f, h) func=mul"},
		{"node c2 = Binary(keep, fresh) func=add", "node c2 = Binary(keep, fresh) func=max"},
		{"node t = Activation(c2) func=tanh", "node t = Activation(fresh) func=tanh"},
		{"node s2 = Concat(h2, c2)", "node s2 = Concat(c2, h2)"}, // h is the last c
		{"node ag = Pick(a) spans=\"4:2\"", "node ax = Activation(a) func=relu\nnode ag = Pick(ax) spans=\"4:2\""},
		{"node fromh = Linear(h) weight=wh bias=bh", "node e = Activation(h) func=tanh\nnode fromh = Linear(e) weight=wh bias=bh"},
	} {
		text := strings.Replace(lstmInOneState, change[0], change[1], 1)
		if text == lstmInOneState {
			t.Fatalf("%q is not there", change[0])
		}
		m := parse(t, text, nil)
		got := recognised(t, m)
		for _, n := range got.Nodes {
			if n.Op.Kind() == "LSTM" {
				t.Errorf("%s: node %q is taken for an LSTM", change[1], n.Name)
			}
		}
		if got != m {
			t.Errorf("%s: a model without a cell is not returned as it is", change[1])
		}
		sameTrace(t, m, got)
	}
}
