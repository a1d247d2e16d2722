package compiler

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// quick is a search that is over in a moment.
var quick = pass.Options{Permute: pass.PermuteOptions{Budget: 5_000}}

// TestRandomModels takes made-up models through every phase and holds each
// against the float64 graph. The seeds are fixed; FuzzModels goes beyond them.
func TestRandomModels(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 40
	}
	until := time.Now().Add(30 * time.Second) // of a machine ten times as slow
	for seed := range uint64(n) {
		if time.Now().After(until) {
			t.Logf("stopped before seed %d", seed)
			return
		}
		differential(t, seed)
	}
}

func FuzzModels(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { differential(t, seed) })
}

// differential holds everything about the model of a seed.
func differential(t *testing.T, seed uint64) {
	t.Helper()
	m, large := randomModel(t, seed), seed%4 == 3
	if large {
		m = withoutSmall(m)
	}
	in := inputs(m, 6, seed)
	want := run(t, m, in)
	d := &difference{t: t, seed: seed, m: m, large: large, in: in, want: want}
	d.roundTrips()
	plain := d.program(Options{Pass: quick})
	d.passes(plain)
	d.units(plain)
	d.planned(plain)
	rng := rand.New(rand.NewPCG(seed, 0xf0))
	for range 3 {
		levels := drawLevels(rng)
		o := Options{Pass: pass.Options{Permute: pass.PermuteOptions{Disable: rng.IntN(2) == 0, Budget: 5_000}},
			Schedule: schedule.Options{Exact: rng.IntN(4) == 0, Force: d.forces(rng, levels[len(levels)-1])}}
		for _, l := range levels {
			o.Schedule.Targets = append(o.Schedule.Targets, schedule.Zen4(l))
		}
		if !o.Schedule.Exact && rng.IntN(2) == 0 {
			o.Schedule.Weights = []schedule.Weights{{Tensor: "*", Precision: sparse.Precisions()[rng.IntN(4)]}}
		}
		d.program(o)
	}
}

type difference struct {
	t        *testing.T
	seed     uint64
	m        *ir.Model
	large    bool // no small weights: chunks of integers hold all
	in, want []eval.Frame
}

func (d *difference) fatal(format string, args ...any) {
	d.t.Helper()
	var text bytes.Buffer
	if err := ir.Print(&text, d.m); err != nil {
		d.t.Error(err)
	}
	d.t.Fatalf("seed %d: %s\n%s", d.seed, fmt.Sprintf(format, args...), &text)
}

// roundTrips prints and parses the graph, and encodes and decodes the model.
func (d *difference) roundTrips() {
	d.t.Helper()
	var text, again, file bytes.Buffer
	if err := ir.Print(&text, d.m); err != nil {
		d.fatal("%v", err)
	}
	parsed, err := ir.Parse(bytes.NewReader(text.Bytes()))
	if err != nil {
		d.fatal("%v", err)
	}
	if err := ir.Print(&again, parsed); err != nil || !bytes.Equal(text.Bytes(), again.Bytes()) {
		d.fatal("the text form became (error %v)\n%s", err, &again)
	}
	if err := ckpt.Encode(&file, d.m, nil); err != nil {
		d.fatal("%v", err)
	}
	read, _, err := ckpt.Decode("model.ckpt", bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		d.fatal("%v", err)
	}
	if !reflect.DeepEqual(read, d.m) {
		d.fatal("the checkpoint holds another model")
	}
}

// program lowers the model and compares the program with the graph. A strategy
// that was asked for and cannot hold its matrix is no fault; nil is returned.
func (d *difference) program(o Options) *Package {
	d.t.Helper()
	p, err := Lower(context.Background(), d.m, o)
	if err != nil {
		if len(o.Schedule.Force) > 0 && strings.Contains(err.Error(), "was asked for: ") {
			return nil
		}
		d.fatal("%+v: %v", o, err)
	}
	e, err := eval.NewProgram(p.Program)
	if err != nil {
		d.fatal("%+v: %v", o, err)
	}
	var got []eval.Frame
	for _, f := range d.in {
		y, err := e.Step(f)
		if err != nil {
			d.fatal("%+v: %v", o, err)
		}
		got = append(got, y)
	}
	d.compare(fmt.Sprintf("program %+v", o.Schedule), p, got)
	return p
}

