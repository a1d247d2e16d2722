package nn

import (
	"fmt"
	"math/rand/v2"
)

// recurrence holds what RNN, GRU and LSTM have in common: the parameters, the
// projection of the input of all frames at once, and its gradients.
type recurrence[T Float] struct {
	WeightIH *Param[T] // [gates·hidden in]
	WeightHH *Param[T] // [gates·hidden hidden]
	BiasIH   *Param[T] // [gates·hidden 1]
	BiasHH   *Param[T] // [gates·hidden 1]

	h State[T]

	input, hidden product[T] // by WeightIH and by WeightHH

	x       *Seq[T]
	pre     []T // [frame][gates·hidden]: pre-activations, then gates, then their gradients
	bias    []T // [gates·hidden]: the biases that pre starts from
	sum     []T // [gates·hidden]: column sums of the gradients
	hiddens []T // [1+steps][stream][hidden]: the state before the first step and after each
	dh      []T // [stream][hidden]: gradient with respect to the state after a step
	y, dx   Seq[T]
}

func newRecurrence[T Float](name string, in, hidden int, gates ...string) recurrence[T] {
	rows := max(len(gates), 1) * hidden
	return recurrence[T]{
		WeightIH: newParam[T](name+".weight_ih", rows, in, true, gates...),
		WeightHH: newParam[T](name+".weight_hh", rows, hidden, true, gates...),
		BiasIH:   newParam[T](name+".bias_ih", rows, 1, false, gates...),
		BiasHH:   newParam[T](name+".bias_hh", rows, 1, false, gates...),
		h:        State[T]{Name: name + ".h", Width: hidden},
	}
}

func (l *recurrence[T]) recurrent() {}

// Params returns weight_ih, weight_hh, bias_ih and bias_hh.
func (l *recurrence[T]) Params() []*Param[T] {
	return []*Param[T]{l.WeightIH, l.WeightHH, l.BiasIH, l.BiasHH}
}

// Init draws every parameter from U(−1/√hidden, 1/√hidden).
func (l *recurrence[T]) Init(r *rand.Rand) {
	for _, p := range l.Params() {
		p.initUniform(r, l.WeightHH.Cols)
	}
}

// OutputWidth is the width of the state.
func (l *recurrence[T]) OutputWidth() int { return l.WeightHH.Cols }

// CheckInput wants vectors as wide as the input weight.
func (l *recurrence[T]) CheckInput(width, bound int) error {
	return wantWidth(l.WeightIH.Name, l.WeightIH.Cols, width, bound)
}

func (l *recurrence[T]) replica() recurrence[T] {
	return recurrence[T]{
		WeightIH: l.WeightIH.shared(), WeightHH: l.WeightHH.shared(),
		BiasIH: l.BiasIH.shared(), BiasHH: l.BiasHH.shared(),
		h: State[T]{Name: l.h.Name, Width: l.h.Width},
	}
}

// begin shapes the memory for x and puts the first state in place. It returns
// the number of elements of one step's states.
func (l *recurrence[T]) begin(x *Seq[T], p Pass) int {
	l.x = x
	l.input.begin(p)
	l.hidden.begin(p)
	hidden := l.WeightHH.Cols
	n := x.Streams * hidden
	l.hiddens = resized(l.hiddens, (x.Steps+1)*n)
	copy(l.hiddens[:n], l.h.begin(x.Streams, p.Carry))
	l.y = Seq[T]{
		Steps: x.Steps, Streams: x.Streams, Width: hidden,
		Data: l.hiddens[n:], Lengths: x.Lengths,
	}
	return n
}

// end keeps the last state for the next segment.
func (l *recurrence[T]) end(n int) *Seq[T] {
	copy(l.h.Data, l.hiddens[len(l.hiddens)-n:])
	return &l.y
}

// sumBiases sets bias to bias_ih + bias_hh in the first summed rows and to
// bias_ih in the others.
func (l *recurrence[T]) sumBiases(summed int) {
	l.bias = resized(l.bias, l.WeightIH.Rows)
	copy(l.bias, l.BiasIH.Value)
	for i, b := range l.BiasHH.Value[:summed] {
		l.bias[i] += b
	}
}

// project writes bias + x·W_ihᵀ for all frames to pre.
func (l *recurrence[T]) project(pre []T) {
	rows := l.WeightIH.Rows
	fillRows(pre, l.bias)
	l.input.multiply(l.WeightIH, 0, rows, l.x.frames(), l.x.Data, 1, pre, rows)
}

// recur adds to c the product of h [streams hidden] with rows [from, to) of
// W_hh, transposed. ldc is the distance of rows of c.
func (l *recurrence[T]) recur(h []T, from, to int, c []T, ldc int) {
	l.hidden.multiply(l.WeightHH, from, to, l.x.Streams, h, 1, c, ldc)
}

// recurBack adds to dh [streams hidden] the product of the gradients d, whose
// rows have the distance ldd, with rows [from, to) of W_hh.
func (l *recurrence[T]) recurBack(d []T, ldd, from, to int, dh []T) {
	l.hidden.multiplyBack(l.WeightHH, from, to, l.x.Streams, d, ldd, 1, dh)
}

// recurrentGradient adds to rows [from, to) of the gradient of W_hh the product
// over all frames of the gradients d, whose rows have the distance ldd,
// transposed, with the states h that were multiplied.
func (l *recurrence[T]) recurrentGradient(d []T, ldd, from, to int, h []T) {
	l.hidden.addGradient(l.WeightHH, from, to, l.x.frames(), d, ldd, h)
}

// inputGradient takes the gradients with respect to all pre-activations, adds to
// those of W_ih and b_ih, leaves their column sums in l.sum, and returns the
// gradient with respect to the input.
func (l *recurrence[T]) inputGradient(dpre []T) *Seq[T] {
	rows, in, n := l.WeightIH.Rows, l.WeightIH.Cols, l.x.frames()
	l.input.addGradient(l.WeightIH, 0, rows, n, dpre, rows, l.x.Data)
	l.sum = resized(l.sum, rows)
	clear(l.sum)
	addColumnSums(l.sum, dpre)
	addTo(l.BiasIH.Grad, l.sum)
	l.dx.shape(l.x.Steps, l.x.Streams, in, l.x.Lengths)
	l.input.multiplyBack(l.WeightIH, 0, rows, n, dpre, rows, 0, l.dx.Data)
	return &l.dx
}

// beginBackward zeroes the gradient that flows back through the state: nothing
// comes from behind the segment.
func (l *recurrence[T]) beginBackward(dy *Seq[T]) {
	if dy.Steps != l.x.Steps || dy.Streams != l.x.Streams || dy.Width != l.y.Width {
		panic(fmt.Sprintf("nn: %s: gradient is [%d %d %d], want [%d %d %d]", l.WeightHH.Name,
			dy.Steps, dy.Streams, dy.Width, l.x.Steps, l.x.Streams, l.y.Width))
	}
	l.dh = resized(l.dh, dy.Streams*dy.Width)
	clear(l.dh)
}
