package nn

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// InputKind says what frames a network reads: vectors of Width elements, or
// indices below Bound. Exactly one of the two is positive.
type InputKind struct {
	Width, Bound int
}

// Stack is a network: layers one behind the other.
type Stack[T Float] struct {
	Input  InputKind
	Layers []Layer[T]
}

// NewStack puts layers together and lists what does not fit: widths, names used
// twice.
func NewStack[T Float](input InputKind, layers ...Layer[T]) (*Stack[T], error) {
	s := &Stack[T]{Input: input, Layers: layers}
	var errs []error
	if len(layers) == 0 {
		errs = append(errs, errors.New("no layers, want at least one"))
	}
	if (input.Width > 0) == (input.Bound > 0) {
		errs = append(errs, fmt.Errorf("input has width %d and bound %d, want one of them positive", input.Width, input.Bound))
	}
	width, bound := input.Width, input.Bound
	for i, l := range layers {
		if err := l.CheckInput(width, bound); err != nil {
			errs = append(errs, fmt.Errorf("layer %d: %w", i, err))
		}
		width, bound = l.OutputWidth(), 0
	}
	errs = append(errs, s.uniqueNames())
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stack[T]) uniqueNames() error {
	var errs []error
	seen := map[string]bool{}
	use := func(name string) {
		if seen[name] {
			errs = append(errs, fmt.Errorf("%s: name used twice", name))
		}
		seen[name] = true
	}
	for _, p := range s.Params() {
		use(p.Name)
	}
	for _, l := range s.Layers {
		switch l := l.(type) {
		case *Dropout[T]:
			use(l.Name)
		case *Window[T]:
			use(l.Name)
		case *Mask[T]:
			use(l.Name)
		}
	}
	return errors.Join(errs...)
}

// Params lists the parameters of all layers in order.
func (s *Stack[T]) Params() []*Param[T] {
	var params []*Param[T]
	for _, l := range s.Layers {
		params = append(params, l.Params()...)
	}
	return params
}

// Init draws the parameters of all layers in order. From the same state of r the
// same parameters come.
func (s *Stack[T]) Init(r *rand.Rand) {
	for _, l := range s.Layers {
		l.Init(r)
	}
}

// OutputWidth is that of the last layer.
func (s *Stack[T]) OutputWidth() int { return s.Layers[len(s.Layers)-1].OutputWidth() }

// outputShape is the shape of what comes out when x goes in.
func (s *Stack[T]) outputShape(x *Seq[T]) Seq[T] {
	y := Seq[T]{Steps: x.Steps, Streams: x.Streams, Width: s.OutputWidth(), Lengths: x.Lengths}
	for _, l := range s.Layers {
		if _, ok := l.(*LastStep[T]); ok {
			y.Steps, y.Lengths = 1, nil
		}
	}
	return y
}

// Forward runs all layers. The output belongs to the last one.
func (s *Stack[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	for _, l := range s.Layers {
		x = l.Forward(x, p)
	}
	return x
}

// Backward takes the gradient with respect to the output of the last Forward,
// adds to the gradients of the parameters, and returns that of the input: nil
// when the input is indices.
func (s *Stack[T]) Backward(dy *Seq[T]) *Seq[T] {
	for i := len(s.Layers) - 1; i >= 0; i-- {
		dy = s.Layers[i].Backward(dy)
	}
	return dy
}

// Replica returns a network with the same parameter values (not copies), and
// with gradients, states and memory of its own.
func (s *Stack[T]) Replica() *Stack[T] {
	r := &Stack[T]{Input: s.Input, Layers: make([]Layer[T], len(s.Layers))}
	for i, l := range s.Layers {
		r.Layers[i] = l.Replica()
	}
	return r
}

// States lists what the layers carry from a segment to the next.
func (s *Stack[T]) States() []*State[T] {
	var states []*State[T]
	for _, l := range s.Layers {
		states = append(states, l.States()...)
	}
	return states
}

// checkInput reports whether x is what the network reads.
func (s *Stack[T]) checkInput(x *Seq[T]) error {
	if s.Input.Bound == 0 {
		if x.Index != nil || x.Width != s.Input.Width {
			return fmt.Errorf("input: want vectors of width %d", s.Input.Width)
		}
		return nil
	}
	if x.Index == nil {
		return fmt.Errorf("input: vectors, want indices below %d", s.Input.Bound)
	}
	for i, v := range x.Index {
		if v < 0 || int(v) >= s.Input.Bound {
			return fmt.Errorf("input: step %d, stream %d: index %d, want 0 to %d", i/x.Streams, i%x.Streams, v, s.Input.Bound-1)
		}
	}
	return nil
}