// compare allows what rounding does to the model: see verify.EstimateRounding. The
// model is that which the program stores.
func (d *difference) compare(what string, p *Package, got []eval.Frame) {
	d.t.Helper()
	stored, err := verify.Stored(p.Model, p.Program)
	if err != nil {
		if strings.Contains(err.Error(), "in two ways") {
			return // nodes share a tensor in gate blocks that windows group otherwise
		}
		d.fatal("%s: %v", what, err)
	}
	want := d.want
	if stored != p.Model {
		want = run(d.t, stored, d.in)
	}
	r, err := verify.EstimateRounding(p.Model, p.Program, d.in)
	if err != nil {
		d.fatal("%s: %v", what, err)
	}
	for t := range want {
		for name, w := range want[t] {
			for i := range w {
				if g := got[t][name][i]; !(math.Abs(g-w[i]) <= r.Tolerance*max(1, math.Abs(w[i]))) {
					d.fatal("%s: frame %d: %s[%d] is %v, want %v within %g", what, t, name, i, g, w[i], r.Tolerance)
				}
			}
		}
	}
}

// passes applies every pass by itself.
func (d *difference) passes(p *Package) {
	d.t.Helper()
	before := paramsOf(d.m)
	for _, pass1 := range pass.Pipeline(quick) {
		next, err := pass1.Run(d.m, &pass.Report{})
		if err != nil {
			d.fatal("%s: %v", pass1.Name, err)
		}
		if err := next.Verify(); err != nil {
			d.fatal("%s: %v", pass1.Name, err)
		}
		if !reflect.DeepEqual(before, paramsOf(d.m)) {
			d.fatal("%s wrote to its input", pass1.Name)
		}
		d.compare(pass1.Name, p, run(d.t, next, d.in))
	}
}

// units holds the report's map of units against the states.
func (d *difference) units(p *Package) {
	d.t.Helper()
	before, err := eval.New(d.m)
	if err != nil {
		d.fatal("%v", err)
	}
	after, err := eval.New(p.Model)
	if err != nil {
		d.fatal("%v", err)
	}
	for t, f := range d.in {
		if _, err := before.Step(f); err != nil {
			d.fatal("%v", err)
		}
		if _, err := after.Step(f); err != nil {
			d.fatal("%v", err)
		}
		if len(p.Passes.Units) != len(p.Model.States) {
			d.fatal("%d states are mapped, want %d", len(p.Passes.Units), len(p.Model.States))
		}
		for _, s := range p.Model.States {
			old, now := before.State(p.Passes.Original(s.Name)), after.State(s.Name)
			for i, k := range p.Passes.Units[s.Name] {
				if k >= 0 && !(math.Abs(now[i]-old[k]) <= 1e-3*max(1, math.Abs(old[k]))) {
					d.fatal("frame %d: state %s[%d] is %v, unit %d of the original is %v", t, s.Name, i, now[i], k, old[k])
				}
			}
		}
	}
}

// planned compiles with the plan that was written and read back.
func (d *difference) planned(p *Package) {
	d.t.Helper()
	text, err := p.Plan.Encode()
	if err != nil {
		d.fatal("%v", err)
	}
	plan, err := schedule.Decode(bytes.NewReader(text))
	if err != nil {
		d.fatal("%v", err)
	}
	again, err := Lower(context.Background(), d.m, Options{Pass: quick, Plan: plan})
	if err != nil {
		d.fatal("with the plan read back: %v", err)
	}
	if p.Program.String() != again.Program.String() || !bytes.Equal(p.Program.Image(), again.Program.Image()) {
		d.fatal("the plan read back makes another program:\n%s\nwant\n%s", again.Program, p.Program)
	}
}

// drawLevels are the levels of a package: one of them or all.
func drawLevels(rng *rand.Rand) []kernel.Level {
	levels := kernel.Levels()
	if i := rng.IntN(len(levels) + 1); i < len(levels) {
		return levels[i : i+1]
	}
	return levels
}

// forces asks for a strategy that a level has for every matrix, or for each
// tensor for one.
func (d *difference) forces(rng *rand.Rand, level kernel.Level) []schedule.Force {
	names := []string{"block", "window"}
	for _, s := range schedule.Strategies() {
		if s.Level() <= level && (d.large || s.String() != "chunk/fixed") {
			names = append(names, s.String())
		}
	}
	draw := func() string { return names[rng.IntN(len(names))] }
	if rng.IntN(2) == 0 {
		return []schedule.Force{{Tensor: "*", Strategy: draw()}}
	}
	var forces []schedule.Force
	for _, p := range d.m.Params {
		if rng.IntN(2) == 0 {
			forces = append(forces, schedule.Force{Tensor: p.Name, Strategy: draw()})
		}
	}
	return forces
}
