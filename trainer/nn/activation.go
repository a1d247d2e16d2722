package nn

import "math/rand/v2"

// Activation applies a function to every element.
type Activation[T Float] struct {
	width int
	f     nonlinearity[T]
	y, dx Seq[T]
}

// NewActivation makes a layer over frames of that width. clip is read for
// ClippedReLU only, where it must be positive.
func NewActivation[T Float](width int, fn Func, clip float64) *Activation[T] {
	return &Activation[T]{width: width, f: newNonlinearity[T](fn, clip)}
}

// Func returns the function and its clip.
func (l *Activation[T]) Func() (fn Func, clip float64) { return l.f.fn, float64(l.f.clip) }

// Params returns none.
func (l *Activation[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *Activation[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *Activation[T]) OutputWidth() int { return l.width }

// CheckInput wants vectors of the layer's width.
func (l *Activation[T]) CheckInput(width, bound int) error {
	return wantWidth(l.f.fn.String(), l.width, width, bound)
}

// Forward computes y = f(x).
func (l *Activation[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.y.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	copy(l.y.Data, x.Data)
	l.f.apply(l.y.Data)
	return &l.y
}

// Backward computes dx = dy·f′.
func (l *Activation[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.dx.shape(dy.Steps, dy.Streams, dy.Width, dy.Lengths)
	l.f.backward(l.dx.Data, dy.Data, l.y.Data)
	return &l.dx
}

// Replica returns a layer of the same function.
func (l *Activation[T]) Replica() Layer[T] { return &Activation[T]{width: l.width, f: l.f} }

// States returns none.
func (l *Activation[T]) States() []*State[T] { return nil }
