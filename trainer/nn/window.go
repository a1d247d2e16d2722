package nn

import "math/rand/v2"

// Window joins every frame with the Before frames in front of it and the Ahead
// frames behind it, in the order of time; where there are none, zeros. A [Linear]
// behind it is a convolution over time, a [Depthwise] a row convolution.
//
// It takes whole sequences: nothing is carried from a segment to the next.
type Window[T Float] struct {
	Name          string
	Before, Ahead int

	width int
	y, dx Seq[T]
}

// NewWindow makes a layer over frames of that width. Two layers of one network need
// different names.
func NewWindow[T Float](name string, width, before, ahead int) *Window[T] {
	return &Window[T]{Name: name, Before: before, Ahead: ahead, width: width}
}

// frames is the number of frames that are joined.
func (l *Window[T]) frames() int { return l.Before + 1 + l.Ahead }

// Params returns none.
func (l *Window[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *Window[T]) Init(*rand.Rand) {}

// OutputWidth is the width of all frames of a window.
func (l *Window[T]) OutputWidth() int { return l.frames() * l.width }

// CheckInput wants vectors of the layer's width.
func (l *Window[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Name, l.width, width, bound)
}

// Forward copies frames.
func (l *Window[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.y.shape(x.Steps, x.Streams, l.OutputWidth(), x.Lengths)
	clear(l.y.Data)
	l.each(x, func(frame, part int) {
		copy(l.y.Data[part:part+l.width], x.Data[frame:frame+l.width])
	})
	return &l.y
}

// Backward adds the gradients of all windows that a frame is in.
func (l *Window[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.dx.shape(dy.Steps, dy.Streams, l.width, l.y.Lengths)
	clear(l.dx.Data)
	l.each(&l.dx, func(frame, part int) {
		addTo(l.dx.Data[frame:frame+l.width], dy.Data[part:part+l.width])
	})
	return &l.dx
}

// each calls f with the places of every frame of x and of every part of a window
// that it is. Padding has no windows.
func (l *Window[T]) each(x *Seq[T], f func(frame, part int)) {
	for b := range x.Streams {
		length := x.length(b)
		for t := range length {
			window := (t*x.Streams + b) * l.frames()
			for k := range l.frames() {
				if from := t + k - l.Before; from >= 0 && from < length {
					f((from*x.Streams+b)*l.width, (window+k)*l.width)
				}
			}
		}
	}
}

// Replica returns a layer of the same window.
func (l *Window[T]) Replica() Layer[T] { return NewWindow[T](l.Name, l.width, l.Before, l.Ahead) }

// States returns none.
func (l *Window[T]) States() []*State[T] { return nil }
