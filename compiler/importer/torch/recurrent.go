package torch

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
)

// maxLayers is the largest number of layers of a module.
const maxLayers = 256

// recurrent is an RNN, GRU or LSTM, of layers or a single cell.
type recurrent struct {
	m      *module
	cell   string // RNN, GRU or LSTM
	gates  int
	bias   bool
	fn     ir.Func
	hidden int // of the options; unknown without
}

func recurrentKind(cell string, gates int) kind {
	return kind{1, 1, func(m *module, x []*value) *value {
		r := newRecurrent(m, cell, gates)
		m.skip("dropout")
		layers := m.whole("num_layers", 1, 1, maxLayers)
		both := m.flag("bidirectional", false)
		projection := 0
		if cell == "LSTM" {
			projection = m.whole("proj_size", 0, 0, ir.MaxElements)
		}
		return r.stack(x[0], layers, both, projection)
	}, wantColumns("weight_ih_l0")}
}

func cellKind(cell string, gates int) kind {
	return kind{1, 1, func(m *module, x []*value) *value {
		return newRecurrent(m, cell, gates).layer(m.name, "", x[0], ir.Forward)
	}, wantColumns("weight_ih")}
}

// newRecurrent reads the options that layers and cells have in common.
func newRecurrent(m *module, cell string, gates int) *recurrent {
	r := &recurrent{m: m, cell: cell, gates: gates, bias: m.flag("bias", true)}
	r.hidden = m.whole("hidden_size", unknown, 1, ir.MaxElements)
	if cell == "RNN" {
		switch word := m.text("nonlinearity", "tanh"); word {
		case "tanh":
		case "relu":
			r.fn = ir.ReLU
		default:
			m.fault("nonlinearity is %q, want tanh or relu", word)
		}
	}
	return r
}

// wantColumns gives an input the frame that a matrix reads.
func wantColumns(tensor string) func(*module, *value) {
	return func(m *module, x *value) {
		if shape := m.shapeOf(tensor); len(shape) == 2 {
			x.shape = []int{shape[1]}
		}
	}
}

// stack adds the layers, each of which reads the one before.
func (r *recurrent) stack(x *value, layers int, both bool, projection int) *value {
	for l := range layers {
		name, suffix := r.m.name, fmt.Sprintf("_l%d", l)
		if layers > 1 {
			name += suffix
		}
		add := func(name, suffix string, way ir.Direction) *value {
			if projection > 0 {
				return r.projected(name, suffix, x, projection, way)
			}
			return r.layer(name, suffix, x, way)
		}
		forward := add(name, suffix, ir.Forward)
		if !both {
			x = forward
			continue
		}
		reverse := add(name+"_reverse", suffix+"_reverse", ir.Reverse)
		if forward == nil || reverse == nil {
			return nil
		}
		joined := r.m.b.node(name+"_concat", ir.Concat{}, forward.name, reverse.name)
		x = &value{name: joined, shape: []int{forward.width() + reverse.width()}}
	}
	return x
}

// gateTensors are the parameters of a layer in one direction.
type gateTensors struct{ weightIH, weightHH, biasIH, biasHH string }

// rows are those of all gates.
func (r *recurrent) rows(hidden int) int {
	if hidden == unknown {
		return unknown
	}
	return r.gates * hidden
}

// inputTensors takes the parameters of a layer with hidden units, but the matrix of
// the state.
func (r *recurrent) inputTensors(suffix string, x *value, hidden int) gateTensors {
	rows := r.rows(hidden)
	t := gateTensors{weightIH: r.m.param("weight_ih"+suffix, rows, r.inputWidth(x))}
	if r.bias {
		t.biasIH, t.biasHH = r.m.param("bias_ih"+suffix, rows), r.m.param("bias_hh"+suffix, rows)
	}
	return t
}

// inputWidth is that of a vector; a frame of more dimensions is a fault.
func (r *recurrent) inputWidth(x *value) int {
	if x == nil || x.shape == nil {
		return unknown
	}
	if len(x.shape) != 1 {
		r.m.fault("reads a frame of shape %v, want a vector: want a Flatten before it", x.shape)
		return unknown
	}
	return x.shape[0]
}

// units is the number of hidden units, of the options or by the rows of a matrix.
func (r *recurrent) units(suffix string) int {
	if r.hidden != unknown {
		return r.hidden
	}
	shape := r.m.shapeOf("weight_hh" + suffix)
	if len(shape) != 2 || shape[0]%r.gates != 0 || shape[0] == 0 {
		return unknown
	}
	return shape[0] / r.gates
}

// layer adds one layer in one direction. It is nil where its tensors do not fit.
func (r *recurrent) layer(name, suffix string, x *value, way ir.Direction) *value {
	faults := len(r.m.b.faults)
	hidden := r.units(suffix)
	t := r.inputTensors(suffix, x, hidden)
	t.weightHH = r.m.param("weight_hh"+suffix, r.rows(hidden), hidden)
	if len(r.m.b.faults) > faults || x == nil || x.shape == nil {
		return nil
	}
	if hidden == unknown {
		r.m.fault("tensor %q: %d rows, want %d for each unit", r.m.full("weight_hh"+suffix), r.m.shapeOf("weight_hh" + suffix)[0], r.gates)
		return nil
	}
	b := r.m.b
	name = b.unused(name)
	s := state{h: b.state(name+".h", hidden), sizeH: hidden}
	if r.cell == "LSTM" {
		s.c, s.sizeC = b.state(name+".c", hidden), hidden
	}
	b.states[r.m.name] = append(b.states[r.m.name], s)
	b.add(name, r.op(t, s, way), x.name)
	return &value{name: name, shape: []int{hidden}}
}

// op is the cell. PyTorch's GRU multiplies by the reset gate after the product.
func (r *recurrent) op(t gateTensors, s state, way ir.Direction) ir.Op {
	switch r.cell {
	case "RNN":
		return ir.RNN{WeightIH: t.weightIH, WeightHH: t.weightHH, BiasIH: t.biasIH, BiasHH: t.biasHH, H: s.h, Func: r.fn, Direction: way}
	case "GRU":
		return ir.GRU{WeightIH: t.weightIH, WeightHH: t.weightHH, BiasIH: t.biasIH, BiasHH: t.biasHH, H: s.h, Reset: ir.ResetAfter, Direction: way}
	}
	return ir.LSTM{WeightIH: t.weightIH, WeightHH: t.weightHH, BiasIH: t.biasIH, BiasHH: t.biasHH, H: s.h, C: s.c, Direction: way}
}
