package nn

import (
	"math"
	"math/rand/v2"
)

// BatchNorm brings each element to mean 0 and variance 1 over all frames of a batch
// (Ioffe & Szegedy 2015, over the sequence as Laurent et al. 2015 and Deep Speech 2
// have it), without the factor and shift that a [Scale] behind it has:
//
//	y = (x − mean)/√(variance + Epsilon)
//
// While training, mean and variance are those of the frames of the pass, padding
// left out; each worker of a [Parallel] measures its own streams, so that their
// number is part of the function. Otherwise they are the parameters name.mean and
// name.variance, which follow those of training.
type BatchNorm[T Float] struct {
	Mean, Variance *Param[T] // [width 1]
	Epsilon        float32

	train          bool
	share          float64   // of the pass in its batch
	frames         int       // that were measured
	mean, variance []float64 // per element, of the last pass
	inverse        []T       // 1/√(variance + Epsilon)
	sum, along     []float64 // means of dy and of dy⊙y
	y, dx          Seq[T]
}

// batchMomentum is the share of a step's measurement in the parameters.
const batchMomentum = 0.1

// NewBatchNorm makes a layer over frames of that width, with mean 0 and variance 1.
func NewBatchNorm[T Float](name string, width int, epsilon float32) *BatchNorm[T] {
	l := &BatchNorm[T]{
		Mean:     newParam[T](name+".mean", width, 1, false),
		Variance: newParam[T](name+".variance", width, 1, false),
		Epsilon:  epsilon,
	}
	fillRows(l.Variance.Value, []T{1})
	for _, p := range l.Params() {
		p.Fixed, p.Momentum = true, batchMomentum
	}
	return l
}

// Params returns mean and variance, which have no gradient.
func (l *BatchNorm[T]) Params() []*Param[T] { return []*Param[T]{l.Mean, l.Variance} }

// Init draws nothing.
func (l *BatchNorm[T]) Init(*rand.Rand) {}

// OutputWidth is the width of the input.
func (l *BatchNorm[T]) OutputWidth() int { return l.Mean.Rows }

// CheckInput wants vectors as wide as the parameters.
func (l *BatchNorm[T]) CheckInput(width, bound int) error {
	return wantWidth(l.Mean.Name, l.Mean.Rows, width, bound)
}

// Forward normalises all frames.
func (l *BatchNorm[T]) Forward(x *Seq[T], p Pass) *Seq[T] {
	l.train, l.share = p.Train, p.share(x.Streams)
	l.measure(x)
	w := x.Width
	l.inverse = resized(l.inverse, w)
	for j, v := range l.variance {
		l.inverse[j] = T(1 / math.Sqrt(v+float64(l.Epsilon)))
	}
	l.y.shape(x.Steps, x.Streams, w, x.Lengths)
	mean, inverse := l.mean, l.inverse[:len(l.mean)]
	for at := 0; at < len(x.Data); at += w {
		y, x := l.y.Data[at:at+w], x.Data[at:at+w]
		for j, m := range mean {
			y[j] = (x[j] - T(m)) * inverse[j]
		}
	}
	return &l.y
}

// measure sets mean and variance.
func (l *BatchNorm[T]) measure(x *Seq[T]) {
	l.mean, l.variance = resized(l.mean, x.Width), resized(l.variance, x.Width)
	if !l.train {
		for j := range l.mean {
			l.mean[j], l.variance[j] = float64(l.Mean.Value[j]), float64(l.Variance.Value[j])
		}
		return
	}
	mean, variance := l.mean, l.variance
	clear(mean)
	clear(variance)
	l.frames = 0
	x.eachFrame(func(at int) {
		l.frames++
		for j, v := range x.Data[at : at+len(mean)] {
			mean[j] += float64(v)
		}
	})
	l.average(mean)
	x.eachFrame(func(at int) {
		for j, v := range x.Data[at : at+len(mean)] {
			d := float64(v) - mean[j]
			variance[j] += d * d
		}
	})
	l.average(variance)
}

// average divides sums over the frames that were measured by their number.
func (l *BatchNorm[T]) average(sums []float64) {
	for j := range sums {
		sums[j] /= float64(l.frames)
	}
}

// Backward computes dx = dy/√(variance + Epsilon) and, of a pass of training, takes
// away what mean and variance depend on: dx = (dy − mean(dy) − y·mean(dy⊙y))/√(…).
// What the pass has measured goes to the gradients of the parameters, as its
// distance to them.
func (l *BatchNorm[T]) Backward(dy *Seq[T]) *Seq[T] {
	w := dy.Width
	l.dx.shape(dy.Steps, dy.Streams, w, l.y.Lengths)
	clear(l.dx.Data)
	l.sum, l.along = resized(l.sum, w), resized(l.along, w)
	sum, along := l.sum, l.along
	clear(sum)
	clear(along)
	if l.train {
		l.follow()
		l.y.eachFrame(func(at int) {
			y := l.y.Data[at : at+w]
			for j, d := range dy.Data[at : at+w] {
				sum[j] += float64(d)
				along[j] += float64(d) * float64(y[j])
			}
		})
		l.average(sum)
		l.average(along)
	}
	l.y.eachFrame(func(at int) {
		y, dx := l.y.Data[at:at+w], l.dx.Data[at:at+w]
		for j, d := range dy.Data[at : at+w] {
			dx[j] = (d - T(sum[j]) - y[j]*T(along[j])) * l.inverse[j]
		}
	})
	return &l.dx
}

// follow adds the distances of the measurement, weighted by the share of the pass.
func (l *BatchNorm[T]) follow() {
	for j := range l.mean {
		l.Mean.Grad[j] += T(l.share * (l.mean[j] - float64(l.Mean.Value[j])))
		l.Variance.Grad[j] += T(l.share * (l.variance[j] - float64(l.Variance.Value[j])))
	}
}

// Replica shares the values of mean and variance.
func (l *BatchNorm[T]) Replica() Layer[T] {
	return &BatchNorm[T]{Mean: l.Mean.shared(), Variance: l.Variance.shared(), Epsilon: l.Epsilon}
}

// States returns none.
func (l *BatchNorm[T]) States() []*State[T] { return nil }
