package pass

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// drawer makes up models of every op that imported ones have, with many zero
// weights, shared ones and states that a tensor shows.
type drawer struct {
	rng    *rand.Rand
	m      *ir.Model
	types  map[string]ir.Type
	values []string // of float32 vectors, in order
	open   []string // states that are recalled and not stored yet
}

// randomModel is the model of a seed.
func randomModel(t testing.TB, seed uint64) *ir.Model {
	t.Helper()
	d := &drawer{rng: rand.New(rand.NewPCG(seed, 0xa55)), m: &ir.Model{Name: fmt.Sprintf("m%d", seed)}, types: map[string]ir.Type{}}
	for i, size := range []int{d.size(), d.size(), 1} {
		in := ir.Input{Name: []string{"x", "y", "mask"}[i], Type: ir.Vector(size)}
		d.m.Inputs = append(d.m.Inputs, in)
		d.types[in.Name] = in.Type
		d.values = append(d.values, in.Name)
	}
	for range 2 + d.rng.IntN(12) {
		d.node()
	}
	for len(d.open) > 0 {
		d.store()
	}
	d.outputs()
	if err := d.m.Verify(); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return d.m
}

func (d *drawer) size() int { return []int{1, 2, 3, 4, 6, 8}[d.rng.IntN(6)] }

func (d *drawer) one(of ...int) int { return of[d.rng.IntN(len(of))] }

// value is any value, late ones more often.
func (d *drawer) value() string {
	n := len(d.values)
	return d.values[n-1-min(d.rng.IntN(n), d.rng.IntN(n))]
}

func (d *drawer) len(value string) int { return d.types[value].Len() }

func (d *drawer) add(op ir.Op, size int, inputs ...string) string {
	name := fmt.Sprintf("n%d", len(d.m.Nodes))
	d.m.Nodes = append(d.m.Nodes, ir.Node{Name: name, Op: op, Inputs: inputs})
	d.types[name] = ir.Vector(size)
	d.values = append(d.values, name)
	return name
}

// tensor is a parameter, of which few, some or all elements are not zero, at times
// one that is there already.
func (d *drawer) tensor(shape ...int) string {
	for _, p := range d.m.Params {
		if slices.Equal(p.Shape, shape) && d.rng.IntN(6) == 0 {
			return p.Name
		}
	}
	p := &ir.Param{Name: fmt.Sprintf("p%d", len(d.m.Params)), Shape: shape}
	p.Data = make([]float32, p.Len())
	keep := []float64{0.1, 0.4, 1}[d.rng.IntN(3)]
	for i := range p.Data {
		if d.rng.Float64() < keep {
			p.Data[i] = float32(0.5 * d.rng.NormFloat64())
		}
	}
	if len(shape) == 2 && d.rng.IntN(2) == 0 { // a column that nothing reads and an empty row
		r, c := d.rng.IntN(shape[0]), d.rng.IntN(shape[1])
		for i := range p.Data {
			if i/shape[1] == r || i%shape[1] == c {
				p.Data[i] = 0
			}
		}
	}
	d.m.Params = append(d.m.Params, p)
	return p.Name
}

func (d *drawer) maybe(shape ...int) string {
	if d.rng.IntN(2) == 0 {
		return ""
	}
	return d.tensor(shape...)
}

func (d *drawer) state(size int) string {
	s := ir.State{Name: fmt.Sprintf("s%d", len(d.m.States)), Size: size}
	if d.rng.IntN(3) == 0 {
		s.Init = d.tensor(size)
	}
	d.m.States = append(d.m.States, s)
	if d.rng.IntN(4) == 0 {
		for _, output := range []bool{false, true} {
			d.m.Tensors = append(d.m.Tensors, ir.Tensor{Name: s.Name, Output: output, Shape: []int{size}, Time: -1,
				Parts: []ir.Part{{Kind: ir.StatePart, Name: s.Name}}})
		}
	}
	return s.Name
}

