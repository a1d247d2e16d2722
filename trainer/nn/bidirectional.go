package nn

import (
	"fmt"
	"math/rand/v2"
)

// Bidirectional runs one recurrent layer forwards and another one backwards over
// every stream and concatenates their outputs, forward half first (Schuster &
// Paliwal 1997). Backwards starts at the last frame of each stream, not in its
// padding.
//
// When the state is carried from segment to segment the forward layer goes on;
// the reverse layer begins every segment at zero, for what would come before it
// lies in the next segment.
type Bidirectional[T Float] struct {
	Forwards, Reverse Recurrent[T]

	xr, dyf, dyr, y, dx Seq[T]
}

// NewBidirectional puts two layers together, which share nothing: they need
// different names. Their widths of output may differ.
func NewBidirectional[T Float](forwards, reverse Recurrent[T]) *Bidirectional[T] {
	return &Bidirectional[T]{Forwards: forwards, Reverse: reverse}
}

// Params returns those of the forward layer and those of the reverse one.
func (l *Bidirectional[T]) Params() []*Param[T] {
	return append(l.Forwards.Params(), l.Reverse.Params()...)
}

// Init draws the forward layer and then the reverse one.
func (l *Bidirectional[T]) Init(r *rand.Rand) {
	l.Forwards.Init(r)
	l.Reverse.Init(r)
}

// OutputWidth is the sum of both widths.
func (l *Bidirectional[T]) OutputWidth() int {
	return l.Forwards.OutputWidth() + l.Reverse.OutputWidth()
}

// CheckInput asks both layers.
func (l *Bidirectional[T]) CheckInput(width, bound int) error {
	if err := l.Forwards.CheckInput(width, bound); err != nil {
		return fmt.Errorf("forwards: %w", err)
	}
	if err := l.Reverse.CheckInput(width, bound); err != nil {
		return fmt.Errorf("reverse: %w", err)
	}
	return nil
}

// Forward runs both layers.
func (l *Bidirectional[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	l.xr.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	reverseColumns(&l.xr, 0, x, 0, x.Width)
	yf := l.Forwards.Forward(x, p)
	p.Carry = false
	yr := l.Reverse.Forward(&l.xr, p)

	l.y.shape(x.Steps, x.Streams, yf.Width+yr.Width, x.Lengths)
	copyColumns(&l.y, 0, yf, 0, yf.Width)
	reverseColumns(&l.y, yf.Width, yr, 0, yr.Width)
	return &l.y
}

// Backward runs both layers and adds the gradients of their inputs.
func (l *Bidirectional[T]) Backward(dy *Seq[T]) *Seq[T] {
	wf, wr := l.Forwards.OutputWidth(), l.Reverse.OutputWidth()
	l.dyf.shape(dy.Steps, dy.Streams, wf, l.xr.Lengths)
	l.dyr.shape(dy.Steps, dy.Streams, wr, l.xr.Lengths)
	copyColumns(&l.dyf, 0, dy, 0, wf)
	reverseColumns(&l.dyr, 0, dy, wf, wr)
	dxf, dxr := l.Forwards.Backward(&l.dyf), l.Reverse.Backward(&l.dyr)

	l.dx.shape(dy.Steps, dy.Streams, dxf.Width, l.xr.Lengths)
	reverseColumns(&l.dx, 0, dxr, 0, dxr.Width)
	addTo(l.dx.Data, dxf.Data)
	return &l.dx
}

// Replica shares the values of both layers' parameters.
func (l *Bidirectional[T]) Replica() Layer[T] {
	return NewBidirectional(l.Forwards.Replica().(Recurrent[T]), l.Reverse.Replica().(Recurrent[T]))
}

// States returns those of the forward layer.
func (l *Bidirectional[T]) States() []*State[T] { return l.Forwards.States() }

// copyColumns copies width columns of src to dst, which has the same frames.
func copyColumns[T Float](dst *Seq[T], dstAt int, src *Seq[T], srcAt, width int) {
	for i := range dst.frames() {
		copy(dst.Data[i*dst.Width+dstAt:][:width], src.Data[i*src.Width+srcAt:])
	}
}

// reverseColumns copies width columns of src to dst, frame t of every stream to
// frame length−1−t as dst.Lengths has it. Padding stays where it is.
func reverseColumns[T Float](dst *Seq[T], dstAt int, src *Seq[T], srcAt, width int) {
	for b := range dst.Streams {
		length := dst.length(b)
		for t := range dst.Steps {
			from := t
			if t < length {
				from = length - 1 - t
			}
			to, from := t*dst.Streams+b, from*dst.Streams+b
			copy(dst.Data[to*dst.Width+dstAt:][:width], src.Data[from*src.Width+srcAt:])
		}
	}
}
