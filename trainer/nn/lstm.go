package nn

// LSTM has the gates i, f, g, o stacked by rows in that order: W_ih [4H in],
// W_hh [4H H], biases [4H 1] (Hochreiter & Schmidhuber 1997, Gers 1999; as
// PyTorch).
//
//	i, f, o = σ(W_ih·x + b_ih + W_hh·h + b_hh), g = tanh(…)
//	c' = f⊙c + i⊙g
//	h' = o⊙tanh(c')
type LSTM[T Float] struct {
	recurrence[T]
	c State[T]

	cells  []T // [1+steps][stream][hidden]: the cell before the first step and after each
	squash []T // [frame][hidden]: tanh(c')
	dc     []T // [stream][hidden]: gradient with respect to the cell after a step
}

// NewLSTM makes a layer with parameters name.weight_ih, name.weight_hh,
// name.bias_ih and name.bias_hh, at zero.
func NewLSTM[T Float](name string, in, hidden int) *LSTM[T] {
	return &LSTM[T]{
		recurrence: newRecurrence[T](name, in, hidden, "i", "f", "g", "o"),
		c:          State[T]{Name: name + ".c", Width: hidden},
	}
}

// Forward goes through time; its output is the states h.
func (l *LSTM[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	n := l.begin(x, p)
	hidden := l.WeightHH.Cols
	l.pre = resized(l.pre, 4*n*x.Steps)
	l.squash = resized(l.squash, n*x.Steps)
	l.cells = resized(l.cells, n*(x.Steps+1))
	copy(l.cells[:n], l.c.begin(x.Streams, p.Carry))
	l.sumBiases(4 * hidden)
	l.project(l.pre)
	for t := range x.Steps {
		gates := l.pre[t*4*n : (t+1)*4*n]
		l.recur(l.hiddens[t*n:(t+1)*n], 0, 4*hidden, gates, 4*hidden)
		l.step(gates, l.cells[t*n:(t+1)*n], l.cells[(t+1)*n:], l.squash[t*n:], l.hiddens[(t+1)*n:])
	}
	copy(l.c.Data, l.cells[x.Steps*n:])
	return l.end(n)
}

// step turns pre-activations into gates and writes c', tanh(c') and h'.
func (l *LSTM[T]) step(gates, c, nextC, squash, nextH []T) {
	hidden := l.WeightHH.Cols
	for at := 0; at < len(c); at += hidden {
		row := gates[4*at : 4*(at+hidden)]
		i, f, g, o := row[:hidden], row[hidden:2*hidden], row[2*hidden:3*hidden], row[3*hidden:]
		c, nextC := c[at:at+hidden], nextC[at:at+hidden]
		squash, nextH := squash[at:at+hidden], nextH[at:at+hidden]
		sigmoidAll(row[:2*hidden])
		tanhAll(g)
		sigmoidAll(o)
		for j := range c {
			nextC[j] = f[j]*c[j] + i[j]*g[j]
		}
		copy(squash, nextC)
		tanhAll(squash)
		multiply(nextH, o, squash)
	}
}

// Backward goes back through the segment. The gradients take the place of the
// gates.
func (l *LSTM[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.beginBackward(dy)
	hidden, n := l.WeightHH.Cols, len(l.dh)
	l.dc = resized(l.dc, n)
	clear(l.dc)
	for t := dy.Steps - 1; t >= 0; t-- {
		gates := l.pre[t*4*n : (t+1)*4*n]
		addTo(l.dh, dy.Data[t*n:(t+1)*n])
		l.backwardStep(gates, l.cells[t*n:], l.squash[t*n:])
		if t > 0 {
			clear(l.dh)
			l.recurBack(gates, 4*hidden, 0, 4*hidden, l.dh)
		}
	}
	l.recurrentGradient(l.pre, 4*hidden, 0, 4*hidden, l.hiddens)
	dx := l.inputGradient(l.pre)
	addTo(l.BiasHH.Grad, l.sum)
	return dx
}

// backwardStep replaces the gates of one step by the gradients of their
// pre-activations, and dc by the gradient with respect to the cell before.
func (l *LSTM[T]) backwardStep(gates, c, squash []T) {
	hidden := l.WeightHH.Cols
	for at := 0; at < len(l.dh); at += hidden {
		row := gates[4*at : 4*(at+hidden)]
		i, f, g, o := row[:hidden], row[hidden:2*hidden], row[2*hidden:3*hidden], row[3*hidden:]
		c, squash := c[at:at+hidden], squash[at:at+hidden]
		dc, dh := l.dc[at:at+hidden], l.dh[at:at+hidden]
		for j, d := range dh {
			ij, fj, gj, oj, s := i[j], f[j], g[j], o[j], squash[j]
			dcj := dc[j] + d*oj*(1-s*s)
			i[j] = dcj * gj * ij * (1 - ij)
			f[j] = dcj * c[j] * fj * (1 - fj)
			g[j] = dcj * ij * (1 - gj*gj)
			o[j] = d * s * oj * (1 - oj)
			dc[j] = dcj * fj
		}
	}
}

// Replica shares the values of the parameters.
func (l *LSTM[T]) Replica() Layer[T] {
	return &LSTM[T]{recurrence: l.replica(), c: State[T]{Name: l.c.Name, Width: l.c.Width}}
}

// States returns h and c.
func (l *LSTM[T]) States() []*State[T] { return []*State[T]{&l.h, &l.c} }