func (d *drawer) node() {
	x := d.value()
	n := d.len(x)
	switch d.rng.IntN(18) {
	case 0, 1:
		rows := d.divisor(n)
		out := d.size()
		d.add(ir.Linear{Weight: d.tensor(out, n/rows), Bias: d.maybe(out), Rows: rows}, rows*out, x)
	case 2:
		c := d.add(ir.Constant{Value: d.tensor(n)}, n)
		d.add(ir.Binary{Func: ir.BinaryFunc(d.one(int(ir.Add), int(ir.Mul), int(ir.Sub), int(ir.Max), int(ir.Min)))}, n, x, c)
	case 3, 4:
		d.pick(x, n)
	case 5:
		size := d.divisor(n)
		switch d.rng.IntN(3) {
		case 0:
			d.add(ir.Reduce{Func: ir.ReduceFunc(d.rng.IntN(4)), Size: size}, n/size, x)
		case 1:
			d.add(ir.Normalize{Size: size, Epsilon: 0.01}, n, x)
		case 2:
			d.add(ir.Softmax{Size: size}, n, x)
		}
	case 6, 7, 8:
		d.cell(x, n)
	case 9, 16, 17:
		d.activation(x, n)
	case 10:
		other := d.value()
		both := d.add(ir.Concat{}, n+d.len(other), x, other)
		if d.len(other) == n { // rows of one product
			out := d.size()
			d.add(ir.Linear{Weight: d.tensor(out, n), Rows: 2}, 2*out, both)
		}
	case 11:
		for _, v := range d.values {
			if d.len(v) == n && v != x {
				d.add(ir.Binary{Func: ir.BinaryFunc(d.one(int(ir.Add), int(ir.Mul), int(ir.Sub), int(ir.Max), int(ir.Min)))}, n, x, v)
				break
			}
		}
	case 12:
		if len(d.open) > 0 {
			d.store()
		} else {
			size := d.size()
			s := d.state(size)
			d.add(ir.Recall{State: s}, size)
			d.open = append(d.open, s)
		}
	case 13, 14:
		d.spelled(x)
	case 15:
		if len(d.open) > 0 {
			return
		}
		if d.rng.IntN(2) == 0 {
			d.add(ir.Ahead{By: 1 + d.rng.IntN(2)}, n, x)
		} else {
			d.add(ir.Hold{At: ir.End(d.rng.IntN(2))}, n, x)
		}
	}
}

func (d *drawer) divisor(n int) int {
	for {
		if k := d.one(1, 1, 2, 3, n); n%k == 0 {
			return k
		}
	}
}

// store ends the recurrence of the state recalled last.
func (d *drawer) store() {
	s := d.open[len(d.open)-1]
	d.open = d.open[:len(d.open)-1]
	size := d.m.State(s).Size
	x := d.value()
	if d.len(x) != size {
		x = d.add(ir.Linear{Weight: d.tensor(size, d.len(x)), Bias: d.maybe(size)}, size, x)
		x = d.add(ir.Activation{Func: ir.Tanh}, size, x)
	}
	d.add(ir.Store{State: s}, size, x)
}

// pick draws windows of whole values, halves, and anything.
func (d *drawer) pick(x string, n int) {
	var elements []int
	for range 1 + d.rng.IntN(3) {
		switch d.rng.IntN(4) {
		case 0:
			elements = append(elements, -1, -1)
		case 1:
			elements = append(elements, d.rng.IntN(n))
		default:
			elements = append(elements, identity(n)...)
		}
	}
	if d.rng.IntN(4) == 0 {
		slices.Reverse(elements)
	}
	d.add(ir.Pick{Spans: ir.SpansOf(elements)}, len(elements), x)
}

func (d *drawer) cell(x string, n int) {
	h := d.size()
	inputs := []string{x}
	if d.rng.IntN(4) == 0 {
		inputs = append(inputs, "mask")
	}
	direction := ir.Forward
	if len(d.open) == 0 && d.rng.IntN(4) == 0 {
		direction = ir.Reverse
	}
	bound := []float32{0, 0, 0.5}[d.rng.IntN(3)]
	gate := []ir.FuncSpec{"", "", "hard_sigmoid:0.2:0.5"}[d.rng.IntN(3)]
	f := []ir.Func{ir.Tanh, ir.Sigmoid, ir.ReLU, ir.Softsign, ir.Softplus}[d.rng.IntN(5)]
	switch d.rng.IntN(3) {
	case 0:
		d.add(ir.RNN{WeightIH: d.tensor(h, n), WeightHH: d.tensor(h, h), BiasIH: d.maybe(h), BiasHH: d.maybe(h), H: d.state(h),
			Func: f, Bound: bound, Direction: direction}, h, inputs...)
	case 1:
		d.add(ir.GRU{WeightIH: d.tensor(3*h, n), WeightHH: d.tensor(3*h, h), BiasIH: d.maybe(3 * h), BiasHH: d.maybe(3 * h), H: d.state(h),
			Reset: ir.ResetMode(d.rng.IntN(2)), Func: f, Gate: gate, Bound: bound, Direction: direction}, h, inputs...)
	case 2:
		op := ir.LSTM{WeightIH: d.tensor(4*h, n), WeightHH: d.tensor(4*h, h), BiasIH: d.maybe(4 * h), BiasHH: d.maybe(4 * h),
			H: d.state(h), C: d.state(h), Peephole: d.maybe(3 * h), Gate: gate, Candidate: ir.Function{Func: f}.Spec(),
			Coupled: d.rng.IntN(4) == 0, Both: d.rng.IntN(3) == 0, Bound: bound, Direction: direction}
		size := h
		if op.Both {
			size *= 2
		}
		d.add(op, size, inputs...)
	}
}

