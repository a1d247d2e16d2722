package compiler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// drawer makes up sound models: every op, values with many readers, weights
// that nodes share in equal and in different roles, sizes around the multiples
// of every lane count.
type drawer struct {
	rng    *rand.Rand
	m      *ir.Model
	types  map[string]ir.Type
	values []string // of float32, in order
	finest float64  // exponent of the least weights: 0 for normal ones
}

var drawnSizes = []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 40}

// randomModel is the model of a seed.
func randomModel(t testing.TB, seed uint64) *ir.Model {
	t.Helper()
	d := &drawer{rng: rand.New(rand.NewPCG(seed, 0xd1ff)), m: &ir.Model{Name: fmt.Sprintf("m%d", seed)}, types: map[string]ir.Type{}}
	if d.rng.IntN(3) == 0 {
		d.finest = []float64{-4, -9, -12, -30, -37, -41}[d.rng.IntN(6)]
	}
	d.inputs()
	for range 1 + d.rng.IntN(9) {
		d.node()
	}
	d.outputs()
	if err := d.m.Verify(); err != nil {
		var b strings.Builder
		ir.Print(&b, d.m)
		t.Fatalf("seed %d: %v\n%s", seed, err, b.String())
	}
	return d.m
}

func (d *drawer) size() int { return drawnSizes[d.rng.IntN(len(drawnSizes))] }

func (d *drawer) inputs() {
	add := func(t ir.Type) {
		in := ir.Input{Name: fmt.Sprintf("x%d", len(d.m.Inputs)), Type: t}
		d.m.Inputs = append(d.m.Inputs, in)
		d.types[in.Name] = t
		if t.DType == ir.Float32 {
			d.values = append(d.values, in.Name)
		}
	}
	add(ir.Vector(d.size()))
	for range d.rng.IntN(3) {
		add(ir.Vector(d.size()))
	}
	for range d.rng.IntN(2) {
		add(ir.IndexOf(d.size()))
	}
}

// outputs are one to three values, the last node among them.
func (d *drawer) outputs() {
	d.m.Outputs = []string{d.values[len(d.values)-1]}
	for range d.rng.IntN(3) {
		v := d.value()
		if v != d.m.Outputs[0] && (len(d.m.Outputs) < 2 || v != d.m.Outputs[1]) {
			d.m.Outputs = append(d.m.Outputs, v)
		}
	}
}

// value is any value, late ones more often.
func (d *drawer) value() string {
	n := len(d.values)
	return d.values[n-1-min(d.rng.IntN(n), d.rng.IntN(n))]
}

func (d *drawer) len(value string) int { return d.types[value].Len() }

func (d *drawer) add(op ir.Op, size int, inputs ...string) {
	name := fmt.Sprintf("n%d", len(d.m.Nodes))
	d.m.Nodes = append(d.m.Nodes, ir.Node{Name: name, Op: op, Inputs: inputs})
	d.types[name] = ir.Vector(size)
	d.values = append(d.values, name)
}

func (d *drawer) node() {
	x := d.value()
	n := d.len(x)
	switch d.rng.IntN(24) {
	case 0, 1, 2:
		w := d.matrix(d.size(), n, 1)
		d.add(ir.Linear{Weight: w.Name, Bias: d.bias(w.Shape[0])}, w.Shape[0], x)
	case 3:
		if last := d.m.Inputs[len(d.m.Inputs)-1]; last.Type.DType == ir.Index {
			w := d.matrix(last.Type.Bound, d.size(), 1)
			d.add(ir.Embedding{Weight: w.Name}, w.Shape[1], last.Name)
		}
	case 4:
		h := d.hidden(1)
		f := []ir.Func{ir.Tanh, ir.Sigmoid, ir.ReLU, ir.ClippedReLU}[d.rng.IntN(4)]
		op := ir.RNN{WeightIH: d.matrix(h, n, 1).Name, WeightHH: d.matrix(h, h, 1).Name,
			BiasIH: d.bias(h), BiasHH: d.bias(h), H: d.state(h), Func: f}
		if f == ir.ClippedReLU {
			op.Clip = 0.75
		}
		d.add(op, h, x)
	case 5, 6:
		h := d.hidden(3)
		d.add(ir.GRU{WeightIH: d.matrix(3*h, n, 3).Name, WeightHH: d.matrix(3*h, h, 3).Name,
			BiasIH: d.bias(3 * h), BiasHH: d.bias(3 * h), H: d.state(h),
			Reset: ir.ResetMode(d.rng.IntN(2)), Func: []ir.Func{ir.Tanh, ir.ReLU}[d.rng.IntN(2)]}, h, x)
	case 7:
		h := d.hidden(4)
		d.add(ir.LSTM{WeightIH: d.matrix(4*h, n, 4).Name, WeightHH: d.matrix(4*h, h, 4).Name,
			BiasIH: d.bias(4 * h), BiasHH: d.bias(4 * h), H: d.state(h), C: d.state(h)}, h, x)
	case 8, 9:
		op := ir.Activation{Func: ir.Func(d.rng.IntN(5))}
		if op.Func == ir.ClippedReLU {
			op.Clip = []float32{0.5, 1, 3}[d.rng.IntN(3)]
		}
		d.add(op, n, x)
	case 10:
		parts, size := []string{x}, n
		for range d.rng.IntN(4) {
			part := d.value()
			parts, size = append(parts, part), size+d.len(part)
		}
		d.add(ir.Concat{}, size, parts...)
	case 11:
		var same []string
		for _, v := range d.values {
			if d.len(v) == n {
				same = append(same, v)
			}
		}
		d.add(ir.Binary{Func: ir.BinaryFunc(d.rng.IntN(3))}, n, x, same[d.rng.IntN(len(same))])
	case 12:
		d.add(ir.Softmax{Size: d.divisor(n)}, n, x)
	case 13, 14, 15:
		d.picked(x)
	case 16:
		d.windowed(x)
	case 17:
		d.function(x)
	case 18:
		d.pair(x)
	case 19:
		size := d.divisor(n)
		d.add(ir.Reduce{Func: ir.ReduceFunc(d.rng.IntN(4)), Size: size}, n/size, x)
	case 20:
		d.add(ir.Normalize{Size: d.divisor(n), Epsilon: 0.25}, n, x)
	case 21:
		d.add(ir.Constant{Value: d.vector(n)}, n)
	case 22:
		d.cell(x)
	case 23:
		d.spelled(x)
	}
}

