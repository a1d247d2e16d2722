package eval

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// parse reads a graph and fills it with random numbers in [−1, 1).
func parse(t testing.TB, text string) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader("model m\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = 2*rng.Float32() - 1
		}
	}
	return m
}

func newGraph(t testing.TB, m *ir.Model) *Graph {
	t.Helper()
	g, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// sequence is n random frames of x [size].
func sequence(n, size int) []Frame {
	rng := rand.New(rand.NewPCG(5, 6))
	frames := make([]Frame, n)
	for t := range frames {
		x := make([]float64, size)
		for i := range x {
			x[i] = 2 * rng.NormFloat64()
		}
		frames[t] = Frame{"x": x}
	}
	return frames
}

func run(t testing.TB, g *Graph, in []Frame) []Frame {
	t.Helper()
	out, err := g.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near fails unless got is want but for the rounding of sums in another order.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-13*(1+math.Abs(want[i]))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// cellGraph is one recurrent layer of 3 inputs and 2 states.
func cellGraph(gates int, bias bool, node string) string {
	rows := []string{1: "2", 3: "6", 4: "8"}[gates]
	text := "input x [3]\nstate h [2] init=h0\nparam h0 [2]\nparam wi [" + rows + " 3]\nparam wh [" + rows + " 2]\n"
	node += " weight_ih=wi weight_hh=wh h=h"
	if bias {
		text += "param bi [" + rows + "]\nparam bh [" + rows + "]\n"
		node += " bias_ih=bi bias_hh=bh"
	}
	if gates == 4 {
		text += "state c [2] init=c0\nparam c0 [2]\n"
		node += " c=c"
	}
	return text + "node y = " + node + "\noutput y"
}

// gate is element i of gate k, by the definition of a sum: the part of the
// input and the part of the state.
func gate(m *ir.Model, k, i int, x, h []float64) (fromX, fromH float64) {
	row := k*len(h) + i
	for j := range x {
		fromX += float64(m.Param("wi").Data[row*len(x)+j]) * x[j]
	}
	for j := range h {
		fromH += float64(m.Param("wh").Data[row*len(h)+j]) * h[j]
	}
	if b := m.Param("bi"); b != nil {
		fromX += float64(b.Data[row])
	}
	if b := m.Param("bh"); b != nil {
		fromH += float64(b.Data[row])
	}
	return fromX, fromH
}

// sigmoidByTanh is the sigmoid by another formula.
func sigmoidByTanh(x float64) float64 { return (1 + math.Tanh(x/2)) / 2 }

// TestCells holds every cell against its formula, element by element, over a
// sequence from a state that is not zero.
func TestCells(t *testing.T) {
	type cell func(m *ir.Model, x, h, c []float64) (nextH, nextC []float64)
	rnn := func(f func(float64) float64) cell {
		return func(m *ir.Model, x, h, c []float64) ([]float64, []float64) {
			next := make([]float64, 2)
			for i := range next {
				a, b := gate(m, 0, i, x, h)
				next[i] = f(a + b)
			}
			return next, nil
		}
	}
	clip := func(bound float64) func(float64) float64 {
		return func(x float64) float64 {
			if x < 0 {
				return 0
			}
			if x > bound {
				return bound
			}
			return x
		}
	}
	gru := func(before bool, f func(float64) float64) cell {
		return func(m *ir.Model, x, h, c []float64) ([]float64, []float64) {
			r, next := make([]float64, 2), make([]float64, 2)
			rh := make([]float64, 2)
			for i := range r {
				a, b := gate(m, 0, i, x, h)
				r[i] = sigmoidByTanh(a + b)
				rh[i] = r[i] * h[i]
			}
			for i := range next {
				za, zb := gate(m, 1, i, x, h)
				z := sigmoidByTanh(za + zb)
				a, b := gate(m, 2, i, x, h)
				n := f(a + r[i]*b)
				if before {
					_, b = gate(m, 2, i, x, rh)
					n = f(a + b)
				}
				next[i] = n + z*(h[i]-n)
			}
			return next, nil
		}
	}
	lstm := func(m *ir.Model, x, h, c []float64) ([]float64, []float64) {
		nextH, nextC := make([]float64, 2), make([]float64, 2)
		for i := range nextH {
			var a [4]float64
			for k := range a {
				fromX, fromH := gate(m, k, i, x, h)
				a[k] = fromX + fromH
			}
			nextC[i] = sigmoidByTanh(a[1])*c[i] + sigmoidByTanh(a[0])*math.Tanh(a[2])
			nextH[i] = sigmoidByTanh(a[3]) * math.Tanh(nextC[i])
		}
		return nextH, nextC
	}
	tests := []struct {
		node  string
		gates int
		cell  cell
	}{
		{"RNN(x) func=tanh", 1, rnn(math.Tanh)},
		{"RNN(x) func=sigmoid", 1, rnn(sigmoidByTanh)},
		{"RNN(x) func=relu", 1, rnn(clip(math.Inf(1)))},
		{"RNN(x) func=clipped_relu clip=0.75", 1, rnn(clip(0.75))},
		{"GRU(x) func=tanh reset=after", 3, gru(false, math.Tanh)},
		{"GRU(x) func=tanh reset=before", 3, gru(true, math.Tanh)},
		{"GRU(x) func=relu reset=after", 3, gru(false, clip(math.Inf(1)))},
		{"GRU(x) func=relu reset=before", 3, gru(true, clip(math.Inf(1)))},
		{"LSTM(x)", 4, lstm},
	}
	for _, tc := range tests {
		for _, bias := range []bool{false, true} {
			m := parse(t, cellGraph(tc.gates, bias, tc.node))
			g := newGraph(t, m)
			h, c := g.State("h"), g.State("c")
			for _, in := range sequence(9, 3) {
				h, c = tc.cell(m, in["x"], h, c)
				out, err := g.Step(in)
				if err != nil {
					t.Fatal(err)
				}
				near(t, tc.node, out["y"], h)
				near(t, tc.node+" h", g.State("h"), h)
				near(t, tc.node+" c", g.State("c"), c)
			}
		}
	}
}

// TestCellsByHand has numbers worked out on paper for weights that are zero.
func TestCellsByHand(t *testing.T) {
	zero := func(m *ir.Model) *ir.Model {
		for _, p := range m.Params {
			clear(p.Data)
		}
		return m
	}
	x := Frame{"x": {1, 2, 3}}

	// Every gate is ½ and the candidate is 0: h' = h/2.
	g := newGraph(t, zero(parse(t, cellGraph(3, true, "GRU(x) func=tanh reset=after"))))
	if err := g.SetState("h", []float64{1, -4}); err != nil {
		t.Fatal(err)
	}
	out, _ := g.Step(x)
	near(t, "gru", out["y"], []float64{0.5, -2})

	// c' = c/2, h' = tanh(c/2)/2; tanh(ln 2) = 3/5.
	g = newGraph(t, zero(parse(t, cellGraph(4, true, "LSTM(x)"))))
	if err := g.SetState("c", []float64{2 * math.Ln2, 0}); err != nil {
		t.Fatal(err)
	}
	out, _ = g.Step(x)
	near(t, "lstm", out["y"], []float64{0.3, 0})
	near(t, "lstm c", g.State("c"), []float64{math.Ln2, 0})

	// With b_hn = 2 ln 2 and r = ½, after: n = tanh(ln 2) = 3/5; before:
	// n = tanh(2 ln 2) = 15/17. h' = n/2 from h = 0.
	for mode, n := range map[string]float64{"after": 0.6, "before": 15. / 17} {
		m := zero(parse(t, cellGraph(3, true, "GRU(x) func=tanh reset="+mode)))
		m.Param("bh").Data[4] = 2 * math.Ln2
		out, _ = newGraph(t, m).Step(x)
		if got := out["y"][0]; math.Abs(got-n/2) > 1e-7 { // ln 2 was rounded to float32
			t.Errorf("reset %s: %v, want %v", mode, got, n/2)
		}
	}
}

// TestSaturatedGatesKeepState opens and closes gates wholly.
func TestSaturatedGatesKeepState(t *testing.T) {
	m := parse(t, cellGraph(3, true, "GRU(x) func=tanh reset=after"))
	m.Param("bi").Data[2], m.Param("bi").Data[3] = 1e4, 1e4 // z = 1
	g := newGraph(t, m)
	want := g.State("h")
	run(t, g, sequence(20, 3))
	if got := g.State("h"); !slices.Equal(got, want) {
		t.Errorf("GRU with z = 1: %v, want %v", got, want)
	}

	m = parse(t, cellGraph(4, true, "LSTM(x)"))
	for i := range 2 {
		m.Param("bi").Data[i] = -1e4  // i = 0
		m.Param("bi").Data[2+i] = 1e4 // f = 1
	}
	g = newGraph(t, m)
	want = g.State("c")
	run(t, g, sequence(20, 3))
	if got := g.State("c"); !slices.Equal(got, want) {
		t.Errorf("LSTM with i = 0, f = 1: %v, want %v", got, want)
	}
}

func TestReverse(t *testing.T) {
	for gates, node := range map[int]string{1: "RNN(x) func=tanh", 3: "GRU(x) func=tanh reset=before", 4: "LSTM(x)"} {
		forwards := newGraph(t, parse(t, cellGraph(gates, true, node)))
		backwards := newGraph(t, parse(t, cellGraph(gates, true, node+" direction=reverse")))
		in := sequence(6, 3)
		turned := slices.Clone(in)
		slices.Reverse(turned)
		want := run(t, forwards, turned)
		slices.Reverse(want)
		for range 2 { // a second sequence begins anew
			if got := run(t, backwards, in); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", node, got, want)
			}
		}
		for _, g := range []*Graph{forwards, backwards} {
			g.Reset()
			if err := g.SetState("h", []float64{0.5, -0.25}); err != nil {
				t.Fatal(err)
			}
		}
		given := run(t, forwards, turned)
		slices.Reverse(given)
		if got := run(t, backwards, in); !reflect.DeepEqual(got, given) || reflect.DeepEqual(got, want) {
			t.Errorf("%s: from a state that was set got %v, want %v", node, got, given)
		}
		if got := run(t, backwards, in); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the sequence behind one from a state that was set: got %v, want %v", node, got, want)
		}
		if got, want := backwards.State("h"), want[0]["y"]; !slices.Equal(got, want) {
			t.Errorf("%s: state %v, want %v of frame 0", node, got, want)
		}
		if _, err := backwards.Step(in[0]); err == nil {
			t.Errorf("%s: a reversed model was stepped", node)
		}
	}
}

