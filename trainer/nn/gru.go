package nn

import "fmt"

// ResetMode says what a GRU's reset gate multiplies.
type ResetMode uint8

const (
	ResetAfter  ResetMode = iota // n = f(W_in·x + b_in + r⊙(W_hn·h + b_hn)): PyTorch, cuDNN
	ResetBefore                  // n = f(W_in·x + b_in + W_hn·(r⊙h) + b_hn): Cho et al. 2014
)

// GRU has the gates r, z, n stacked by rows in that order: W_ih [3H in],
// W_hh [3H H], biases [3H 1].
//
//	r = σ(W_ir·x + b_ir + W_hr·h + b_hr)
//	z = σ(W_iz·x + b_iz + W_hz·h + b_hz)
//	n = f(…), as ResetMode says
//	h' = (1−z)⊙n + z⊙h
type GRU[T Float] struct {
	recurrence[T]
	f    nonlinearity[T]
	mode ResetMode

	// candidate holds, per frame, what the reset gate meets: with ResetAfter
	// q = W_hn·h + b_hn, later its gradient; with ResetBefore r⊙h.
	candidate []T // [frame][hidden]
	dreset    []T // [stream][hidden]: ResetBefore's gradient with respect to r⊙h
}

// NewGRU makes a layer with parameters name.weight_ih, name.weight_hh,
// name.bias_ih and name.bias_hh, at zero. fn is the candidate's function, Tanh
// as a rule; clip is read for ClippedReLU only, where it must be positive.
func NewGRU[T Float](name string, in, hidden int, mode ResetMode, fn Func, clip float64) *GRU[T] {
	if mode > ResetBefore {
		panic(fmt.Sprintf("nn: %s: no such reset mode: %d", name, mode))
	}
	return &GRU[T]{
		recurrence: newRecurrence[T](name, in, hidden, "r", "z", "n"),
		f:          newNonlinearity[T](fn, clip), mode: mode,
	}
}

// Func returns the candidate's function and its clip.
func (l *GRU[T]) Func() (fn Func, clip float64) { return l.f.fn, float64(l.f.clip) }

// ResetMode returns what the reset gate multiplies.
func (l *GRU[T]) ResetMode() ResetMode { return l.mode }