func (d *drawer) activation(x string, n int) {
	op := ir.Activation{Func: ir.Func(d.rng.IntN(int(ir.Clamp) + 1))}
	switch op.Func {
	case ir.ClippedReLU:
		op.Clip = 0.75
	case ir.HardSigmoid, ir.ScaledTanh, ir.Clamp:
		op.Alpha, op.Beta = 0.25, 0.5
	case ir.Affine:
		op.Alpha, op.Beta = 1, float32(d.rng.IntN(2))
	case ir.LeakyReLU, ir.ThresholdedReLU, ir.ELU:
		op.Alpha = 0.25
	}
	d.add(op, n, x)
}

func (d *drawer) outputs() {
	d.m.Outputs = []string{d.values[len(d.values)-1]}
	if v := d.value(); v != d.m.Outputs[0] {
		d.m.Outputs = append(d.m.Outputs, v)
	}
}

// TestRandomModels runs drawn models before and after every pass: outputs, and the
// states that tensors show, from values that those were given.
func TestRandomModels(t *testing.T) {
	shrunk, kept := 0, 0
	notes := map[string]int{} // of every pass
	for seed := range uint64(400) {
		m := randomModel(t, seed)
		want := ends(t, m, nil, seed)
		r := newReport(m)
		next := m
		for _, p := range Pipeline(Options{Permute: PermuteOptions{Budget: 20_000}}) {
			r.pass = p.Name
			var err error
			if next, err = p.Run(next, r); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, p.Name, err)
			}
			if err := next.Verify(); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, p.Name, err)
			}
			sameEnds(t, fmt.Sprintf("seed %d: %s", seed, p.Name), ends(t, next, r.Units, seed), want)
		}
		for _, n := range r.Notes {
			notes[n.Pass]++
		}
		for _, s := range m.States {
			switch now := next.State(s.Name); {
			case now == nil || now.Size < s.Size:
				shrunk++
			default:
				kept++
			}
		}
	}
	for _, p := range Pipeline(Options{}) {
		if p.Name == "fold-mirrors" {
			continue // of larger matrices: see TestFoldMirrors
		}
		if notes[p.Name] < 20 {
			t.Errorf("pass %s did %d things: the test holds little of it", p.Name, notes[p.Name])
		}
	}
	if shrunk < 50 || kept < 50 {
		t.Errorf("%d states shrank and %d did not: the test holds little", shrunk, kept)
	}
}

func newReport(m *ir.Model) *Report {
	r := &Report{Units: map[string][]int{}}
	for _, s := range m.States {
		r.Units[s.Name] = identity(s.Size)
	}
	return r
}

// TestRandomOrders shuffles the units of every axis that may be reordered.
func TestRandomOrders(t *testing.T) {
	shuffled := 0
	for seed := range uint64(400) {
		m := randomModel(t, seed)
		want := ends(t, m, nil, seed)
		rng := rand.New(rand.NewPCG(seed, 8))
		r := newReport(m)
		next := m
		for _, x := range analyse(m).reorderable() {
			a := analyse(next)
			next = a.reorder(x, rng.Perm(a.nodes[x].size), r)
			if err := next.Verify(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			shuffled++
		}
		sameEnds(t, fmt.Sprintf("seed %d", seed), ends(t, next, r.Units, seed), want)
	}
	if shuffled < 200 {
		t.Errorf("%d axes were shuffled, want at least 200", shuffled)
	}
}

// sameEnds compares what [ends] gives; folded biases are rounded to float32.
func sameEnds(t *testing.T, what string, got, want map[string][]float64) {
	t.Helper()
	for name, w := range want {
		for i := range w {
			if !(math.Abs(got[name][i]-w[i]) <= 1e-5*max(1, largest(w))) {
				t.Fatalf("%s: %s[%d] is %v, before %v", what, name, i, got[name][i], w[i])
			}
		}
	}
}

func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top
}

// ends is every output of a sequence, one frame after the other, and the states that
// tensors show behind it, in the order of the model as it was, by name. Those begin
// as drawn.
func ends(t *testing.T, m *ir.Model, units map[string][]int, seed uint64) map[string][]float64 {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	order := func(name string) []int {
		if units == nil {
			return identity(m.State(name).Size)
		}
		return units[name]
	}
	var shown []string
	for _, x := range m.Tensors {
		if x.Output {
			continue
		}
		begin, now := random(rng, x.Shape[0]), make([]float64, x.Shape[0])
		for i, k := range order(x.Name) {
			now[i] = begin[k]
		}
		if err := g.SetState(x.Name, now); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, x.Name)
	}
	frames := make([]eval.Frame, 5)
	for i := range frames {
		frames[i] = eval.Frame{}
		for _, in := range m.Inputs {
			frames[i][in.Name] = random(rng, in.Type.Len())
		}
		frames[i]["mask"][0] = float64(rng.IntN(2))
	}
	outputs, err := g.Run(frames)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float64{}
	for _, frame := range outputs {
		for name, x := range frame {
			all["output "+name] = append(all["output "+name], x...)
		}
	}
	for _, name := range shown {
		now := g.State(name)
		old := make([]float64, len(now))
		for i, k := range order(name) {
			old[k] = now[i]
		}
		all["state "+name] = old
	}
	return all
}

func random(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}
