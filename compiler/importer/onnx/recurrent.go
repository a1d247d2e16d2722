package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// recurrent are the recurrent operators.
var recurrent = map[string]operator{
	"RNN":  {run: recurrentOp, least: 3, most: 6, attributes: append([]string{}, recurrentAttributes...)},
	"GRU":  {run: recurrentOp, least: 3, most: 6, attributes: append([]string{"linear_before_reset"}, recurrentAttributes...)},
	"LSTM": {run: recurrentOp, least: 3, most: 8, attributes: append([]string{"input_forget"}, recurrentAttributes...)},
}

var recurrentAttributes = []string{"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"}

// layer is a recurrent node: as many cells as it has directions, each over every
// element of the batch.
type layer struct {
	*call
	x                   *tensor // [steps batch in], or [batch steps in] with batchFirst
	lengths, h, c       *tensor // nil where they are not there
	cells               []*cell // of every direction
	batchFirst          bool
	steps, batch, in, n int // n: hidden
}

// recurrentOp makes cells that run along the frames where that is what the node does,
// and spells the node out over its steps where it has an axis of its own.
func recurrentOp(c *call) ([]*tensor, error) {
	l := &layer{call: c, x: c.in[0], batchFirst: c.integer("layout", 0) != 0, lengths: c.input(4), h: c.input(5), c: c.input(6)}
	streamed := l.alongFrames()
	if streamed {
		c.im.timed++
	}
	if err := l.read(); err != nil {
		return nil, err
	}
	if streamed {
		return l.streamed()
	}
	return l.unrolled()
}

// alongFrames reports whether the steps of the node are the frames. Those of a window
// of fixed size, with strides on the way, are not, unless the options say so.
func (l *layer) alongFrames() bool {
	axis := l.stepAxis()
	window := l.x.strided && l.im.axes.frames > 0 && l.im.o.Time == ""
	return len(l.x.shape) == 3 && l.x.time == axis && l.x.shape[axis] == 1 && !window && len(l.computed()) == 0
}

// computed are the weights of a recurrent node that are no constants.
func (c *call) computed() []string {
	var names []string
	for _, i := range []int{1, 2, 3, 7} {
		if t := c.input(i); t != nil && !t.lost && !t.constant() {
			names = append(names, c.node.inputs[i])
		}
	}
	return names
}

// checkWeights reports weights of a recurrent node that are no constants where its X is
// at fault: they would be, had it a time axis.
func (c *call) checkWeights() {
	if _, ok := gateOrder[c.node.op]; !ok || len(c.in) == 0 || c.in[0] == nil || !c.in[0].lost {
		return
	}
	if names := c.computed(); len(names) > 0 {
		c.fault("weights %q are no constants, which wants an input of known dimensions", names)
	}
}

// read reads the attributes and weights of the node.
func (l *layer) read() error {
	c := l.call
	gates := len(gateOrder[c.node.op])
	w, r := c.in[1], c.in[2]
	switch {
	case len(l.x.shape) != 3:
		return fmt.Errorf("input X has shape %v, want 3 dimensions", l.x.shape)
	case len(w.shape) != 3 || len(r.shape) != 3:
		return fmt.Errorf("inputs W and R have shapes %v and %v, want 3 dimensions", w.shape, r.shape)
	case l.x.kind != float || l.x.size() == 0:
		return errors.New("input X has no elements or is not of floats")
	}
	l.steps, l.batch, l.in, l.n = l.x.shape[0], l.x.shape[1], l.x.shape[2], r.shape[2]
	if l.batchFirst {
		l.steps, l.batch = l.batch, l.steps
	}
	directions, err := c.directions()
	if err != nil {
		return err
	}
	d := len(directions)
	wants := []struct {
		name  string
		t     *tensor
		kind  kind
		shape []int
	}{
		{"W", w, float, []int{d, gates * l.n, l.in}}, {"R", r, float, []int{d, gates * l.n, l.n}},
		{"B", c.input(3), float, []int{d, 2 * gates * l.n}}, {"sequence_lens", l.lengths, whole, []int{l.batch}},
		{"initial_h", l.h, float, l.stateShape(d)}, {"initial_c", l.c, float, l.stateShape(d)}, {"P", c.input(7), float, []int{d, 3 * l.n}},
	}
	for _, want := range wants {
		switch t := want.t; {
		case t == nil:
		case !slices.Equal(t.shape, want.shape) || t.time != none:
			return fmt.Errorf("%s has shape %v, want %v", want.name, t.shape, want.shape)
		case t.kind != want.kind || t.size() == 0:
			return fmt.Errorf("%s has no elements or those of another type", want.name)
		}
	}
	if n := c.integer("hidden_size", int64(l.n)); n != int64(l.n) {
		return fmt.Errorf("hidden_size %d, want %d of R %v", n, l.n, r.shape)
	}
	for i, direction := range directions {
		cell, err := c.cell(i, d, l.in, l.n)
		if err != nil {
			return err
		}
		cell.reverse = direction
		l.cells = append(l.cells, cell)
	}
	return nil
}

