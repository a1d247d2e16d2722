package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
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

// computed are the weights that are no constants.
func (l *layer) computed() []string {
	var names []string
	for _, i := range []int{1, 2, 3, 7} {
		if t := l.call.input(i); t != nil && !t.constant() {
			names = append(names, l.node.inputs[i])
		}
	}
	return names
}

// read reads the attributes and weights of the node.
func (l *layer) read() error {
	c := l.call
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[c.node.op]
	w, r := c.in[1], c.in[2]
	switch {
	case len(l.x.shape) != 3:
		return fmt.Errorf("X has shape %v, want 3 dimensions", l.x.shape)
	case len(w.shape) != 3 || len(r.shape) != 3:
		return fmt.Errorf("W and R have shapes %v and %v, want 3 dimensions", w.shape, r.shape)
	case l.x.kind != float || l.x.size() == 0:
		return fmt.Errorf("X has no elements or is not of floats")
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

// maxBatch is the largest batch of a recurrent node.
const maxBatch = 1024

// streamed makes a node of the model for every direction and element of the batch.
func (l *layer) streamed() ([]*tensor, error) {
	if l.batch > maxBatch {
		return nil, fmt.Errorf("a batch of %d, each with cells of its own, want at most %d", l.batch, maxBatch)
	}
	y := make([][]vector, len(l.cells)) // [direction][batch]
	h, c := make([][]vector, len(l.cells)), make([][]vector, len(l.cells))
	for d, cell := range l.cells {
		for b := range l.batch {
			v, err := l.stream(cell, d, b)
			if err != nil {
				return nil, err
			}
			y[d], h[d], c[d] = append(y[d], v[0]), append(h[d], v[1]), append(c[d], v[2])
		}
	}
	all := l.sequence([][][]vector{y})
	all.time = l.stepAxis()
	return []*tensor{all, l.state(h, true), l.state(c, true)}[:l.results()], nil
}

// results is the number of outputs that the node may have.
func (l *layer) results() int {
	if l.node.op == "LSTM" {
		return 3
	}
	return 2
}

// stream makes one cell and is its value, and its states behind the last frame.
func (l *layer) stream(u *cell, d, b int) ([3]vector, error) {
	var none [3]vector
	g := l.im.g
	name := l.cellName(d, b)
	view := l.xAt(0, b)
	x := g.joined(name+".x", view)
	mask, err := l.frameMask(b)
	if err != nil {
		return none, err
	}
	inputs := []vector{x}
	if mask != 0 {
		inputs = append(inputs, mask)
	}
	hState, err := l.initial(l.h, "h", name, d, b)
	if err != nil {
		return none, err
	}
	cState := ""
	if u.kind == "LSTM" {
		if cState, err = l.initial(l.c, "c", name, d, b); err != nil {
			return none, err
		}
	}
	y := g.node(name, u.op(hState, cState), l.n, inputs...)
	l.im.owner[hState] = y
	last := [3]vector{y, l.final(y, hState, u.reverse, mask)}
	if u.kind == "LSTM" {
		l.im.owner[cState] = y
		c := g.add(value{name: name + ".c", size: l.n, same: y, half: true})
		last[2] = l.final(c, cState, u.reverse, mask)
	}
	return last, nil
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

// initial makes the state of a cell: from zeros, constants, or the elements of an
// input, which then shows the state.
func (l *layer) initial(t *tensor, role, name string, d, b int) (string, error) {
	g := l.im.g
	if t == nil {
		return g.state(name+"."+role, l.n, nil), nil
	}
	from, to := l.stateAt(t, d, b)
	if t.floats != nil {
		return g.state(name+"."+role, l.n, t.floats[from:to]), nil
	}
	view := t.view[from:to]
	if !slices.ContainsFunc(view, func(e element) bool { return e.v != 0 }) {
		return g.state(name+"."+role, l.n, nil), nil
	}
	in := l.im.inputOf(view[0].v)
	for i, e := range view {
		if in == nil || in.single || e.v != view[0].v || e.i != view[0].i+int32(i) || in.tensor.time != none {
			return "", fmt.Errorf("initial_%s is computed, want constants or an input without a time axis", role)
		}
	}
	at := view[0].i
	if _, taken := in.states[at]; taken {
		return "", fmt.Errorf("initial_%s: input %q is a state of another node too", role, in.name)
	}
	stateName := in.name
	if in.tensor.size() > l.n {
		stateName = fmt.Sprintf("%s.%d", in.name, int(at)/l.n)
	}
	in.states[at] = g.state(stateName, l.n, nil)
	return in.states[at], nil
}

// final is the value of a state behind the last frame. Of a cell that goes forwards it
// is its value in that frame; backwards, that in the first. Where a mask lets frames
// out, the value is kept until the end.
func (l *layer) final(v vector, state string, reverse bool, mask vector) vector {
	g := l.im.g
	var end vector
	switch {
	case reverse:
		end = g.add(value{name: g.values[v].name + ".first", size: l.n, op: ir.Hold{At: ir.First}, inputs: []vector{v}})
	case mask != 0:
		end = l.latched(v, mask)
	default:
		end = g.add(value{name: g.values[v].name, size: l.n, same: v})
	}
	g.values[end].end = state
	return end
}

// latched is a value that stays as it was in frames that do not count.
func (l *layer) latched(v, mask vector) vector {
	g := l.im.g
	name := g.values[v].name + ".last"
	state := g.state(name, l.n, nil)
	before := g.node(name+".before", ir.Recall{State: state}, l.n)
	spread := g.pick(name+".mask", mask, slices.Repeat([]element{{mask, 0}}, l.n))
	off := g.node(name+".off", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, l.n, spread)
	kept := g.node(name+".kept", ir.Binary{Func: ir.Mul}, l.n, off, before)
	fresh := g.node(name+".new", ir.Binary{Func: ir.Mul}, l.n, spread, v)
	end := g.add(value{name: name, size: l.n, op: ir.Binary{Func: ir.Add}, inputs: []vector{kept, g.origin(fresh)}})
	g.store(name+".store", state, end)
	return end
}

// frameMask is what says which frames count for an element of the batch; 0 for all.
func (l *layer) frameMask(b int) (vector, error) {
	t := l.lengths
	if t == nil {
		return 0, nil
	}
	if !t.constant() {
		m, err := l.im.read(t.view[b], ir.LengthPart)
		if err != nil {
			return 0, fmt.Errorf("sequence_lens: %w", err)
		}
		return m, nil
	}
	n, ok := l.im.value(t.numbers[b])
	switch {
	case t.numbers[b] == number{t: 1}, ok && l.im.axes.frames > 0 && n == int64(l.im.axes.frames):
		return 0, nil
	case !ok:
		return 0, fmt.Errorf("sequence_lens is computed of the number of frames")
	}
	return l.counted(n), nil
}

// counted is 1 in the first n frames: the number of those to come, at most 1.
func (l *layer) counted(n int64) vector {
	g := l.im.g
	name := fmt.Sprintf("length_%d", n)
	if v, ok := g.made[name]; ok {
		return v
	}
	state := g.state(name, 1, []float32{float32(n)})
	left := g.node(name+".left", ir.Recall{State: state}, 1)
	g.store(name+".store", state, g.node(name+".next", ir.Activation{Func: ir.Affine, Alpha: 1, Beta: -1}, 1, left))
	g.made[name] = g.node(name, ir.Activation{Func: ir.Clamp, Alpha: 0, Beta: 1}, 1, left)
	return g.made[name]
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

// functionsOf reads the activation functions of a direction.
func (c *call) functionsOf(d, directions int) ([]ir.Function, error) {
	standard := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[c.node.op]
	names := slices.Repeat(standard, directions)
	if a := c.attribute("activations"); a != nil && len(a.texts) > 0 {
		names = a.texts
	}
	if len(names) != len(standard)*directions {
		return nil, fmt.Errorf("%d activations, want %d", len(names), len(standard)*directions)
	}
	alphas, betas := c.numbersOf("activation_alpha"), c.numbersOf("activation_beta")
	all := make([]ir.Function, len(names))
	for i, name := range names {
		f, ok := cellFunctions[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("activation %q is not supported", name)
		}
		if f.numbers > 0 && len(alphas) > 0 {
			f.Alpha, alphas = alphas[0], alphas[1:]
		}
		if f.numbers > 1 && len(betas) > 0 {
			f.Beta, betas = betas[0], betas[1:]
		}
		all[i] = f.Function
	}
	if len(alphas)+len(betas) > 0 {
		return nil, fmt.Errorf("%d numbers of activation_alpha and activation_beta belong to no activation", len(alphas)+len(betas))
	}
	return all[d*len(standard) : (d+1)*len(standard)], nil
}

// numbersOf is an attribute of floats.
func (c *call) numbersOf(name string) []float32 {
	if a := c.attribute(name); a != nil {
		return a.floats
	}
	return nil
}

// cellFunction is a function with its numbers unless the node gives others, of which
// it takes so many from the lists of alpha and beta.
type cellFunction struct {
	ir.Function
	numbers int
}

// cellFunctions are the functions of recurrent nodes.
var cellFunctions = map[string]cellFunction{
	"relu":            {ir.Function{Func: ir.ReLU}, 0},
	"tanh":            {ir.Function{Func: ir.Tanh}, 0},
	"sigmoid":         {ir.Function{Func: ir.Sigmoid}, 0},
	"softsign":        {ir.Function{Func: ir.Softsign}, 0},
	"softplus":        {ir.Function{Func: ir.Softplus}, 0},
	"leakyrelu":       {ir.Function{Func: ir.LeakyReLU, Alpha: 0.01}, 1},
	"thresholdedrelu": {ir.Function{Func: ir.ThresholdedReLU, Alpha: 1}, 1},
	"elu":             {ir.Function{Func: ir.ELU, Alpha: 1}, 1},
	"hardsigmoid":     {ir.Function{Func: ir.HardSigmoid, Alpha: 0.2, Beta: 0.5}, 2},
	"affine":          {ir.Function{Func: ir.Affine, Alpha: 1}, 2},
	"scaledtanh":      {ir.Function{Func: ir.ScaledTanh, Alpha: 1, Beta: 1}, 2},
}
