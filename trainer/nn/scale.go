package nn

import "math/rand/v2"

// Scale is y = factor⊙x + shift for every frame, with factor and shift [width 1].
type Scale[T Float] struct {
	Factor, Shift *Param[T]

	x     *Seq[T]
	y, dx Seq[T]
}

// NewScale makes a layer with parameters name.factor, at one, and name.shift, at
// zero.
func NewScale[T Float](name string, width int) *Scale[T] {
	l := &Scale[T]{Factor: newParam[T](name+".factor", width, 1, false), Shift: newParam[T](name+".shift", width, 1, false)}
	fillRows(l.Factor.Value, []T{1})
	return l
}

// Fix lets the values stay as they are while others are trained, and returns l: so
// features are standardised.
func (l *Scale[T]) Fix() *Scale[T] {
	l.Factor.Fixed, l.Shift.Fixed = true, true
	return l
}

// Params returns factor and shift.
func (l *Scale[T]) Params() []*Param[T] { return []*Param[T]{l.Factor, l.Shift} }

// Init draws nothing.
func (l *Scale[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *Scale[T]) OutputWidth() int { return l.Factor.Rows }

// CheckInput wants vectors as wide as the parameters.
func (l *Scale[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Factor.Name, l.Factor.Rows, width, bound)
}

// Forward scales every frame.
func (l *Scale[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.x = x
	l.y.shape(x.Steps, x.Streams, x.Width, x.Lengths)
	w := x.Width
	factor, shift := l.Factor.Value, l.Shift.Value
	for at := 0; at < len(x.Data); at += w {
		y, x := l.y.Data[at:at+w], x.Data[at:at+w]
		for j, f := range factor {
			y[j] = f*x[j] + shift[j]
		}
	}
	return &l.y
}

// Backward computes dfactor += Σ dy⊙x, dshift += Σ dy, unless they are fixed, and
// dx = factor⊙dy.
func (l *Scale[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.dx.shape(dy.Steps, dy.Streams, dy.Width, dy.Lengths)
	w := dy.Width
	for at := 0; at < len(dy.Data); at += w {
		multiply(l.dx.Data[at:at+w], dy.Data[at:at+w], l.Factor.Value)
	}
	if l.Factor.Fixed {
		return &l.dx
	}
	for at := 0; at < len(dy.Data); at += w {
		for j := range w {
			l.Factor.Grad[j] += dy.Data[at+j] * l.x.Data[at+j]
		}
	}
	addColumnSums(l.Shift.Grad, dy.Data)
	return &l.dx
}

// Replica shares the values of factor and shift.
func (l *Scale[T]) Replica() Layer[T] {
	return &Scale[T]{Factor: l.Factor.shared(), Shift: l.Shift.shared()}
}

// States returns none.
func (l *Scale[T]) States() []*State[T] { return nil }