// Forward goes through time; its output is the states.
func (l *GRU[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	n := l.begin(x, p)
	hidden := l.WeightHH.Cols
	l.pre = resized(l.pre, 3*n*x.Steps)
	l.candidate = resized(l.candidate, n*x.Steps)
	if l.mode == ResetAfter {
		l.sumBiases(2 * hidden)
		fillRows(l.candidate, l.BiasHH.Value[2*hidden:])
	} else {
		l.sumBiases(3 * hidden)
	}
	l.project(l.pre)
	for t := range x.Steps {
		h, next := l.hiddens[t*n:(t+1)*n], l.hiddens[(t+1)*n:(t+2)*n]
		gates, candidate := l.pre[t*3*n:(t+1)*3*n], l.candidate[t*n:(t+1)*n]
		l.recur(h, 0, 2*hidden, gates, 3*hidden)
		if l.mode == ResetAfter {
			l.recur(h, 2*hidden, 3*hidden, candidate, hidden)
			l.resetAfter(gates, candidate)
		} else {
			l.resetBefore(gates, candidate, h)
			l.recur(candidate, 2*hidden, 3*hidden, gates[2*hidden:], 3*hidden)
		}
		l.update(gates, h, next)
	}
	return l.end(n)
}

// resetAfter turns the pre-activations of r and z into gates and adds r⊙q to
// that of n.
func (l *GRU[T]) resetAfter(gates, q []T) {
	for hidden := l.WeightHH.Cols; len(q) > 0; gates, q = gates[3*hidden:], q[hidden:] {
		sigmoidAll(gates[:2*hidden])
		r, pre, q := gates[:hidden], gates[2*hidden:3*hidden], q[:hidden]
		for j := range r {
			pre[j] += r[j] * q[j]
		}
	}
}

// resetBefore turns the pre-activations of r and z into gates and writes r⊙h.
func (l *GRU[T]) resetBefore(gates, rh, h []T) {
	for hidden := l.WeightHH.Cols; len(h) > 0; gates, rh, h = gates[3*hidden:], rh[hidden:], h[hidden:] {
		sigmoidAll(gates[:2*hidden])
		multiply(rh[:hidden], gates[:hidden], h[:hidden])
	}
}

// update turns the pre-activation of n into n and writes h' = n + z⊙(h−n).
func (l *GRU[T]) update(gates, h, next []T) {
	for hidden := l.WeightHH.Cols; len(h) > 0; gates, h, next = gates[3*hidden:], h[hidden:], next[hidden:] {
		z, n := gates[hidden:2*hidden], gates[2*hidden:3*hidden]
		h, next := h[:hidden], next[:hidden]
		l.f.apply(n)
		for j, zj := range z {
			next[j] = n[j] + zj*(h[j]-n[j])
		}
	}
}

// Backward goes back through the segment. The gradients take the place of the
// gates, and with ResetAfter that of q takes the place of q.
func (l *GRU[T]) Backward(dy *Seq[T]) *Seq[T] {
	l.beginBackward(dy)
	hidden, n := l.WeightHH.Cols, len(l.dh)
	for t := dy.Steps - 1; t >= 0; t-- {
		h, gates, candidate := l.hiddens[t*n:(t+1)*n], l.pre[t*3*n:(t+1)*3*n], l.candidate[t*n:(t+1)*n]
		addTo(l.dh, dy.Data[t*n:(t+1)*n])
		if l.mode == ResetAfter {
			l.backwardAfter(gates, candidate, h)
			if t > 0 {
				l.recurBack(candidate, hidden, 2*hidden, 3*hidden, l.dh)
			}
		} else {
			l.backwardBefore(gates, h)
		}
		if t > 0 {
			l.recurBack(gates, 3*hidden, 0, 2*hidden, l.dh)
		}
	}
	return l.weightGradients()
}

// backwardUpdate goes back through h' = n + z⊙(h−n) and n = f(…) for one stream:
// z and n are replaced by the gradients of their pre-activations, and dh by its
// part that reaches h directly.
func (l *GRU[T]) backwardUpdate(dh, h, z, n []T) {
	h, z, n = h[:len(dh)], z[:len(dh)], n[:len(dh)]
	if l.f.fn == Tanh {
		for j, d := range dh {
			zj, nj := z[j], n[j]
			z[j] = d * (h[j] - nj) * zj * (1 - zj)
			n[j] = d * (1 - zj) * (1 - nj*nj)
			dh[j] = d * zj
		}
		return
	}
	for j, d := range dh {
		zj, nj := z[j], n[j]
		z[j] = d * (h[j] - nj) * zj * (1 - zj)
		n[j] = d * (1 - zj) * l.f.slope(nj)
		dh[j] = d * zj
	}
}

// backwardAfter replaces the gates and q of one step by the gradients of their
// pre-activations.
func (l *GRU[T]) backwardAfter(gates, q, h []T) {
	hidden, dh := l.WeightHH.Cols, l.dh
	for ; len(dh) > 0; gates, q, h, dh = gates[3*hidden:], q[hidden:], h[hidden:], dh[hidden:] {
		r, z, n := gates[:hidden], gates[hidden:2*hidden], gates[2*hidden:3*hidden]
		l.backwardUpdate(dh[:hidden], h, z, n)
		q := q[:hidden]
		for j, d := range n {
			rj := r[j]
			r[j] = d * q[j] * rj * (1 - rj)
			q[j] = d * rj
		}
	}
}

// backwardBefore replaces the gates of one step by the gradients of their
// pre-activations and adds to dh what flows through r⊙h.
func (l *GRU[T]) backwardBefore(gates, h []T) {
	hidden, dh := l.WeightHH.Cols, l.dh
	for at := 0; at < len(dh); at += hidden {
		row := gates[3*at : 3*(at+hidden)]
		l.backwardUpdate(dh[at:at+hidden], h[at:], row[hidden:2*hidden], row[2*hidden:])
	}
	l.dreset = resized(l.dreset, len(dh))
	clear(l.dreset)
	l.recurBack(gates[2*hidden:], 3*hidden, 2*hidden, 3*hidden, l.dreset)
	for at := 0; at < len(dh); at += hidden {
		r, dh := gates[3*at:3*at+hidden], dh[at:at+hidden]
		h, d := h[at:at+hidden], l.dreset[at:at+hidden]
		for j, rj := range r {
			dh[j] += d[j] * rj
			r[j] = d[j] * h[j] * rj * (1 - rj)
		}
	}
}

// weightGradients adds to the gradients of all parameters in one product per
// matrix and range of gates.
func (l *GRU[T]) weightGradients() *Seq[T] {
	hidden := l.WeightHH.Cols
	l.recurrentGradient(l.pre, 3*hidden, 0, 2*hidden, l.hiddens)
	dx := l.inputGradient(l.pre)
	if l.mode == ResetAfter {
		l.recurrentGradient(l.candidate, hidden, 2*hidden, 3*hidden, l.hiddens)
		addColumnSums(l.BiasHH.Grad[2*hidden:], l.candidate)
		addTo(l.BiasHH.Grad[:2*hidden], l.sum[:2*hidden])
	} else {
		l.recurrentGradient(l.pre[2*hidden:], 3*hidden, 2*hidden, 3*hidden, l.candidate)
		addTo(l.BiasHH.Grad, l.sum)
	}
	return dx
}

// Replica shares the values of the parameters.
func (l *GRU[T]) Replica() Layer[T] {
	return &GRU[T]{recurrence: l.replica(), f: l.f, mode: l.mode}
}

// States returns h.
func (l *GRU[T]) States() []*State[T] { return []*State[T]{&l.h} }
