package nn

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Mask hides parts of recordings while training (SpecAugment, Park et al. 2019,
// without its warping): two stretches of up to Frames frames, though no more than a
// fifth of the recording each, and two ranges of up to Features features, all of
// lengths and at places that are drawn. What is hidden is zero: the mean, where
// features are standardised. Afterwards it does nothing.
//
// A frame may be several frames of Period features, one behind the other: a range is
// hidden in all of them.
//
// What is hidden is a function of the pass's seed, the layer's name and the number of
// the stream, as of [Dropout].
type Mask[T Float] struct {
	Name             string
	Frames, Features int
	Period           int

	width   int
	salt    uint64
	applied bool
	keep    []T // per element: 0 or 1
	y, dx   Seq[T]
}

// masks is the number of stretches, and of ranges.
const masks = 2

// NewMask makes a layer over frames of that width, which is a multiple of period.
func NewMask[T Float](name string, width, period, frames, features int) *Mask[T] {
	if period < 1 || width%period != 0 || features > period {
		panic(fmt.Sprintf("nn: %s: %d of %d features a part in frames of %d, want whole parts", name, features, period, width))
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return &Mask[T]{Name: name, Frames: frames, Features: features, Period: period, width: width, salt: h.Sum64()}
}

// Params returns none.
func (l *Mask[T]) Params() []*Param[T] { return nil }

// Init draws nothing.
func (l *Mask[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *Mask[T]) OutputWidth() int { return l.width }

// CheckInput wants vectors of the layer's width.
func (l *Mask[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Name, l.width, width, bound)
}

// Forward hides while p.Train is set, and returns x otherwise.
func (l *Mask[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	l.applied = p.Train
	if !l.applied {
		return x
	}
	l.keep = resized(l.keep, len(x.Data))
	fillRows(l.keep, []T{1})
	for b := range x.Streams {
		r := rand.New(rand.NewPCG(p.Seed^l.salt, uint64(p.FirstStream+b)))
		for range masks {
			l.hideFrames(x, b, r)
			l.hideFeatures(x, b, r)
		}
	}
	l.y.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	multiply(l.y.Data, x.Data, l.keep)
	return &l.y
}

// drawn is a stretch of up to most of all.
func drawn(r *rand.Rand, most, all int) (from, to int) {
	n := r.IntN(most + 1)
	from = r.IntN(all - n + 1)
	return from, from + n
}

func (l *Mask[T]) hideFrames(x *Seq[T], stream int, r *rand.Rand) {
	length := x.length(stream)
	from, to := drawn(r, min(l.Frames, length/5), length)
	for t := from; t < to; t++ {
		at := (t*x.Streams + stream) * l.width
		clear(l.keep[at : at+l.width])
	}
}

func (l *Mask[T]) hideFeatures(x *Seq[T], stream int, r *rand.Rand) {
	from, to := drawn(r, l.Features, l.Period)
	for t := range x.length(stream) {
		frame := l.keep[(t*x.Streams+stream)*l.width:][:l.width]
		for part := 0; part < l.width; part += l.Period {
			clear(frame[part+from : part+to])
		}
	}
}

// Backward passes the gradient of what was not hidden.
func (l *Mask[T]) Backward(dy *Seq[T]) *Seq[T] {
	if !l.applied {
		return dy
	}
	l.dx.shape(dy.Steps, dy.Streams, dy.Width, dy.Lengths)
	multiply(l.dx.Data, dy.Data, l.keep)
	return &l.dx
}

// Replica returns a layer that hides the same.
func (l *Mask[T]) Replica() Layer[T] {
	return NewMask[T](l.Name, l.width, l.Period, l.Frames, l.Features)
}

// States returns none.
func (l *Mask[T]) States() []*State[T] { return nil }
