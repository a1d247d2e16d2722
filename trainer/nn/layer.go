package nn

import "math/rand/v2"

// Pass says how a forward pass is meant.
type Pass struct {
	Train bool // dropout is on, and batches are measured
	Carry bool // recurrent layers start from the state that they hold, not from zero

	// Seed and the number of the stream decide what dropout drops: the same pass
	// over the same streams drops the same, however they are spread over workers.
	Seed        uint64
	FirstStream int // number of the first stream of the sequence in its batch
	Streams     int // of the batch; 0 where the sequence is all of it

	// SparseBelow is the share of weights that are not zero below which linear and
	// recurrent layers, with float32, leave zeros out of their products, in this pass
	// and the one back: 0 for never. It changes results by rounding only.
	SparseBelow float64
	// ZerosStay says that a weight of zero will not be changed: where products are
	// sparse it gets no gradient.
	ZerosStay bool
}

// share is that of a sequence of so many streams in its batch.
func (p Pass) share(streams int) float64 {
	if p.Streams == 0 {
		return 1
	}
	return float64(streams) / float64(p.Streams)
}

// Layer maps a sequence to a sequence and carries gradients back.
//
// A layer is not safe for concurrent use; replicas are.
type Layer[T Float] interface {
	// Params lists the trained tensors in a fixed order.
	Params() []*Param[T]
	// Init draws the parameters.
	Init(r *rand.Rand)
	// OutputWidth is the width of a frame of the output.
	OutputWidth() int
	// CheckInput reports whether frames of that kind are what the layer takes.
	// Exactly one of width and bound is not zero: bound is that of indices.
	CheckInput(width, bound int) error
	// Forward returns the output, which the layer owns. It keeps x for Backward.
	Forward(x *Seq[T], p Pass) *Seq[T]
	// Backward takes the gradient with respect to the output of the last Forward,
	// adds to the gradients of the parameters, and returns the gradient with
	// respect to the input, which the layer owns (nil when the input is indices).
	// It may be called once per Forward, whose intermediate values it consumes.
	Backward(dy *Seq[T]) *Seq[T]
	// Replica returns a layer with the same parameter values (not copies), and
	// with gradients, states and memory of its own.
	Replica() Layer[T]
	// States lists what the layer carries from a segment to the next.
	States() []*State[T]
}

// Recurrent is a layer that goes through time: RNN, GRU or LSTM.
type Recurrent[T Float] interface {
	Layer[T]
	recurrent()
}

// State is a vector per stream that a recurrent layer carries: Data is
// [stream][Width]. It is empty before the first pass.
type State[T Float] struct {
	Name  string
	Width int
	Data  []T
}

// begin makes the state ready for a pass over that many streams.
func (s *State[T]) begin(streams int, carry bool) []T {
	n := streams * s.Width
	if !carry || len(s.Data) != n {
		s.Data = resized(s.Data, n)
		clear(s.Data)
	}
	return s.Data
}

// reset zeroes one stream.
func (s *State[T]) reset(stream int) {
	if (stream+1)*s.Width <= len(s.Data) {
		clear(s.Data[stream*s.Width : (stream+1)*s.Width])
	}
}