// hidden is a number of units, sometimes that of a former node, which can then
// share its tensors.
func (d *drawer) hidden(gates int) int {
	if n := len(d.m.States); n > 0 && d.rng.IntN(3) == 0 {
		return d.m.States[d.rng.IntN(n)].Size
	}
	return min(d.size(), 33)
}

func (d *drawer) state(h int) string {
	s := ir.State{Name: fmt.Sprintf("s%d", len(d.m.States)), Size: h}
	if d.rng.IntN(3) == 0 {
		s.Init = d.vector(h)
	}
	d.m.States = append(d.m.States, s)
	return s.Name
}

// shared is a parameter of that shape that is there already, sometimes.
func (d *drawer) shared(shape ...int) *ir.Param {
	if d.rng.IntN(3) > 0 {
		return nil
	}
	for _, p := range d.m.Params {
		if fmt.Sprint(p.Shape) == fmt.Sprint(shape) {
			return p
		}
	}
	return nil
}

func (d *drawer) param(data []float32, shape ...int) *ir.Param {
	p := &ir.Param{Name: fmt.Sprintf("p%d", len(d.m.Params)), Shape: shape, Data: data}
	d.m.Params = append(d.m.Params, p)
	return p
}

// bias is the name of a bias, empty for none; many elements of one are zero.
func (d *drawer) bias(n int) string {
	if d.rng.IntN(4) == 0 {
		return ""
	}
	return d.vector(n)
}

func (d *drawer) vector(n int) string {
	if p := d.shared(n); p != nil {
		return p.Name
	}
	data := make([]float32, n)
	keep := []float64{0, 0.3, 1}[d.rng.IntN(3)]
	for i := range data {
		if d.rng.Float64() < keep {
			data[i] = float32(0.5 * d.rng.NormFloat64())
		}
	}
	return d.param(data, n).Name
}

// matrix has one of the patterns that the schedule knows, or none, in gates
// blocks of rows.
func (d *drawer) matrix(rows, cols, gates int) *ir.Param {
	if p := d.shared(rows, cols); p != nil {
		return p
	}
	mask := d.mask(rows, cols, rows/gates)
	scale := 1 / math.Sqrt(max(1, float64(cols)*d.rng.Float64()))
	data := make([]float32, rows*cols)
	for i := range data {
		if !mask[i] {
			continue
		}
		data[i] = float32(scale * d.rng.NormFloat64())
		if d.finest < 0 && d.rng.IntN(4) == 0 {
			data[i] = float32(float64(data[i]) * math.Pow(10, d.finest*d.rng.Float64()))
		}
	}
	return d.param(data, rows, cols)
}

func (d *drawer) mask(rows, cols, block int) []bool {
	mask := make([]bool, rows*cols)
	density := []float64{0, 0.03, 0.1, 0.3, 0.7, 1}[d.rng.IntN(6)]
	kind := d.rng.IntN(4)
	height := []int{1, 4, 8, 16}[d.rng.IntN(4)]
	empty := d.rng.IntN(3) == 0 // every third row and every fifth column
	for r := range rows {
		for c := range cols {
			i := r*cols + c
			switch kind {
			case 0, 1: // element by element, rows of uneven density
				mask[i] = d.rng.Float64() < density*[]float64{1, 1, 2, 0.2}[r%4*kind]
			case 2: // blocks of height rows, beginning anew at each gate
				if r%block%height == 0 {
					mask[i] = d.rng.Float64() < density
				} else {
					mask[i] = mask[i-cols]
				}
			case 3: // lane-balanced: as many in every row of a chunk of 8 columns
				mask[i] = (c+3*r+c/8)%8 < int(density*8+0.5)
			}
		}
	}
	if empty {
		for i := range mask {
			mask[i] = mask[i] && i/cols%3 != 1 && i%cols%5 != 2
		}
	}
	return mask
}
