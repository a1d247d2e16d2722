package compiler

import (
	"bytes"
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// small is enough search to reorder and little enough for a test.
var small = pass.Options{Permute: pass.PermuteOptions{Budget: 200_000}}

// A pass changes no output by more than folded biases are rounded: 2^-24 of
// each, amplified over the frames.
const passTolerance = 2e-6

// float32 sums of up to 400 products of size 1 in chains of a hundred, eight
// frames: below 100·2^-24 a sum, a factor of ten for what states amplify.
const programTolerance = 1e-4

func TestPassesKeepOutputs(t *testing.T) {
	eachModel(t, func(t *testing.T, m *ir.Model) {
		in := inputs(m, 8, 3)
		want := run(t, m, in)
		before := paramsOf(m)
		for _, p := range pass.Pipeline(small) {
			next, err := p.Run(m, &pass.Report{})
			if err != nil {
				t.Fatalf("%s: %v", p.Name, err)
			}
			if err := next.Verify(); err != nil {
				t.Fatalf("%s: %v", p.Name, err)
			}
			if !reflect.DeepEqual(before, paramsOf(m)) {
				t.Fatalf("%s wrote to its input", p.Name)
			}
			compareFrames(t, run(t, next, in), want, passTolerance)
			m, before = next, paramsOf(next)
		}
	})
}

func paramsOf(m *ir.Model) map[string][]float32 {
	all := map[string][]float32{}
	for _, p := range m.Params {
		all[p.Name] = slices.Clone(p.Data)
	}
	return all
}

// TestUnitsMapStates holds Report.Units against the states themselves.
func TestUnitsMapStates(t *testing.T) {
	m := model(t, "lstm and rnn joined", 40, 0.1, 5)
	p, err := Lower(context.Background(), m, Options{Pass: small})
	if err != nil {
		t.Fatal(err)
	}
	in := inputs(m, 5, 4)
	before, _ := eval.New(m)
	after, _ := eval.New(p.Model)
	for _, f := range in {
		if _, err := before.Step(f); err != nil {
			t.Fatal(err)
		}
		if _, err := after.Step(f); err != nil {
			t.Fatal(err)
		}
	}
	moved := false
	for _, s := range p.Model.States {
		old, now := before.State(p.Passes.Original(s.Name)), after.State(s.Name)
		for i, k := range p.Passes.Units[s.Name] {
			moved = moved || i != k
			if math.Abs(now[i]-old[k]) > passTolerance {
				t.Errorf("state %q unit %d is %v, unit %d of the original is %v", s.Name, i, now[i], k, old[k])
			}
		}
	}
	if !moved {
		t.Error("no unit was moved or dropped: the test holds nothing")
	}
}

func TestProgramAgainstGraph(t *testing.T) {
	eachModel(t, func(t *testing.T, m *ir.Model) {
		in := inputs(m, 8, 6)
		want := run(t, m, in)
		large := withoutSmall(m)
		wantLarge := run(t, large, in)
		choices := []schedule.Options{{}}
		for _, s := range schedule.Strategies() {
			// Others do not compute the graph but what they store of it: see
			// TestRandomModels.
			if s.Weights == sparse.Float32 {
				choices = append(choices, schedule.Options{
					// The interpreter follows the lowest level of a program.
					Targets: []schedule.Target{schedule.Zen4(s.Level())},
					Force:   []schedule.Force{{Tensor: "*", Strategy: s.String()}},
				})
			}
		}
		for _, choice := range choices {
			o := Options{Pass: small, Schedule: choice}
			o.Pass.Permute.Disable = len(choice.Force) > 0
			m, want := m, want
			if len(choice.Force) > 0 && choice.Force[0].Strategy == "chunk/fixed" {
				m, want = large, wantLarge
			}
			// Passes may leave a matrix fewer columns than blocks have.
			if _, err := Lower(context.Background(), m, o); err != nil && strings.HasSuffix(err.Error(), "columns, blocks have 4") {
				continue
			}
			compareFrames(t, execute(t, m, o, in), want, programTolerance)
		}
	})
}

// withoutSmall is a copy of a model with no weight below half of the largest of its
// tensor, so that chunks of integers hold all.
func withoutSmall(m *ir.Model) *ir.Model {
	m = m.Clone()
	for _, p := range m.Params {
		largest := 0.0
		for _, w := range p.Data {
			largest = max(largest, math.Abs(float64(w)))
		}
		p.Data = slices.Clone(p.Data)
		for i, w := range p.Data {
			if w != 0 {
				p.Data[i] = float32(math.Copysign(max(math.Abs(float64(w)), largest/2), float64(w)))
			}
		}
	}
	return m
}

func execute(t *testing.T, m *ir.Model, o Options, in []eval.Frame) []eval.Frame {
	t.Helper()
	p, err := Lower(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return steps(t, p.Program, in)
}

// steps runs a program in float32.
func steps(t *testing.T, p *kernel.Program, in []eval.Frame) []eval.Frame {
	t.Helper()
	e, err := eval.NewProgram(p)
	if err != nil {
		t.Fatalf("%v\n%s", err, p)
	}
	var out []eval.Frame
	for _, f := range in {
		y, err := e.Step(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, y)
	}
	return out
}

func TestCompileIsDeterministic(t *testing.T) {
	m := model(t, "lstm and rnn joined", 33, 0.2, 1)
	o := Options{Package: "m", Pass: small}
	first, err := Compile(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Compile(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first.Files, second.Files) {
		t.Error("the same model compiled to two packages")
	}
	text, err := first.Plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	o.Plan, err = schedule.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	third, err := Compile(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first.Files, third.Files) {
		t.Error("the plan read back compiled to another package")
	}
	o.Plan.Matrices[0].NNZ++
	o.Plan.Matrices[1].Name = "other"
	_, err = Compile(context.Background(), m, o)
	for _, want := range []string{`"wi" is`, `"other" is not`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("foreign plan: %v, want %q in it", err, want)
		}
	}
}

// TestStreamsOnly: what needs a step is refused where there is none, or where a
// mask leaves out frames of one stream and not of another.
func TestStreamsOnly(t *testing.T) {
	whole := model(t, "gru after", 8, 0.5, 1)
	op := whole.Nodes[1].Op.(ir.GRU)
	op.Direction = ir.Reverse
	whole.Nodes[1].Op = op
	masked := model(t, "gru after", 8, 0.5, 1)
	masked.Inputs = append(masked.Inputs, ir.Input{Name: "counts", Type: ir.Vector(1)})
	masked.Nodes[1].Inputs = append(masked.Nodes[1].Inputs, "counts")
	for _, r := range []struct {
		m    *ir.Model
		o    Options
		want string
	}{
		{whole, Options{Package: "m", Batch: 4}, `node "gru" reads later frames: a package of it takes whole sequences, for which there are no streams in lockstep`},
		{whole, Options{Package: "m", Workers: 2}, `node "gru" reads later frames: a package of it takes whole sequences, for which there are no workers`},
		{masked, Options{Package: "m", Batch: 4}, `node "gru" has a mask: streams in lockstep cannot leave out frames one by one`},
	} {
		if _, err := Compile(context.Background(), r.m, r.o); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("got %v, want an error with %q", err, r.want)
		}
	}
}