func TestBidirectional(t *testing.T) {
	m := parse(t, `input x [2]
state hf [1]
state hb [1]
param wi [1 2]
param wh [1 1]
node forth = RNN(x) weight_ih=wi weight_hh=wh h=hf func=relu
node back = RNN(x) weight_ih=wi weight_hh=wh h=hb func=relu direction=reverse
node both = Concat(forth, back)
output both`)
	m.Param("wi").Data = []float32{1, 1}
	m.Param("wh").Data = []float32{1}
	in := []Frame{{"x": {1, 0}}, {"x": {1, 1}}, {"x": {0, 4}}}
	got := run(t, newGraph(t, m), in)
	want := []Frame{{"both": {1, 7}}, {"both": {3, 6}}, {"both": {7, 4}}} // sums so far and from here
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRunEqualsSteps(t *testing.T) {
	m := parse(t, cellGraph(4, true, "LSTM(x)"))
	in := sequence(7, 3)
	g := newGraph(t, m)
	var steps []Frame
	for _, x := range in {
		out, err := g.Step(x)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, out)
	}
	g.Reset()
	if whole := run(t, g, in); !reflect.DeepEqual(whole, steps) {
		t.Error("Run differs from Step")
	}
	g.Reset()
	parts := append(run(t, g, in[:3]), run(t, g, in[3:])...)
	if !reflect.DeepEqual(parts, steps) {
		t.Error("a sequence in two parts differs from Step")
	}
	if empty := run(t, g, nil); len(empty) != 0 {
		t.Errorf("no frames give %v", empty)
	}
}

