package nn

import "fmt"

// MSE is the squared error (y − target)² over all elements of the frames that
// are not padding as the target's Lengths have it.
type MSE[T Float] struct {
	dy Seq[T]
}

// CheckTarget wants a vector of that width per frame.
func (*MSE[T]) CheckTarget(y, target *Seq[T]) error {
	if target.Index != nil {
		return fmt.Errorf("target: classes, want vectors of width %d", y.Width)
	}
	if target.Steps != y.Steps || target.Width != y.Width {
		return fmt.Errorf("target has %d steps of width %d, want %d of width %d", target.Steps, target.Width, y.Steps, y.Width)
	}
	return nil
}

// Count is the number of elements of all frames that are not padding.
func (*MSE[T]) Count(target *Seq[T]) int {
	n := 0
	for b := range target.Streams {
		n += target.length(b)
	}
	return n * target.Width
}

// Score sums the squared errors; the gradient is scale·2·(y − target), and zero
// in padding.
func (l *MSE[T]) Score(y, target *Seq[T], scale float64) (Tally, *Seq[T]) {
	var tally Tally
	l.dy.shape(y.Steps, y.Streams, y.Width, y.Lengths)
	w := y.Width
	for i := range y.frames() {
		dy := l.dy.Data[i*w : (i+1)*w]
		if i/y.Streams >= target.length(i%y.Streams) {
			clear(dy)
			continue
		}
		for j := range dy {
			d := y.Data[i*w+j] - target.Data[i*w+j]
			tally.Loss += float64(d) * float64(d)
			dy[j] = T(scale) * 2 * d
		}
		tally.Count += w
	}
	return tally, &l.dy
}

// Replica returns a loss with memory of its own.
func (*MSE[T]) Replica() Loss[T] { return &MSE[T]{} }
