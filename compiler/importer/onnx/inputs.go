package onnx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// input is an input of the graph.
type input struct {
	name   string
	tensor *tensor
	vector vector           // of floats
	single bool             // integers: a vector, of one element, for each
	first  vector           // the first of those
	others map[int32]role   // what elements that are no index are
	states map[int32]string // of floats: states by the element that they begin at
}

// readInputs defines the inputs of the graph that are no initialisers.
func (im *importer) readInputs(top *scope) {
	for _, v := range im.open {
		t, err := im.readInput(v)
		if err != nil {
			im.faults.add("input %q: %w", v.name, err)
			t = lost
		}
		if err := top.define(v.name, t); err != nil {
			im.faults.add("input: %w", err)
		}
	}
	for name := range im.o.Set {
		if !hasInput(im.model.graph, name) {
			im.faults.add("input %q, which is to be set, is not there", name)
		}
	}
}

func hasInput(g *graphProto, name string) bool {
	for _, v := range g.inputs {
		if v.name == name {
			return true
		}
	}
	return false
}

// readInput makes the vectors of an input.
func (im *importer) readInput(v valueProto) (*tensor, error) {
	if v.kind != "" {
		return nil, fmt.Errorf("is %s, want a tensor", v.kind)
	}
	if words, ok := im.o.Set[v.name]; ok {
		return setInput(v, words)
	}
	t := &tensor{time: none, kind: v.dtype.kind()}
	if axis, ok := im.axes.of[v.name]; ok {
		t.time = axis
	}
	if err := im.inputShape(v, t); err != nil {
		return nil, err
	}
	if t.kind == truth || v.dtype.width() == 0 {
		return nil, fmt.Errorf("elements of %v are not supported; an input can be fixed by -set", v.dtype)
	}
	n, err := im.take(t.shape, &tensor{view: []element{}})
	if err != nil {
		return nil, err
	}
	in := &input{name: v.name, tensor: t, others: map[int32]role{}, states: map[int32]string{}}
	im.inputs = append(im.inputs, in)
	if n == 0 {
		return nil, fmt.Errorf("shape %v has no elements", t.shape)
	}
	if p := im.axes.plan[v.name]; p != nil {
		im.recall(in, p)
		return t, nil
	}
	if t.kind == float {
		in.vector = im.g.input(v.name, ir.Vector(n))
		t.view = viewOf(in.vector, n)
		return t, nil
	}
	if n > maxIndices {
		return nil, fmt.Errorf("%d integers in a frame, want at most %d", n, maxIndices)
	}
	in.single = true
	t.view = make([]element, n)
	for i := range t.view {
		name := v.name
		if n > 1 {
			name = fmt.Sprintf("%s.%d", v.name, i)
		}
		t.view[i].v = im.g.input(name, ir.IndexOf(ir.MaxElements))
		if i == 0 {
			in.first = t.view[0].v
		}
	}
	return t, nil
}

// maxIndices is how many integers an input may have in a frame: each is an input of
// the model.
const maxIndices = 1 << 13

// inputShape finds the size of every dimension of one frame.
func (im *importer) inputShape(v valueProto, t *tensor) error {
	if !v.known {
		return fmt.Errorf("has no shape")
	}
	if t.time >= len(v.dims) {
		return fmt.Errorf("time axis %d, want one of %d", t.time, len(v.dims))
	}
	t.shape = make([]int, len(v.dims))
	var open []string
	for k := range v.dims {
		size, err := im.dimension(v, k)
		switch {
		case err != nil:
			return err
		case k == t.time:
			t.shape[k] = im.axes.rate
		case size == 0:
			open = append(open, dimensionText(v, k))
		default:
			t.shape[k] = size
		}
	}
	if len(open) > 0 {
		return &openDimensions{v.name, open}
	}
	return nil
}

// openDimensions are those of an input whose size must be known and is not.
type openDimensions struct {
	input string
	names []string // as a flag names them
}

func (d *openDimensions) Error() string {
	return fmt.Sprintf("dimension %s is not known: -dim NAME=SIZE fixes one", strings.Join(d.names, ", "))
}

