package nn

// RNN is h' = f(W_ih·x + b_ih + W_hh·h + b_hh) (Elman 1990), with W_ih [H in],
// W_hh [H H] and biases [H 1].
type RNN[T Float] struct {
	recurrence[T]
	f nonlinearity[T]
}

// NewRNN makes a layer with parameters name.weight_ih, name.weight_hh,
// name.bias_ih and name.bias_hh, at zero. clip is read for ClippedReLU only,
// where it must be positive.
func NewRNN[T Float](name string, in, hidden int, fn Func, clip float64) *RNN[T] {
	return &RNN[T]{recurrence: newRecurrence[T](name, in, hidden), f: newNonlinearity[T](fn, clip)}
}

// Func returns the function f and its clip.
func (l *RNN[T]) Func() (fn Func, clip float64) { return l.f.fn, float64(l.f.clip) }

// Forward goes through time; its output is the states.
func (l *RNN[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	n := l.begin(x, p)
	hidden := l.WeightHH.Rows
	l.sumBiases(hidden)
	l.project(l.y.Data) // the pre-activations turn into the states where they are
	for t := range x.Steps {
		h, next := l.hiddens[t*n:(t+1)*n], l.hiddens[(t+1)*n:(t+2)*n]
		l.recur(h, 0, hidden, next, hidden)
		l.f.apply(next)
	}
	return l.end(n)
}

// Backward goes back through the segment.
func (l *RNN[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.beginBackward(dy)
	hidden, n := l.WeightHH.Rows, len(l.dh)
	l.pre = resized(l.pre, len(dy.Data))
	for t := dy.Steps - 1; t >= 0; t-- {
		dpre := l.pre[t*n : (t+1)*n]
		addTo(l.dh, dy.Data[t*n:(t+1)*n])
		l.f.backward(dpre, l.dh, l.hiddens[(t+1)*n:(t+2)*n])
		if t > 0 {
			clear(l.dh)
			l.recurBack(dpre, hidden, 0, hidden, l.dh)
		}
	}
	l.recurrentGradient(l.pre, hidden, 0, hidden, l.hiddens)
	dx := l.inputGradient(l.pre)
	addTo(l.BiasHH.Grad, l.sum)
	return dx
}

// Replica shares the values of the parameters.
func (l *RNN[T]) Replica() Layer[T] { return &RNN[T]{recurrence: l.replica(), f: l.f} }

// States returns h.
func (l *RNN[T]) States() []*State[T] { return []*State[T]{&l.h} }
