package nn

import (
	"math"
	"math/rand/v2"
)

// Normalize is (x − mean)/√(variance + Epsilon) over the elements of every frame:
// layer normalisation (Ba et al. 2016) without its factor and shift, which a [Scale]
// behind it has.
type Normalize[T Float] struct {
	Epsilon float32

	width   int
	inverse []T // of each frame: 1/√(variance + Epsilon)
	y, dx   Seq[T]
}

// NewNormalize makes a layer over frames of that width.
func NewNormalize[T Float](width int, epsilon float32) *Normalize[T] {
	return &Normalize[T]{Epsilon: epsilon, width: width}
}

// Params returns none.
func (l *Normalize[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *Normalize[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *Normalize[T]) OutputWidth() int { return l.width }

// CheckInput wants vectors of the layer's width.
func (l *Normalize[T]) CheckInput(width, bound int) error {
	return wantWidth("Normalize", l.width, width, bound)
}

// Forward normalises every frame; mean and variance are summed in float64.
func (l *Normalize[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.y.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	l.inverse = resized(l.inverse, x.frames())
	for i := range x.frames() {
		l.inverse[i] = l.normalize(l.y.Data[i*l.width:(i+1)*l.width], x.Data[i*l.width:(i+1)*l.width])
	}
	return &l.y
}

// normalize computes one frame and returns what it was multiplied by.
func (l *Normalize[T]) normalize(y, x []T) T {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		d := float64(v) - mean
		squares += d * d
	}
	inverse := 1 / math.Sqrt(squares/float64(len(x))+float64(l.Epsilon))
	for i, v := range x {
		y[i] = T((float64(v) - mean) * inverse)
	}
	return T(inverse)
}

// Backward computes dx = (dy − mean(dy) − y·mean(dy⊙y))/√(variance + Epsilon).
func (l *Normalize[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.dx.shape(dy.Steps, dy.Streams, dy.Width, dy.Lengths)
	for i, inverse := range l.inverse {
		dy, y, dx := dy.Data[i*l.width:(i+1)*l.width], l.y.Data[i*l.width:(i+1)*l.width], l.dx.Data[i*l.width:(i+1)*l.width]
		var sum, along T
		for j, d := range dy {
			sum += d
			along += d * y[j]
		}
		mean, slope := sum/T(l.width), along/T(l.width)
		for j, d := range dy {
			dx[j] = (d - mean - y[j]*slope) * inverse
		}
	}
	return &l.dx
}

// Replica returns a layer of the same width.
func (l *Normalize[T]) Replica() Layer[T] { return NewNormalize[T](l.width, l.Epsilon) }

// States returns none.
func (l *Normalize[T]) States() []*State[T] { return nil }