// dimension is the size of a dimension, 0 where it is open.
func (im *importer) dimension(v valueProto, k int) (int, error) {
	size := 0
	if d := v.dims[k]; d.given && d.size > 0 {
		if d.size > ir.MaxElements {
			return 0, fmt.Errorf("dimension %d is %d, want at most %d", k, d.size, ir.MaxElements)
		}
		size = int(d.size)
	}
	fixed, ok := im.o.Dims[fmt.Sprintf("%s:%d", v.name, k)]
	if name := v.dims[k].name; !ok && name != "" {
		fixed, ok = im.o.Dims[name]
	}
	switch {
	case !ok && size == 0:
		return im.axes.otherwise, nil
	case !ok:
		return size, nil
	case fixed < 1 || fixed > ir.MaxElements:
		return 0, fmt.Errorf("dimension %s fixed to %d, want 1 to %d", dimensionText(v, k), fixed, ir.MaxElements)
	case size != 0 && size != fixed:
		return 0, fmt.Errorf("dimension %d fixed to %d, is %d", k, fixed, size)
	}
	return fixed, nil
}

// dimensionText is a dimension as a flag names it.
func dimensionText(v valueProto, k int) string {
	if name := v.dims[k].name; name != "" {
		return strconv.Quote(name)
	}
	return strconv.Quote(fmt.Sprintf("%s:%d", v.name, k))
}

// setInput is an input as a constant.
func setInput(v valueProto, words string) (*tensor, error) {
	list := strings.Split(words, ",")
	t := &tensor{shape: []int{}, time: none, kind: v.dtype.kind()}
	for k, d := range v.dims {
		size := 1
		if d.given && d.size > 0 {
			size = int(min(d.size, maxWeights))
		} else if len(v.dims) == 1 {
			size = len(list)
		}
		t.shape = append(t.shape, size)
		if k >= maxRank {
			return nil, fmt.Errorf("more than %d dimensions", maxRank)
		}
	}
	if product(t.shape) != len(list) {
		return nil, fmt.Errorf("set to %d numbers, want %d of shape %v", len(list), product(t.shape), t.shape)
	}
	for _, word := range list {
		word = strings.TrimSpace(word)
		if t.kind == float {
			x, err := strconv.ParseFloat(word, 32)
			if err != nil {
				return nil, fmt.Errorf("set to %q, want a number", word)
			}
			t.floats = append(t.floats, float32(x))
			continue
		}
		n, err := strconv.ParseInt(word, 0, 64)
		if b, boolErr := strconv.ParseBool(word); err != nil && t.kind == truth && boolErr == nil {
			n, err = map[bool]int64{true: 1}[b], nil
		}
		if err != nil {
			return nil, fmt.Errorf("set to %q, want a whole number", word)
		}
		t.numbers = append(t.numbers, number{c: n})
	}
	return t, nil
}

// inputOf is the input that a vector belongs to, or nil.
func (im *importer) inputOf(v vector) *input {
	for _, in := range im.inputs {
		switch {
		case in.single && v >= in.first && v < in.first+vector(in.tensor.size()):
			return in
		case !in.single && in.vector == v:
			return in
		}
	}
	return nil
}

// role is what the model reads an element of an input of integers as: the number
// itself, or a mask that is 1 in as many frames.
type role struct {
	vector vector
	kind   ir.PartKind // ValuePart or LengthPart
}

// read makes an element of an input of integers a vector of one float.
func (im *importer) read(e element, kind ir.PartKind) (vector, error) {
	in := im.inputOf(e.v)
	if in == nil || !in.single || kind == ir.LengthPart && in.tensor.time != none {
		return 0, fmt.Errorf("want constants or an input without a time axis")
	}
	i := int32(e.v - in.first)
	if im.g.values[e.v].typ.Bound != ir.MaxElements {
		return 0, fmt.Errorf("input %q is an index and read as a number too", in.name)
	}
	if r, ok := in.others[i]; ok {
		if r.kind != kind {
			return 0, fmt.Errorf("input %q is read both as a number and as a length", in.name)
		}
		return r.vector, nil
	}
	v := im.g.input(im.g.values[e.v].name, ir.Vector(1))
	in.others[i] = role{v, kind}
	return v, nil
}
