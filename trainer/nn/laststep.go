package nn

import "math/rand/v2"

// LastStep yields the last frame of every stream, that is frame Lengths−1, as a
// sequence of one step: what a sequence classifier reads.
//
// Behind a [Bidirectional] layer the forward half has seen the whole sequence at
// that frame, and the reverse half only the frame itself.
type LastStep[T Float] struct {
	width int
	steps int     // of the input of the last Forward
	index []int32 // frame that was read, per stream
	y, dx Seq[T]
}

// NewLastStep makes a layer over frames of that width.
func NewLastStep[T Float](width int) *LastStep[T] { return &LastStep[T]{width: width} }

// Params returns none.
func (l *LastStep[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *LastStep[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *LastStep[T]) OutputWidth() int { return l.width }

// CheckInput wants vectors of the layer's width.
func (l *LastStep[T]) CheckInput(width, bound int) error {
	return wantWidth("LastStep", l.width, width, bound)
}

// Forward gathers the last frames.
func (l *LastStep[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.steps, l.index = x.Steps, resized(l.index, x.Streams)
	l.y.shape(1, x.Streams, x.Width, nil)
	w := x.Width
	for b := range x.Streams {
		frame := (x.length(b)-1)*x.Streams + b
		l.index[b] = int32(frame)
		copy(l.y.Data[b*w:(b+1)*w], x.Data[frame*w:])
	}
	return &l.y
}

// Backward scatters the gradient; every other frame has none.
func (l *LastStep[T]) Backward(dy *Seq[T]) *Seq[T] {
	w := dy.Width
	l.dx.shape(l.steps, dy.Streams, w, nil)
	clear(l.dx.Data)
	for b, frame := range l.index {
		copy(l.dx.Data[int(frame)*w:], dy.Data[b*w:(b+1)*w])
	}
	return &l.dx
}

// Replica returns a layer of the same width.
func (l *LastStep[T]) Replica() Layer[T] { return NewLastStep[T](l.width) }

// States returns none.
func (l *LastStep[T]) States() []*State[T] { return nil }