// TestOps has the ops without a state, with numbers worked out on paper.
func TestOps(t *testing.T) {
	m := parse(t, `input x index[3]
input v [2]
param table [3 2]
param w [2 2]
param b [2]
node row = Embedding(x) weight=table
node y = Linear(v) weight=w bias=b
node plain = Linear(v) weight=w
node joined = Concat(row, y, v)
node sum = Binary(y, row) func=add
node less = Binary(y, row) func=sub
node times = Binary(y, row) func=mul
node p = Softmax(v)
node tanh = Activation(v) func=tanh
node sigmoid = Activation(v) func=sigmoid
node relu = Activation(y) func=relu
node clipped = Activation(y) func=clipped_relu clip=2.5
node same = Activation(y) func=identity
output joined`)
	m.Param("table").Data = []float32{9, 9, 9, 9, 3, -2}
	m.Param("w").Data = []float32{1, 2, -1, 0.5}
	m.Param("b").Data = []float32{0.25, -4}
	g := newGraph(t, m)
	v := []float64{math.Ln2, 0}
	trace, err := g.Trace([]Frame{{"x": {2}, "v": v}})
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{math.Ln2 + 0.25, -math.Ln2 - 4}
	want := Frame{
		"x": {2}, "v": v, "row": {3, -2}, "y": y, "plain": {math.Ln2, -math.Ln2},
		"joined": {3, -2, y[0], y[1], math.Ln2, 0},
		"sum":    {y[0] + 3, y[1] - 2}, "less": {y[0] - 3, y[1] + 2}, "times": {3 * y[0], -2 * y[1]},
		"p": {2. / 3, 1. / 3}, "tanh": {0.6, 0}, "sigmoid": {2. / 3, 0.5},
		"relu": {y[0], 0}, "clipped": {y[0], 0}, "same": y,
	}
	if len(trace[0]) != len(want) {
		t.Errorf("%d values in the trace, want %d", len(trace[0]), len(want))
	}
	for name, w := range want {
		near(t, name, trace[0][name], w)
	}
	out := run(t, g, []Frame{{"x": {2}, "v": {3, 0}}})
	if len(out[0]) != 1 {
		t.Errorf("outputs %v, want joined alone", out[0])
	}
	trace, err = g.Trace([]Frame{{"x": {0}, "v": {3, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "clipped", trace[0]["clipped"], []float64{2.5, 0})
}

// TestFarInputs holds that no function overflows on the way.
func TestFarInputs(t *testing.T) {
	m := parse(t, "input x [2]\nnode s = Activation(x) func=sigmoid\nnode p = Softmax(x)\noutput s\noutput p")
	out := run(t, newGraph(t, m), []Frame{{"x": {-1e4, 1e4}}})
	near(t, "sigmoid", out[0]["s"], []float64{0, 1})
	near(t, "softmax", out[0]["p"], []float64{0, 1})
}

func TestFaults(t *testing.T) {
	m := parse(t, "input x index[3]\ninput v [2]\nparam w [3 2]\nnode row = Embedding(x) weight=w\nnode y = Binary(row, v) func=add\noutput y")
	g := newGraph(t, m)
	tests := []struct {
		frame Frame
		want  string
	}{
		{Frame{"x": {3}, "v": {0, 0}}, `frame 0: input "x": index 3, want a whole number from 0 to 2`},
		{Frame{"x": {-1}, "v": {0, 0}}, `frame 0: input "x": index -1, want a whole number from 0 to 2`},
		{Frame{"x": {0.5}, "v": {0, 0}}, `frame 0: input "x": index 0.5, want a whole number from 0 to 2`},
		{Frame{"x": {math.NaN()}, "v": {0, 0}}, `frame 0: input "x": index NaN, want a whole number from 0 to 2`},
		{Frame{"x": {0, 0}, "v": {0}}, "frame 0: input \"x\": 2 numbers, want 1\ninput \"v\": 1 numbers, want 2"},
		{Frame{"x": {0}}, `frame 0: input "v" is missing`},
		{Frame{"x": {0}, "v": {0, 0}, "u": {1}}, `frame 0: 3 values for 2 inputs`},
	}
	for _, tc := range tests {
		if _, err := g.Step(tc.frame); err == nil || err.Error() != tc.want {
			t.Errorf("%v: got %v, want %s", tc.frame, err, tc.want)
		}
	}
	if err := g.SetState("h", nil); err == nil {
		t.Error("a state that is not there was set")
	}
	m.Params[0].Data = nil
	if _, err := New(m); err == nil || err.Error() != `tensor "w": has no data` {
		t.Errorf("without data: %v", err)
	}
	m.Params[0].Data = []float32{float32(math.NaN()), 0, 0, 0, 0, 0}
	if _, err := New(m); err == nil {
		t.Error("NaN weights: no error")
	}
}

// TestFaultLeavesStates holds that a bad frame in a sequence changes nothing.
func TestFaultLeavesStates(t *testing.T) {
	g := newGraph(t, parse(t, cellGraph(1, false, "RNN(x) func=tanh")))
	before := g.State("h")
	if _, err := g.Run(append(sequence(2, 3), Frame{"x": {1}})); err == nil || err.Error() != `frame 2: input "x": 1 numbers, want 3` {
		t.Errorf("got %v", err)
	}
	if got := g.State("h"); !slices.Equal(got, before) {
		t.Errorf("state %v, want %v", got, before)
	}
	if err := g.SetState("h", []float64{1}); err == nil || err.Error() != `state "h": 1 numbers, want 2` {
		t.Errorf("got %v", err)
	}
	out := run(t, g, sequence(1, 3))
	out[0]["y"][0] = 99
	if g.State("h")[0] == 99 {
		t.Error("a value shares memory with the state")
	}
}
