package schedule

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func TestWeights(t *testing.T) {
	fixed := []Weights{{"*", sparse.Fixed16}}
	for _, test := range []struct {
		name    string
		model   *ir.Model
		options Options
		want    string
		reason  string
	}{
		{"windows", linear(1024, 1024, iid(0.1)), Options{Weights: fixed}, "window/q16", "q16 weights were asked for"},
		{"small", linear(64, 64, iid(0.1)), Options{Weights: []Weights{{"w", sparse.Int8}}}, "window/int8", "int8 weights were asked for"},
		{"dense", linear(256, 256, iid(1)), Options{Weights: []Weights{{"*", sparse.Float16}}}, "dense/f16", "nothing beats dense"},
		{"first match", linear(256, 256, iid(1)), Options{Weights: []Weights{{"v", sparse.Int8}, {"w", sparse.Float32}, {"*", sparse.Fixed16}}}, "dense", ""},
		{"forced family", linear(256, 256, iid(0.1)), Options{Weights: fixed, Force: []Force{{"*", "block"}}}, "block8/q16", "block was asked for; q16 weights were asked for"},
		{"forced dense", linear(256, 256, iid(0.1)), Options{Weights: fixed, Force: []Force{{"*", "dense"}}}, "dense/q16", "dense was asked for"},
		{"forced precision", linear(256, 256, iid(0.1)), Options{Weights: fixed, Force: []Force{{"*", "block8/int8"}}}, "block8/int8", "block8/int8 was asked for; "},
		{"any range", linear(256, 256, func(r, c int) float32 { return float32(math.Ldexp(1, -149+r)) }), Options{Weights: fixed}, "dense/q16", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Targets = []Target{Zen4(kernel.AVX2), Zen4(kernel.AVX512)}
			p, err := Choose(test.model, test.options)
			if err != nil {
				t.Fatal(err)
			}
			e := p.Matrices[0]
			if e.Strategy.String() != test.want || e.Wide.Strategy != e.Strategy {
				t.Errorf("strategies %s and %s, want %s", e.Strategy, e.Wide.Strategy, test.want)
			}
			if !strings.Contains(e.Reason, test.reason) {
				t.Errorf("reason %q, want %q in it", e.Reason, test.reason)
			}
			if (e.Error == nil) != (e.Strategy.Weights == sparse.Float32) {
				t.Errorf("%s has the error %v", e.Strategy, e.Error)
			}
			if err := p.Check(test.model); err != nil {
				t.Error(err)
			}
			text, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if again, err := back.Encode(); err != nil || !bytes.Equal(text, again) {
				t.Errorf("%s\nread back as\n%s", text, again)
			}
		})
	}
}

func TestWeightFaults(t *testing.T) {
	nan := linear(64, 64, func(r, c int) float32 {
		if r == 5 && c == 7 {
			return float32(math.NaN())
		}
		return 1
	})
	sound := linear(64, 64, iid(0.5))
	int8s := []Weights{{"*", sparse.Int8}}
	for _, test := range []struct {
		model   *ir.Model
		options Options
		want    string
	}{
		{nan, Options{Weights: int8s}, `matrix "w": int8 weights were asked for: weight NaN at row 5, column 7: int8 holds finite weights below 2^127`},
		{nan, Options{Force: []Force{{"*", "window/f16"}}}, `matrix "w": window/f16 was asked for: weight NaN at row 5`},
		{sound, Options{Weights: int8s, Force: []Force{{"*", "csr"}}}, `matrix "w": csr was asked for: it has no kernel for int8 weights`},
		{sound, Options{Weights: int8s, Exact: true}, `weights of "*": int8 are not exact`},
		{sound, Options{Force: []Force{{"*", "dense/f16"}}, Exact: true}, `dense/f16 was asked for: f16 weights are not exact`},
		{sound, Options{Weights: []Weights{{"[", sparse.Int8}}}, `weights of "[": syntax error`},
	} {
		if _, err := Choose(test.model, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// TestWeightsAreStoredOnce: a plan in which levels store other weights would make
// the outputs hang on the machine.
func TestWeightsAreStoredOnce(t *testing.T) {
	m := linear(64, 64, iid(0.5))
	p, err := Choose(m, Options{Weights: []Weights{{"*", sparse.Int8}}, Targets: []Target{Zen4(kernel.AVX2), Zen4(kernel.AVX512)}})
	if err != nil {
		t.Fatal(err)
	}
	p.Matrices[0].Wide.Strategy = Strategy{Kernel: Dense}
	if err := p.Check(m); err == nil || !strings.Contains(err.Error(), "weights that are not float32 are stored once") {
		t.Errorf("got %v", err)
	}
}

// TestReducedWork holds the cost model's counts against packed matrices, and that
// every strategy has a price.
func TestReducedWork(t *testing.T) {
	for _, shape := range [][2]int{{8, 1}, {24, 40}, {136, 77}} {
		m := linear(shape[0], shape[1], survivors(0.2))
		product := Products(m)[0]
		for _, s := range reducedStrategies() {
			p, err := s.PackReduced(product.Matrix(m, shape[0]))
			if err != nil {
				t.Fatal(err)
			}
			got := work(s, product.Blocks(m))
			bytes := 0
			for _, section := range p.Sections() {
				bytes += len(section.Data)
			}
			if got.Steps != p.Steps() || got.Bytes != bytes {
				t.Errorf("%v %s: %d steps, %d bytes; packing has %d and %d", shape, s, got.Steps, got.Bytes, p.Steps(), bytes)
			}
			if stepCycles(s) <= 0 {
				t.Errorf("%s: a step takes %v cycles", s, stepCycles(s))
			}
		}
	}
}

// TestWeightError holds the errors against what rounding to the formats does to
// weights of one size: half of a step of 13 bits, of 11 or of 7, at most.
func TestWeightError(t *testing.T) {
	weight := survivors(0.1)
	m := linear(400, 300, weight)
	for _, test := range []struct {
		strategy             string
		largest, rms, output float64 // at most
		atLeast              float64 // of all
	}{
		{"window/q16", 0x1.02p-13, 2e-4, 3e-3, 1e-5},
		{"window/f16", 0x1p-11, 3e-4, 3e-3, 1e-5},
		{"window/int8", 0x1.04p-8, 6e-3, 0.05, 1e-3},
		{"dense/q16", 0x1.02p-16, 3e-5, 4e-4, 1e-6},
	} {
		p, err := Choose(m, Options{Force: []Force{{"*", test.strategy}}})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Matrices[0].Error
		if e.Largest > test.largest || e.RMS > test.rms || e.Output > test.output || min(e.Largest, e.RMS, e.Output) < test.atLeast {
			t.Errorf("%s: %s; want at most %+v", test.strategy, e, test)
		}
	}
	ones := linear(16, 16, func(r, c int) float32 { return float32((r + c) % 2) })
	p, err := Choose(ones, Options{Force: []Force{{"*", "dense/f16"}}})
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Matrices[0].Error; *e != (WeightError{}) {
		t.Errorf("ones are stored with the error %s", e)
	}
	small := linear(16, 16, func(r, c int) float32 { return float32(math.Ldexp(1, -r*(c%2))) })
	if p, err = Choose(small, Options{Force: []Force{{"*", "dense/int8"}}}); err != nil {
		t.Fatal(err)
	}
	if e := p.Matrices[0].Error; e.Zeroed != 8*8 || !strings.Contains(e.String(), "; 64 weights become 0") {
		t.Errorf("%s; want 64 weights that become 0: those below 2^-8 of their row's largest", e)
	}
}
