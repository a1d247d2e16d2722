package nn

import "math/rand/v2"

// Depthwise adds up the frames of a window, each element weighted for itself:
//
//	y[i] = Σ_k Weight[k][i] · x[k·width + i]
//
// With a [Window] in front of it that looks ahead it is the row convolution of Deep
// Speech 2 (Amodei et al. 2016), with which a forward model sees a little of what
// follows. Its weight [frames width] is not prunable.
type Depthwise[T Float] struct {
	Weight *Param[T]

	x     *Seq[T]
	y, dx Seq[T]
}

// NewDepthwise makes a layer with the parameter name.weight, at zero, over windows
// of so many frames of that width.
func NewDepthwise[T Float](name string, frames, width int) *Depthwise[T] {
	return &Depthwise[T]{Weight: newParam[T](name+".weight", frames, width, false)}
}

// Params returns the weight.
func (l *Depthwise[T]) Params() []*Param[T] { return []*Param[T]{l.Weight} }

// Init draws the weight from U(−1/√frames, 1/√frames).
func (l *Depthwise[T]) Init(r *rand.Rand) { l.Weight.initUniform(r, l.Weight.Rows) }

// OutputWidth is the width of one frame.
func (l *Depthwise[T]) OutputWidth() int { return l.Weight.Cols }

// CheckInput wants windows of all frames.
func (l *Depthwise[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Weight.Name, len(l.Weight.Value), width, bound)
}

// Forward adds up the frames of every window.
func (l *Depthwise[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.x = x
	w := l.Weight.Cols
	l.y.shape(x.Steps, x.Streams, w, x.Lengths)
	clear(l.y.Data)
	for i := range x.frames() {
		y, window := l.y.Data[i*w:(i+1)*w], x.Data[i*x.Width:(i+1)*x.Width]
		for at := 0; at < len(window); at += w {
			for j, v := range window[at : at+w] {
				y[j] += l.Weight.Value[at+j] * v
			}
		}
	}
	return &l.y
}

// Backward computes dWeight[k] += Σ dy⊙x[k] and dx[k] = dy⊙Weight[k].
func (l *Depthwise[T]) Backward(dy *Seq[T]) *Seq[T] {
	w, all := l.Weight.Cols, len(l.Weight.Value)
	l.dx.shape(dy.Steps, dy.Streams, all, l.x.Lengths)
	for i := range dy.frames() {
		dy, x, dx := dy.Data[i*w:(i+1)*w], l.x.Data[i*all:(i+1)*all], l.dx.Data[i*all:(i+1)*all]
		for at := 0; at < all; at += w {
			for j, d := range dy {
				l.Weight.Grad[at+j] += d * x[at+j]
				dx[at+j] = d * l.Weight.Value[at+j]
			}
		}
	}
	return &l.dx
}

// Replica shares the value of the weight.
func (l *Depthwise[T]) Replica() Layer[T] { return &Depthwise[T]{Weight: l.Weight.shared()} }

// States returns none.
func (l *Depthwise[T]) States() []*State[T] { return nil }
