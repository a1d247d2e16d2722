package schedule

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// linear is a model of one product.
func linear(rows, cols int, weight func(r, c int) float32) *ir.Model {
	w := &ir.Param{Name: "w", Shape: []int{rows, cols}, Data: make([]float32, rows*cols)}
	for i := range w.Data {
		w.Data[i] = weight(i/cols, i%cols)
	}
	return &ir.Model{Name: "m", Inputs: []ir.Input{{Name: "x", Type: ir.Vector(cols)}}, Params: []*ir.Param{w},
		Nodes: []ir.Node{{Name: "y", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}}}, Outputs: []string{"y"}}
}

func iid(density float64) func(r, c int) float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	return func(int, int) float32 {
		if rng.Float64() >= density {
			return 0
		}
		return float32(rng.NormFloat64())
	}
}

// survivors are like the weights that magnitude pruning leaves: none is near 0.
func survivors(density float64) func(r, c int) float32 {
	weight := iid(density)
	return func(r, c int) float32 {
		w := weight(r, c)
		switch {
		case w > 0:
			return w + 0.5
		case w < 0:
			return w - 0.5
		}
		return 0
	}
}

func TestChoice(t *testing.T) {
	blocks := func(height int) func(r, c int) float32 {
		return func(r, c int) float32 {
			if (r/height*7+c*5)%13 == 0 {
				return 0.5
			}
			return 0
		}
	}
	wide := iid(0.1)
	// All weights come from memory, and straight-line code is out of the question.
	slow := Zen4(kernel.AVX2)
	slow.Levels, slow.CodeBudget = []Level{{0, 12}}, 0
	avx512 := []Target{Zen4(kernel.AVX512)}
	noCode := Zen4(kernel.AVX2)
	noCode.CodeBudget = 0
	tooWide := linear(64, 64, func(r, c int) float32 {
		if r == 0 && c == 0 {
			return 1e-30
		}
		return wide(r, c) // too few rows share columns for blocks
	})
	// Compressed rows read the fewest bytes of all.
	slower := slow
	slower.Levels = []Level{{0, 4}}
	for _, test := range []struct {
		name    string
		model   *ir.Model
		options Options
		want    string
		reason  string
	}{
		{"dense", linear(256, 256, iid(1)), Options{}, "dense", "nothing beats dense"},
		{"small sparse", linear(128, 64, iid(0.1)), Options{}, "unrolled", "× dense"},
		{"large sparse", linear(1024, 1024, survivors(0.1)), Options{}, "copies", "next is "},
		{"large, half sparse", linear(1024, 1024, survivors(0.5)), Options{}, "window/fixed", "next is "},
		{"blocks of 16", linear(512, 512, blocks(16)), Options{}, "block16", "× dense"},
		{"blocks of 8", linear(520, 512, blocks(8)), Options{}, "block8", "× dense"},
		{"range too wide", linear(1024, 1024, func(r, c int) float32 {
			w := wide(r, c)
			if r == 5 && c == 5 {
				return 0x1p-60
			}
			return w
		}), Options{}, "window/mantissa", "range of 2^31"},
		{"range too wide, exact", tooWide, Options{Exact: true, Targets: []Target{noCode}}, "dense", "nothing beats dense"},
		{"range too wide, exact, straight-line", tooWide, Options{Exact: true}, "unrolled", "× dense"},
		{"forced", linear(1024, 1024, iid(0.1)), Options{Force: []Force{{"w", "dense"}}}, "dense", "dense was asked for"},
		{"forced family", linear(1024, 1024, survivors(0.1)), Options{Force: []Force{{"other", "dense"}, {"*", "window"}}}, "window/fixed", "window was asked for"},
		{"forced wide", linear(256, 256, survivors(0.1)), Options{Force: []Force{{"*", "window16"}}}, "window16/exponent", "window16 was asked for"},
		{"from memory", linear(600, 600, survivors(0.05)), Options{Targets: []Target{slow}}, "window16/exponent", "× dense"},
		{"from memory, forced family", linear(600, 600, survivors(0.05)), Options{Targets: []Target{slow}, Force: []Force{{"*", "window"}}}, "window16/exponent", "window was asked for"},
		{"from memory, range too wide for 16 columns", linear(600, 600, func(r, c int) float32 {
			if r == 0 && c == 0 {
				return 0x1p-20
			}
			return wide(r, c)
		}), Options{Targets: []Target{slow}}, "copies", "× dense"},
		{"from a slow memory", linear(600, 600, survivors(0.02)), Options{Targets: []Target{slower}}, "csr", "× dense"},
		{"forced straight-line, avx512", linear(128, 64, survivors(0.1)), Options{Targets: avx512, Force: []Force{{"*", "chunkunrolled"}}}, "chunkunrolled", "chunkunrolled was asked for"},
		{"large sparse, avx512", linear(1024, 1024, survivors(0.1)), Options{Targets: avx512}, "chunk/fixed", "× dense"},
		{"weights of any range, avx512", tooWide, Options{Exact: true, Targets: avx512, Force: []Force{{"*", "chunk"}}}, "chunk", "chunk was asked for"},
		{"empty", linear(64, 64, iid(0)), Options{}, "", "no weights"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Choose(test.model, test.options)
			if err != nil {
				t.Fatal(err)
			}
			e := p.Matrices[0]
			if test.want != "" && e.Strategy.String() != test.want {
				text, _ := p.Encode()
				t.Errorf("strategy %s, want %s\n%s", e.Strategy, test.want, text)
			}
			if !strings.Contains(e.Reason, test.reason) {
				t.Errorf("reason %q, want %q in it", e.Reason, test.reason)
			}
			if dense := e.Candidates[0]; len(test.options.Force) == 0 && e.NS > dense.NS {
				t.Errorf("%v ns by the model, dense takes %v", e.NS, dense.NS)
			}
			if err := p.Check(test.model); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCodeBudget holds that two matrices share the budget of straight-line code.
func TestCodeBudget(t *testing.T) {
	m := linear(640, 64, iid(0.1))
	v := linear(640, 64, iid(0.1)).Params[0]
	v.Name = "v"
	m.Params = append(m.Params, v)
	m.Nodes = append(m.Nodes, ir.Node{Name: "z", Op: ir.Linear{Weight: "v"}, Inputs: []string{"x"}})
	m.Outputs = append(m.Outputs, "z")
	p, err := Choose(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, second := p.Matrices[0], p.Matrices[1]
	if first.Strategy.Kernel != Unrolled || second.Strategy.straightLine() || !strings.Contains(second.Reason, "not straight-line: ") {
		t.Errorf("%s: %s; %s: %s; want one straight-line", first.Strategy, first.Reason, second.Strategy, second.Reason)
	}
	if budget := Zen4(kernel.AVX2).CodeBudget; p.Code > budget {
		t.Errorf("%d bytes of code, the budget is %d", p.Code, budget)
	}
}

func TestForceFaults(t *testing.T) {
	tiny := linear(64, 64, func(r, c int) float32 { return float32(r%2) * 1e-40 })
	for name, o := range map[string]Options{
		`strategy "fast" for "w": want one of dense, block4`: {Force: []Force{{"w", "fast"}}},
		`strategy for "[": syntax error in pattern`:          {Force: []Force{{"[", "dense"}}},
		`matrix "w": window was asked for: weight 1e-40`:     {Force: []Force{{"w", "window"}}},
	} {
		if _, err := Choose(tiny, o); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "9.99994610111476e-41", "1e-40"), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// TestWorkIsWhatPackingStores holds the cost model's counts against packed
// matrices.
func TestWorkIsWhatPackingStores(t *testing.T) {
	for _, shape := range [][2]int{{8, 1}, {24, 40}, {136, 77}, {40, 2100}} {
		m := linear(shape[0], shape[1], survivors(0.2))
		product := Products(m)[0]
		packed := map[Strategy]sparse.Packed{{Kernel: Dense}: sparse.PackDense(product.Matrix(m, shape[0]))}
		for _, height := range []int{4, 8, 16} {
			s := Strategy{Kernel: Block, Height: height}
			b, err := s.PackBlock(product.Matrix(m, shape[0]))
			if err != nil {
				t.Fatal(err)
			}
			packed[s] = b
		}
		if shape[1] >= sparse.WideBlockCols {
			b, err := sparse.PackWideBlock(product.Matrix(m, shape[0]))
			if err != nil {
				t.Fatal(err)
			}
			packed[Strategy{Kernel: Block, Height: 8, Wide: true}] = b
		}
		for _, form := range []sparse.IndexForm{sparse.Exponent, sparse.Fixed} {
			s := Strategy{Kernel: Window, Index: form}
			w, err := s.PackWindow(product.Matrix(m, shape[0]))
			if err != nil {
				t.Fatal(err)
			}
			packed[s] = w
		}
		wide, err := Strategy{Kernel: Window, Wide: true}.PackWindow(product.Matrix(m, shape[0]))
		if err != nil {
			t.Fatal(err)
		}
		packed[Strategy{Kernel: Window, Wide: true}] = wide
		csr, err := sparse.PackCSR(product.Matrix(m, shape[0]))
		if err != nil {
			t.Fatal(err)
		}
		packed[Strategy{Kernel: CSR}] = csr
		packed[Strategy{Kernel: Chunk}] = sparse.PackChunk(product.Matrix(m, shape[0]))
		for s, p := range packed {
			got := work(s, product.Blocks(m))
			bytes := 0
			for _, section := range p.Sections() {
				bytes += len(section.Data)
			}
			if got.Steps != p.Steps() || got.Bytes != bytes {
				t.Errorf("%v %s: %d steps, %d bytes; packing has %d and %d", shape, s, got.Steps, got.Bytes, p.Steps(), bytes)
			}
		}
	}
}

func TestBandwidthFallsWithTheWorkingSet(t *testing.T) {
	target, last := Zen4(kernel.AVX2), 1e9
	for _, bytes := range []int{0, 32 << 10, 1 << 20, 2 << 20, 12 << 20, 20 << 20, 30 << 20, 1 << 30} {
		b := target.BytesPerCycle(bytes)
		if b > last || b <= 0 {
			t.Errorf("%d bytes: %v bytes a cycle after %v", bytes, b, last)
		}
		last = b
	}
}

func TestPlanRoundTrip(t *testing.T) {
	m := linear(256, 100, iid(0.1))
	p, err := Choose(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		t.Errorf("%s\nread back as\n%s", text, again)
	}
	back.Matrices[0].Candidates, p.Matrices[0].Candidates = nil, nil
	for i := range p.Matrices {
		w := &p.Matrices[i].Work
		w.Groups, w.Loads = 0, 0 // not part of the text
	}
	if !reflect.DeepEqual(back, p) {
		t.Errorf("read back %+v, want %+v", back, p)
	}
	for text, want := range map[string]string{
		`{"format":1}`: "format 1, want 2",
		`{"format":2,"matrices":[{"strategy":"fast"}]}`: `strategy "fast": want one of`,
		// A plan of an earlier version.
		`{"format":2,"matrices":[{"strategy":"chunk/exponent"}]}`: `strategy "chunk/exponent": want one of`,
		`{"format":2,"speed":3}`:                                  `unknown field "speed"`,
		`{"format":2} {}`:                                         "more after the end",
		`{`:                                                       "unexpected EOF",
	} {
		if _, err := Decode(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestNothingBeatsTheChoice: a choice at the edge of a memory level was held
// against dense at a bandwidth that dense would not have had, and looked slower.
func TestNothingBeatsTheChoice(t *testing.T) {
	for _, shape := range [][2]int{{64, 64}, {10, 256}, {100, 33}, {192, 64}, {256, 128}, {512, 128}} {
		for _, height := range []int{1, 4, 8, 16} {
			for _, density := range []float64{0.02, 0.1, 0.3, 0.5, 0.75, 1} {
				w := iid(density)
				var above float32
				m := linear(shape[0], shape[1], func(r, c int) float32 { return w(r/height, c) })
				for i := range m.Params[0].Data {
					if r, c := i/shape[1], i%shape[1]; r%height > 0 {
						above = m.Params[0].Data[(r-1)*shape[1]+c]
						m.Params[0].Data[i] = above
					}
				}
				plan, err := Choose(m, Options{})
				if err != nil {
					t.Fatal(err)
				}
				e := plan.Matrices[0]
				for _, c := range e.Candidates {
					if c.Excluded == "" && c.NS < e.NS {
						t.Errorf("%v, %d rows together, density %g: %s takes %.1f ns, %s would take %.1f",
							shape, height, density, e.Strategy, e.NS, c.Strategy, c.NS)
					}
				}
			}
		}
	}
}
