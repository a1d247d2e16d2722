package compiler

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// wholeLengths are lengths of sequences around one block of Run.
var wholeLengths = []int{1, 2, 3, 11, 12, 13, 40}

// wholeModel makes up a model of layers in two directions, some with masks, some
// that look ahead or at an end of the sequence, and spelled-out recurrences. All
// states are exposed. That of every third seed goes forwards alone and can be
// stepped.
func wholeModel(t testing.TB, seed uint64) *ir.Model {
	t.Helper()
	d := &drawer{rng: rand.New(rand.NewPCG(seed, 0xb1d1)), m: &ir.Model{Name: fmt.Sprintf("w%d", seed)}, types: map[string]ir.Type{}}
	d.inputs()
	mask := ""
	if d.rng.IntN(2) == 0 {
		mask = "counts"
		d.m.Inputs = append(d.m.Inputs, ir.Input{Name: mask, Type: ir.Vector(1)})
		d.types[mask] = ir.Vector(1)
	}
	streams := seed%3 == 2
	second := ir.Reverse
	if streams {
		second = ir.Forward
	}
	for range 1 + d.rng.IntN(2) {
		d.directions(mask, second, ir.Forward)
		switch n := d.len(d.last()); d.rng.IntN(6) {
		case 0:
			if !streams {
				d.add(ir.Ahead{By: 1 + d.rng.IntN(14)}, n, d.last())
			}
		case 1:
			if !streams {
				d.add(ir.Hold{At: ir.End(d.rng.IntN(2))}, n, d.last())
			}
		case 2:
			d.average()
		case 3:
			before := len(d.m.Nodes)
			d.node()
			d.node()
			d.turn(before, mask, second)
		}
	}
	w := d.matrix(d.size(), d.len(d.last()), 1)
	d.add(ir.Linear{Weight: w.Name, Bias: d.bias(w.Shape[0])}, w.Shape[0], d.last())
	d.outputs()
	for _, s := range d.m.States {
		d.m.Tensors = append(d.m.Tensors, ir.Tensor{Name: s.Name, Output: true, Shape: []int{s.Size}, Time: -1,
			Parts: []ir.Part{{Kind: ir.StatePart, Name: s.Name}}})
	}
	if err := d.m.Verify(); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return d.m
}

func (d *drawer) last() string { return d.values[len(d.values)-1] }

// average adds a state that follows a value: half of either.
func (d *drawer) average() {
	x := d.last()
	n := d.len(x)
	h := d.state(n)
	d.add(ir.Recall{State: h}, n)
	d.add(ir.Binary{Func: ir.Add}, n, x, d.last())
	d.add(ir.Activation{Func: ir.Affine, Alpha: 0.5}, n, d.last())
	d.add(ir.Store{State: h}, n, d.last())
}

// turn gives some cells from a node on the other direction, and some a mask.
func (d *drawer) turn(from int, mask string, way ir.Direction) {
	for i := from; i < len(d.m.Nodes); i++ {
		n := &d.m.Nodes[i]
		if d.rng.IntN(2) == 0 {
			continue
		}
		switch op := n.Op.(type) {
		case ir.RNN:
			op.Direction = way
			n.Op = op
		case ir.GRU:
			op.Direction = way
			n.Op = op
		case ir.LSTM:
			op.Direction = way
			n.Op = op
		default:
			continue
		}
		if mask != "" {
			n.Inputs = append(n.Inputs, mask)
		}
	}
}

// directions adds a layer in each of the directions, and all side by side.
func (d *drawer) directions(mask string, ways ...ir.Direction) {
	x := d.last()
	var both []string
	size := 0
	for _, way := range ways {
		h := d.hidden(1)
		n, in := d.len(x), []string{x}
		if mask != "" && d.rng.IntN(3) > 0 {
			in = append(in, mask)
		}
		var op ir.Op
		out := h
		switch d.rng.IntN(3) {
		case 0:
			op = ir.RNN{WeightIH: d.matrix(h, n, 1).Name, WeightHH: d.matrix(h, h, 1).Name,
				BiasIH: d.bias(h), BiasHH: d.bias(h), H: d.state(h), Func: ir.Tanh, Direction: way}
		case 1:
			op = ir.GRU{WeightIH: d.matrix(3*h, n, 3).Name, WeightHH: d.matrix(3*h, h, 3).Name,
				BiasIH: d.bias(3 * h), BiasHH: d.bias(3 * h), H: d.state(h), Reset: ir.ResetMode(d.rng.IntN(2)), Direction: way}
		case 2:
			lstm := ir.LSTM{WeightIH: d.matrix(4*h, n, 4).Name, WeightHH: d.matrix(4*h, h, 4).Name,
				BiasIH: d.bias(4 * h), BiasHH: d.bias(4 * h), H: d.state(h), C: d.state(h), Direction: way}
			if lstm.Both = d.rng.IntN(2) == 0; lstm.Both {
				out = 2 * h
			}
			op = lstm
		}
		d.add(op, out, in...)
		both, size = append(both, d.last()), size+out
	}
	d.add(ir.Concat{}, size, both...)
}

