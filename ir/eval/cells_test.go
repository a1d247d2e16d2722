package eval

import (
	"math"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// limited is x within [−0.5, 0.5].
func limited(x float64) float64 { return math.Max(-0.5, math.Min(0.5, x)) }

func hardSigmoid(x float64) float64 { return math.Max(0, math.Min(1, 0.2*x+0.5)) }

// TestBoundedCells holds cells with functions of their own and a bound against
// their formulas, element by element.
func TestBoundedCells(t *testing.T) {
	const tolerance = 1e-7 // of 0.2, which the model has in float32
	type next func(m *ir.Model, x, h []float64) []float64
	rnn := func(m *ir.Model, x, h []float64) []float64 {
		y := make([]float64, 2)
		for i := range y {
			a, b := gate(m, 0, i, x, h)
			y[i] = 2 * math.Tanh(0.5*limited(a+b))
		}
		return y
	}
	gru := func(before bool) next {
		return func(m *ir.Model, x, h []float64) []float64 {
			y, r, rh := make([]float64, 2), make([]float64, 2), make([]float64, 2)
			for i := range y {
				a, b := gate(m, 0, i, x, h)
				r[i] = hardSigmoid(limited(a + b))
				rh[i] = r[i] * h[i]
			}
			for i := range y {
				za, zb := gate(m, 1, i, x, h)
				z := hardSigmoid(limited(za + zb))
				a, b := gate(m, 2, i, x, h)
				b *= r[i]
				if before {
					_, b = gate(m, 2, i, x, rh)
				}
				n := limited(a + b)
				n /= 1 + math.Abs(n)
				y[i] = (1-z)*n + z*h[i]
			}
			return y
		}
	}
	tests := []struct {
		node  string
		gates int
		next  next
	}{
		{"RNN(x) func=scaled_tanh alpha=2 beta=0.5 bound=0.5", 1, rnn},
		{"GRU(x) func=softsign gate=hard_sigmoid:0.2:0.5 bound=0.5 reset=after", 3, gru(false)},
		{"GRU(x) func=softsign gate=hard_sigmoid:0.2:0.5 bound=0.5 reset=before", 3, gru(true)},
	}
	for _, tc := range tests {
		m := parse(t, cellGraph(tc.gates, true, tc.node))
		g := newGraph(t, m)
		h := g.State("h")
		for _, in := range sequence(9, 3) {
			h = tc.next(m, in["x"], h)
			out, err := g.Step(in)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range out["y"] {
				if math.Abs(got-h[i]) > tolerance {
					t.Errorf("%s: element %d is %v, want %v", tc.node, i, got, h[i])
				}
			}
		}
	}
}

// TestLSTMVariants holds peepholes, coupled gates, a bound and other functions
// against the formula.
func TestLSTMVariants(t *testing.T) {
	for _, tc := range []struct {
		attributes                   string
		peephole, coupled, both, own bool
	}{
		{attributes: "peephole=p", peephole: true},
		{attributes: "coupled=true", coupled: true},
		{attributes: "peephole=p both=true", peephole: true, both: true},
		{attributes: "peephole=p coupled=true both=true bound=0.5 gate=elu:1 candidate=relu output=identity",
			peephole: true, coupled: true, both: true, own: true},
	} {
		m := parse(t, "param p [6]\n"+cellGraph(4, true, "LSTM(x) "+tc.attributes))
		if !tc.peephole {
			m.Params = m.Params[1:]
		}
		gateFunc, candidate, output, bound := sigmoidByTanh, math.Tanh, math.Tanh, func(x float64) float64 { return x }
		if tc.own {
			gateFunc = func(x float64) float64 {
				if x < 0 {
					return math.Exp(x) - 1
				}
				return x
			}
			candidate = func(x float64) float64 { return math.Max(x, 0) }
			output, bound = bound, limited
		}
		g := newGraph(t, m)
		h, c := g.State("h"), g.State("c")
		peep := func(k, i int) float64 {
			if !tc.peephole {
				return 0
			}
			return float64(m.Param("p").Data[k*2+i])
		}
		for _, in := range sequence(9, 3) {
			nextH, nextC := make([]float64, 2), make([]float64, 2)
			for i := range h {
				var a [4]float64
				for k := range a {
					fromX, fromH := gate(m, k, i, in["x"], h)
					a[k] = fromX + fromH
				}
				input, forget := gateFunc(bound(a[0]+peep(0, i)*c[i])), gateFunc(bound(a[1]+peep(1, i)*c[i]))
				if tc.coupled {
					forget = 1 - input
				}
				nextC[i] = forget*c[i] + input*candidate(bound(a[2]))
				nextH[i] = gateFunc(bound(a[3]+peep(2, i)*nextC[i])) * output(nextC[i])
			}
			h, c = nextH, nextC
			out, err := g.Step(in)
			if err != nil {
				t.Fatal(err)
			}
			want := h
			if tc.both {
				want = append(append([]float64{}, h...), c...)
			}
			near(t, tc.attributes, out["y"], want)
			near(t, tc.attributes+" c", g.State("c"), c)
		}
	}
}

// TestMask holds that a frame whose mask is 0 changes no state and has the value
// zero, forwards and backwards, and any other mask counts.
func TestMask(t *testing.T) {
	in := sequence(4, 3)
	for gates, node := range map[int]string{1: "RNN(x, m) func=tanh", 3: "GRU(x, m) func=tanh reset=before", 4: "LSTM(x, m) both=true"} {
		for _, direction := range []string{"forward", "reverse"} {
			text := cellGraph(gates, true, node+" direction="+direction)
			plain := newGraph(t, parse(t, text[:len(text)-len("output y")]+"node z = Activation(m) func=identity\noutput y\noutput z\ninput m [1]"))
			ones := make([]Frame, 3)
			for i := range ones {
				ones[i] = Frame{"x": in[i]["x"], "m": {0.5}}
			}
			want := run(t, plain, ones)
			h := plain.State("h")
			plain.Reset()
			short := append(ones, Frame{"x": in[3]["x"], "m": {0}})
			got := run(t, plain, short)
			for i := range want {
				near(t, node, got[i]["y"], want[i]["y"])
			}
			near(t, node, got[3]["y"], make([]float64, len(want[0]["y"])))
			near(t, node+" h", plain.State("h"), h)
		}
	}
}
