package nn

import (
	"fmt"
	"math/rand/v2"
)

// Linear is y = W·x + b for every frame, with W [out in] and b [out 1].
type Linear[T Float] struct {
	Weight *Param[T]
	Bias   *Param[T] // nil without bias

	product product[T]
	x       *Seq[T]
	y, dx   Seq[T]
}

// NewLinear makes a layer with parameters name.weight and name.bias, at zero.
func NewLinear[T Float](name string, in, out int) *Linear[T] {
	return &Linear[T]{
		Weight: newParam[T](name+".weight", out, in, true),
		Bias:   newParam[T](name+".bias", out, 1, false),
	}
}

// NoBias takes the bias away and returns l.
func (l *Linear[T]) NoBias() *Linear[T] {
	l.Bias = nil
	return l
}

// Params returns the weight and the bias.
func (l *Linear[T]) Params() []*Param[T] {
	if l.Bias == nil {
		return []*Param[T]{l.Weight}
	}
	return []*Param[T]{l.Weight, l.Bias}
}

// Init draws weight and bias from U(−1/√in, 1/√in).
func (l *Linear[T]) Init(r *rand.Rand) {
	for _, p := range l.Params() {
		p.initUniform(r, l.Weight.Cols)
	}
}

// OutputWidth is the number of rows of the weight.
func (l *Linear[T]) OutputWidth() int { return l.Weight.Rows }

// CheckInput wants vectors as wide as the weight.
func (l *Linear[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Weight.Name, l.Weight.Cols, width, bound)
}

// Forward computes all frames in one product.
func (l *Linear[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	l.x = x
	l.product.begin(p)
	out := l.Weight.Rows
	l.y.shape(x.Steps, x.Streams, out, x.Lengths)
	var beta T
	if l.Bias != nil {
		fillRows(l.y.Data, l.Bias.Value)
		beta = 1
	}
	l.product.multiply(l.Weight, 0, out, x.frames(), x.Data, beta, l.y.Data, out)
	return &l.y
}

// Backward computes dW += dyᵀ·x, db += Σ dy and dx = dy·W over all frames.
func (l *Linear[T]) Backward(dy *Seq[T]) *Seq[T] {
	in, out, n := l.Weight.Cols, l.Weight.Rows, l.x.frames()
	l.product.addGradient(l.Weight, 0, out, n, dy.Data, out, l.x.Data)
	if l.Bias != nil {
		addColumnSums(l.Bias.Grad, dy.Data)
	}
	l.dx.shape(l.x.Steps, l.x.Streams, in, l.x.Lengths)
	l.product.multiplyBack(l.Weight, 0, out, n, dy.Data, out, 0, l.dx.Data)
	return &l.dx
}

// Replica shares the values of weight and bias.
func (l *Linear[T]) Replica() Layer[T] {
	return &Linear[T]{Weight: l.Weight.shared(), Bias: l.Bias.shared()}
}

// States returns none.
func (l *Linear[T]) States() []*State[T] { return nil }

// wantWidth is the complaint of a layer that takes vectors of width want.
func wantWidth(name string, want, width, bound int) error {
	if bound != 0 {
		return fmt.Errorf("%s: input is indices, want vectors of width %d", name, want)
	}
	if width != want {
		return fmt.Errorf("%s: input has width %d, want %d", name, width, want)
	}
	return nil
}