// TestWholeSequences holds programs of made-up models against the graph: outputs
// and states, from the beginning, from states that were set, and from what the
// sequence before left.
func TestWholeSequences(t *testing.T) {
	n := uint64(120)
	if testing.Short() {
		n = 20
	}
	held := uint64(0)
	for seed := range n {
		m := wholeModel(t, seed)
		p, err := Lower(context.Background(), m, Options{Pass: quick})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		w := whole{t: t, seed: seed, m: m, p: p}
		if w.program, err = eval.NewProgram(p.Program); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if w.graph, err = eval.New(m); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for k, frames := range wholeLengths {
			if w.given = k%3 == 1; w.given {
				w.setStates(rand.New(rand.NewPCG(seed, uint64(k))))
			}
			if !w.run(verify.RandomInputs(m, rand.New(rand.NewPCG(seed, uint64(k))), frames)) {
				break
			}
			if k == len(wholeLengths)-1 {
				held++
			}
		}
	}
	if 4*held < 3*n {
		t.Errorf("%d of %d models can be held against the reference, want three in four", held, n)
	}
}

// whole runs a program beside its graph.
type whole struct {
	t       *testing.T
	seed    uint64
	m       *ir.Model
	p       *Package
	graph   *eval.Graph
	program *eval.Program
	given   bool // states were set for the next run
}

// run runs both over a sequence. It is false where the model magnifies rounding too
// much to be compared.
func (w *whole) run(in []eval.Frame) bool {
	w.t.Helper()
	tolerance := w.tolerance(in)
	if tolerance >= verify.MaxTolerance {
		return false
	}
	want, err := w.graph.Run(in)
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := w.program.Run(in)
	if err != nil {
		w.t.Fatal(err)
	}
	for frame := range want {
		for name, y := range want[frame] {
			w.near(fmt.Sprintf("%d frames, frame %d, output %s", len(in), frame, name), got[frame][name], y, tolerance)
		}
	}
	for _, s := range w.p.Program.States {
		h := w.program.State(s.Name)
		seen := make([]float64, len(h))
		for i, v := range h {
			seen[place(s.Units, i)] = float64(v)
		}
		w.near(fmt.Sprintf("%d frames, state %s", len(in), s.Name), seen, w.graph.State(s.Name), 4*tolerance)
	}
	return true
}

// tolerance is what rounding may do from these states on to the values of all nodes,
// those of the cells among them: no output may show a state.
func (w *whole) tolerance(in []eval.Frame) float64 {
	w.t.Helper()
	m, p := w.begins(), *w.p.Program
	m.Outputs, p.Outputs = nil, nil
	for _, n := range m.Nodes {
		m.Outputs = append(m.Outputs, n.Name)
		p.Outputs = append(p.Outputs, kernel.Port{Name: n.Name})
	}
	r, err := verify.EstimateRounding(m, &p, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Tolerance
}

// begins is the model with the states that the next run begins with as its initial
// ones.
func (w *whole) begins() *ir.Model {
	m := w.p.Model.Clone()
	used := map[string]bool{}
	for i, s := range w.p.Program.States {
		if w.given || !w.p.Program.Reversed(s.Buf) {
			init := &ir.Param{Name: s.Name + ".start", Shape: []int{s.Size}, Data: w.program.State(s.Name)}
			m.Params = append(m.Params, init)
			m.States[i].Init = init.Name
		}
		used[m.States[i].Init] = true
	}
	for _, n := range m.Nodes {
		for _, name := range ir.ParamNames(n.Op) {
			used[name] = true
		}
	}
	m.Params = slices.DeleteFunc(m.Params, func(p *ir.Param) bool { return !used[p.Name] })
	return m
}

func (w *whole) near(what string, got, want []float64, tolerance float64) {
	w.t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			w.t.Fatalf("seed %d: %s[%d]: %v, want %v ± %g\n%s", w.seed, what, i, got[i], want[i], tolerance, w.p.Program)
		}
	}
}

// setStates gives both new states.
func (w *whole) setStates(rng *rand.Rand) {
	for _, s := range w.p.Program.States {
		seen, h := make([]float64, s.Size), make([]float32, s.Size)
		for i := range seen {
			seen[i] = float64(float32(rng.NormFloat64()))
		}
		for i := range h {
			h[i] = float32(seen[place(s.Units, i)])
		}
		if err := w.graph.SetState(s.Name, seen); err != nil {
			w.t.Fatal(err)
		}
		if err := w.program.SetState(s.Name, h); err != nil {
			w.t.Fatal(err)
		}
	}
}

// place is where users see element i of a state.
func place(units []int, i int) int {
	if units == nil {
		return i
	}
	return units[i]
}

// TestWholePackages runs the tests of packages of such models, each with the
// reference of a sequence of another length.
func TestWholePackages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	m, err := scratch.New("whole.invalid")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i, seed := range []uint64{0, 1, 3, 4, 2, 6, 5} {
		name := fmt.Sprintf("w%d", seed)
		o := Options{Package: name, Pass: quick, Frames: wholeLengths[i%len(wholeLengths)]}
		for _, l := range drawLevels(rand.New(rand.NewPCG(seed, 1))) {
			o.Schedule.Targets = append(o.Schedule.Targets, schedule.Zen4(l))
		}
		p, err := Compile(ctx, wholeModel(t, seed), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := m.Add(name, p.Files); err != nil {
			t.Fatal(err)
		}
	}
	for _, tags := range []string{"", "purego"} {
		if out, err := m.Command(ctx, "go", "test", "-short", "-tags", tags, "./...").CombinedOutput(); err != nil {
			t.Errorf("-tags %q: %v\n%s", tags, err, out)
		}
	}
}
