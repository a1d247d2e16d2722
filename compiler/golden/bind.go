package golden

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// Options say how the arrays of a file belong to the tensors of a model where their
// names do not.
type Options struct {
	As     []As
	Ignore []string // names of tensors and arrays that are not compared
}

// Case is a model with golden vectors laid beside it.
type Case struct {
	Model    *ir.Model // what to compile: its tensors show every state that is compared
	Sequence Sequence
	Wants    []Want
	Unset    []string // input tensors of states that the file leaves at their initial values
	Untold   []string // output tensors of states that the file does not have, and no other array in their place
	Spare    []string // input arrays that the model does not take: constants of it
}

// Sequence is what a model is run on.
type Sequence struct {
	Frames []eval.Frame
	States map[string][]float64 // at the beginning; those that are not here have their initial values
	Stops  []int                // behind how many frames the states are wanted, rising; the last is len(Frames)
}

// Want is what the file says of an output tensor, in the steps that it tells of.
type Want struct {
	Tensor ir.Tensor
	Array  string
	Steps  []int       // rising
	Values [][]float64 // by step, a frame of the tensor each
}

// IsState reports whether the tensor shows states alone.
func (w *Want) IsState() bool { return onlyStates(&w.Tensor) }

// link is an array that a tensor is.
type link struct {
	tensor  *ir.Tensor
	array   *Array
	as      As
	frames  [][]float64 // of the tensor, row-major; see divide
	stepped bool        // the frames are of the first steps, not of the whole
}

// Bind lays a file beside a model. Tensors and arrays belong together by name
// unless options say otherwise. What is left over on either side is an error that
// lists both, with two exceptions of which the case tells: a state may begin at its
// initial value, and, if none does, the file may have inputs that the model does not
// take because they are constants of it, such as weights.
func Bind(m *ir.Model, f *File, o Options) (*Case, error) {
	m, err := withTensors(m, f, o)
	if err != nil {
		return nil, err
	}
	c := &Case{Model: m, Sequence: Sequence{States: map[string][]float64{}}}
	links, err := c.links(f, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := c.lay(links); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return c, nil
}

// links finds the pairs of tensors and arrays.
func (c *Case) links(f *File, o Options) ([]link, error) {
	b := &binder{c: c, f: f, o: o, used: map[*Array]bool{}}
	for i := range c.Model.Tensors {
		b.tensor(&c.Model.Tensors[i])
	}
	return b.links, b.leftOver()
}

// binder pairs tensors with arrays.
type binder struct {
	c       *Case
	f       *File
	o       Options
	links   []link
	used    map[*Array]bool
	missing []string // tensors without an array
	faults  []error
}

// tensor finds the arrays of a tensor: those that options name for it, and the one
// of its name. An output may have several, an input one.
func (b *binder) tensor(t *ir.Tensor) {
	if slices.Contains(b.o.Ignore, t.Name) {
		return
	}
	before := len(b.links)
	for _, as := range append(slices.Clone(b.o.As), As{Tensor: t.Name, Array: t.Name}) {
		if as.Tensor != t.Name {
			continue
		}
		if a := b.array(t, as.Array); a != nil {
			b.links = append(b.links, link{tensor: t, array: a, as: as})
		}
	}
	switch n := len(b.links) - before; {
	case n > 1 && !t.Output:
		b.faults = append(b.faults, fmt.Errorf("input %s: %d arrays, want one", t.Name, n))
	case n == 0 && !t.Output && onlyStates(t):
		b.c.Unset = append(b.c.Unset, t.Name)
	case n == 0 && onlyStates(t):
		b.c.Untold = append(b.c.Untold, t.Name)
	case n == 0:
		b.missing = append(b.missing, t.Name)
	}
}

// array finds the array of that name on the side of a tensor.
func (b *binder) array(t *ir.Tensor, name string) *Array {
	for i := range b.f.Arrays {
		a := &b.f.Arrays[i]
		if a.Name == name && (a.Side == EitherSide || t.Output == (a.Side == OutputSide)) {
			b.used[a] = true
			return a
		}
	}
	return nil
}

func onlyStates(t *ir.Tensor) bool {
	return !slices.ContainsFunc(t.Parts, func(p ir.Part) bool { return p.Kind != ir.StatePart })
}

// leftOver is an error about names that belong nowhere.
func (b *binder) leftOver() error {
	for _, as := range b.o.As {
		if !slices.ContainsFunc(b.links, func(l link) bool { return l.as == as }) {
			b.faults = append(b.faults, fmt.Errorf("%v: not both are there, or on different sides", as))
		}
	}
	spare, inputs := b.spare()
	if len(b.c.Unset) == 0 {
		b.c.Spare, inputs = inputs, nil
	}
	spare = append(spare, inputs...)
	compares := slices.ContainsFunc(b.links, func(l link) bool { return l.tensor.Output })
	if len(spare) > 0 || !compares { // one of them may go by another name
		b.missing = append(b.missing, b.c.Untold...)
	}
	if len(b.missing) > 0 {
		b.faults = append(b.faults, fmt.Errorf("no array for %s of the model", strings.Join(b.missing, ", ")))
	}
	if len(spare) > 0 {
		b.faults = append(b.faults, fmt.Errorf("the model has no tensor for %s", strings.Join(spare, ", ")))
	}
	if len(b.faults) == 0 {
		return nil
	}
	return errors.Join(append(b.faults,
		fmt.Errorf("the file has %s", describe(b.f.Arrays)),
		fmt.Errorf("the model has %s", describeTensors(b.c.Model)))...)
}

// spare are the arrays that belong to no tensor: those of outputs, or of neither
// side, and those of inputs.
func (b *binder) spare() (others, inputs []string) {
	for i := range b.f.Arrays {
		switch a := &b.f.Arrays[i]; {
		case b.used[a] || slices.Contains(b.o.Ignore, a.Name):
		case a.Side == InputSide:
			inputs = append(inputs, a.Name)
		default:
			others = append(others, a.Name)
		}
	}
	return others, inputs
}

// describeTensors lists the tensors of a model by name and shape.
func describeTensors(m *ir.Model) string {
	var words []string
	for _, t := range m.Tensors {
		side := "input"
		if t.Output {
			side = "output"
		}
		words = append(words, fmt.Sprintf("%s %s %s", side, t.Name, t.ShapeText()))
	}
	return strings.Join(words, ", ")
}
