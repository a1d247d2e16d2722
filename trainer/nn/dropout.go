package nn

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Dropout sets elements to zero with probability Rate while training and scales
// the others by 1/(1−Rate), so that it does nothing afterwards (Srivastava 2014,
// the inverted form).
//
// What is dropped is a function of the pass's seed, the layer's name and the
// number of the stream, drawn from one PCG per stream: a pass can be replayed,
// and the number of workers does not change it.
type Dropout[T Float] struct {
	Name string
	Rate float64

	width   int
	salt    uint64
	keep    []T // per element: 0, or 1/(1−Rate)
	applied bool
	y, dx   Seq[T]
}

// NewDropout makes a layer over frames of that width. It panics unless
// 0 ≤ rate < 1. Two layers of one network need different names.
func NewDropout[T Float](name string, width int, rate float64) *Dropout[T] {
	if !(rate >= 0 && rate < 1) {
		panic(fmt.Sprintf("nn: %s: dropout rate %v, want 0 ≤ rate < 1", name, rate))
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return &Dropout[T]{Name: name, Rate: rate, width: width, salt: h.Sum64()}
}

// Params returns none.
func (l *Dropout[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *Dropout[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *Dropout[T]) OutputWidth() int { return l.width }

// CheckInput wants vectors of the layer's width.
func (l *Dropout[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Name, l.width, width, bound)
}

// Forward drops while p.Train is set, and returns x otherwise.
func (l *Dropout[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	l.applied = p.Train && l.Rate > 0
	if !l.applied {
		return x
	}
	l.keep = resized(l.keep, len(x.Data))
	for b := range x.Streams {
		l.drawStream(x, b, rand.NewPCG(p.Seed^l.salt, uint64(p.FirstStream+b)))
	}
	l.y.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	multiply(l.y.Data, x.Data, l.keep)
	return &l.y
}

// drawStream fills the masks of one stream, from 32 random bits an element.
func (l *Dropout[T]) drawStream(x *Seq[T], stream int, pcg *rand.PCG) {
	threshold := uint64(l.Rate * (1 << 32))
	kept := T(1 / (1 - l.Rate))
	for t := range x.Steps {
		at := (t*x.Streams + stream) * x.Width
		frame := l.keep[at : at+x.Width]
		var bits uint64
		for j := range frame {
			if j%2 == 0 {
				bits = pcg.Uint64()
			} else {
				bits >>= 32
			}
			frame[j] = 0
			if bits&(1<<32-1) >= threshold {
				frame[j] = kept
			}
		}
	}
}

// Backward passes the gradient of what was kept.
func (l *Dropout[T]) Backward(dy *Seq[T]) *Seq[T] {
	if !l.applied {
		return dy
	}
	l.dx.shape(dy.Steps, dy.Streams, dy.Width, dy.Lengths)
	multiply(l.dx.Data, dy.Data, l.keep)
	return &l.dx
}

// Replica returns a layer that drops the same.
func (l *Dropout[T]) Replica() Layer[T] {
	return &Dropout[T]{Name: l.Name, Rate: l.Rate, width: l.width, salt: l.salt}
}

// States returns none.
func (l *Dropout[T]) States() []*State[T] { return nil }

// multiply computes z = x⊙y.
func multiply[T Float](z, x, y []T) {
	z, y = z[:len(x)], y[:len(x)]
	for i, v := range x {
		z[i] = v * y[i]
	}
}