// stepAxis is the axis of X that the node runs along.
func (l *layer) stepAxis() int {
	if l.batchFirst {
		return 1
	}
	return 0
}

// stateShape is that of an initial or final state.
func (l *layer) stateShape(directions int) []int {
	if l.batchFirst {
		return []int{l.batch, directions, l.n}
	}
	return []int{directions, l.batch, l.n}
}

// directions says of every cell whether it runs backwards.
func (c *call) directions() ([]bool, error) {
	switch d := c.text("direction", "forward"); d {
	case "forward":
		return []bool{false}, nil
	case "reverse":
		return []bool{true}, nil
	case "bidirectional":
		return []bool{false, true}, nil
	default:
		return nil, fmt.Errorf("direction %q, want forward, reverse or bidirectional", d)
	}
}

// cellName is the name of the cell of a direction and element of the batch.
func (l *layer) cellName(d, b int) string {
	name := l.label
	if len(l.cells) > 1 {
		name += []string{".forward", ".reverse"}[d]
	}
	if l.batch > 1 {
		name += fmt.Sprintf(".%d", b)
	}
	return name
}

// xAt is X at a step.
func (l *layer) xAt(step, b int) []element {
	row := step*l.batch + b
	if l.batchFirst {
		row = b*l.steps + step
	}
	view := l.im.elements(l.label+".x", l.x)
	return view[row*l.in : (row+1)*l.in]
}

// stateAt is an initial state.
func (l *layer) stateAt(t *tensor, d, b int) (from, to int) {
	row := d*l.batch + b
	if l.batchFirst {
		row = b*len(l.cells) + d
	}
	return row * l.n, (row + 1) * l.n
}

// sequence is Y of values [step][direction][batch].
func (l *layer) sequence(y [][][]vector) *tensor {
	steps, directions := len(y), len(l.cells)
	t := l.x.derived([]int{steps, directions, l.batch, l.n}, none)
	t.kind, t.last, t.strided = float, l.x.last, l.x.strided
	at := func(step, d, b int) { t.view = append(t.view, viewOf(y[step][d][b], l.n)...) }
	if !l.batchFirst {
		for step := range steps {
			for d := range directions {
				for b := range l.batch {
					at(step, d, b)
				}
			}
		}
		return t
	}
	t.shape = []int{l.batch, steps, directions, l.n}
	for b := range l.batch {
		for step := range steps {
			for d := range directions {
				at(step, d, b)
			}
		}
	}
	return t
}

// state is Y_h or Y_c of values [direction][batch]; last says that they are right in
// the last frame.
func (l *layer) state(values [][]vector, last bool) *tensor {
	t := &tensor{shape: l.stateShape(len(l.cells)), time: none, last: last || l.x.last}
	n := len(l.cells) * l.batch
	for i := range n {
		d, b := i/l.batch, i%l.batch
		if l.batchFirst {
			b, d = i/len(l.cells), i%len(l.cells)
		}
		if d < len(values) && b < len(values[d]) {
			t.view = append(t.view, viewOf(values[d][b], l.n)...)
		}
	}
	return t
}
