package onnx

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// cell is one direction of a recurrent node. Its gates lie in the order of package
// ir.
type cell struct {
	kind      string // the operator
	in, n     int
	gates     int
	weights   [2]weight // of the input and of the state
	biases    [2]weight
	peephole  weight
	functions []ir.Function
	bound     float32
	after     bool // the reset gate of a GRU multiplies what the weights made of the state
	coupled   bool // the forget gate of an LSTM is one less its input gate
	reverse   bool
}

// weight is a parameter by name, or elements that are computed. Without either it is
// zeros.
type weight struct {
	param string
	view  []element
	data  []float32 // of the parameter
}

func (w weight) zero() bool { return w.param == "" && w.view == nil }

// The blocks of the gates in ONNX, in the order of package ir.
var (
	gateOrder     = map[string][]int{"RNN": {0}, "GRU": {1, 0, 2}, "LSTM": {0, 2, 3, 1}}
	peepholeOrder = []int{0, 2, 1}
)

// cell reads direction d of a node.
func (c *call) cell(d, directions, in, n int) (*cell, error) {
	functions, err := c.functionsOf(d, directions)
	if err != nil {
		return nil, err
	}
	order := gateOrder[c.node.op]
	u := &cell{kind: c.node.op, in: in, n: n, gates: len(order), functions: functions, bound: c.real("clip", 0),
		coupled: c.integer("input_forget", 0) != 0}
	if u.bound < 0 {
		return nil, fmt.Errorf("clip %v, want at least 0", u.bound)
	}
	if u.after, err = c.resetAfter(); err != nil {
		return nil, err
	}
	part := func(t *tensor, name string, from, rows, width int, order []int) weight {
		if t == nil {
			return weight{}
		}
		at := d*t.shape[1] + from
		if len(t.shape) == 3 {
			at *= width
		}
		suffix := ""
		if directions > 1 {
			suffix = []string{".forward", ".reverse"}[d]
		}
		return c.block(t, name, suffix, at, rows, width, order)
	}
	rows := u.gates * n
	u.weights[0] = part(c.in[1], "weight_ih", 0, rows, in, order)
	u.weights[1] = part(c.in[2], "weight_hh", 0, rows, n, order)
	u.biases[0] = part(c.input(3), "bias_ih", 0, rows, 1, order)
	u.biases[1] = part(c.input(3), "bias_hh", rows, rows, 1, order)
	u.peephole = part(c.input(7), "peephole", 0, 3*n, 1, peepholeOrder)
	return u, nil
}

// block cuts rows out of a tensor and puts its blocks in another order.
func (c *call) block(t *tensor, role, suffix string, from, rows, width int, order []int) weight {
	size := rows * width / len(order)
	if !t.constant() {
		var view []element
		for _, k := range order {
			view = append(view, t.view[from+k*size:from+(k+1)*size]...)
		}
		return weight{view: view}
	}
	data := make([]float32, 0, rows*width)
	for _, k := range order {
		data = append(data, t.floats[from+k*size:from+(k+1)*size]...)
	}
	if len(t.shape) == 2 && !slices.ContainsFunc(data, func(x float32) bool { return x != 0 }) {
		return weight{}
	}
	name := c.label + "." + role
	switch {
	case t.name != "" && (len(t.shape) == 3 || role == "peephole"):
		name = t.name
	case t.name != "":
		name = t.name + "." + role
	}
	shape := []int{rows, width}
	if len(t.shape) == 2 {
		shape = []int{rows}
	}
	key := fmt.Sprintf("%p %s %d %d", t, suffix, from, rows)
	return weight{param: c.im.shared(key, name+suffix, shape, data), data: data}
}

// shared is a parameter that is made once for a key.
func (im *importer) shared(key, name string, shape []int, data []float32) string {
	if p, ok := im.params[key]; ok {
		return p
	}
	p := im.g.param(name, shape, data)
	im.params[key] = p
	return p
}

// resetAfter reads linear_before_reset, which one exporter is known to have left out.
func (c *call) resetAfter() (bool, error) {
	if c.node.op != "GRU" || c.integer("linear_before_reset", 0) != 0 {
		return true, nil
	}
	switch {
	case c.im.o.GRUReset != "":
		return c.im.o.GRUReset == "after", nil
	case c.im.model.producer == "pytorch":
		return false, fmt.Errorf("linear_before_reset is 0 in a file of PyTorch, whose GRU has 1: "+
			"its exporter is known to have left it out (onnxscript 0.5.7 to 0.7.0; this is pytorch %s); "+
			"say -gru-reset after for such a model, -gru-reset before if 0 is meant", c.im.model.version)
	}
	return false, nil
}

// op is the op of the cell with its states.
func (u *cell) op(h, c string) ir.Op {
	f := u.functions
	switch u.kind {
	case "RNN":
		return ir.RNN{WeightIH: u.weights[0].param, WeightHH: u.weights[1].param, BiasIH: u.biases[0].param, BiasHH: u.biases[1].param,
			H: h, Func: f[0].Func, Alpha: f[0].Alpha, Beta: f[0].Beta, Bound: u.bound, Direction: u.direction()}
	case "GRU":
		reset := ir.ResetBefore
		if u.after {
			reset = ir.ResetAfter
		}
		return ir.GRU{WeightIH: u.weights[0].param, WeightHH: u.weights[1].param, BiasIH: u.biases[0].param, BiasHH: u.biases[1].param,
			H: h, Reset: reset, Func: f[1].Func, Alpha: f[1].Alpha, Beta: f[1].Beta, Gate: spec(f[0], ir.Sigmoid),
			Bound: u.bound, Direction: u.direction()}
	}
	return ir.LSTM{WeightIH: u.weights[0].param, WeightHH: u.weights[1].param, BiasIH: u.biases[0].param, BiasHH: u.biases[1].param,
		H: h, C: c, Peephole: u.peephole.param, Gate: spec(f[0], ir.Sigmoid), Candidate: spec(f[1], ir.Tanh),
		Output: spec(f[2], ir.Tanh), Coupled: u.coupled, Bound: u.bound, Direction: u.direction()}
}

func (u *cell) direction() ir.Direction {
	if u.reverse {
		return ir.Reverse
	}
	return ir.Forward
}

// spec is a function in words, none for the usual one.
func spec(f ir.Function, usual ir.Func) ir.FuncSpec {
	if f.Func == usual {
		return ""
	}
	return f.Spec()
}
