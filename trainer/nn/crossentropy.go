package nn

import (
	"fmt"
	"math"
)

// CrossEntropy is −log softmax(y)[target] over all frames whose target is not
// Ignore, in nats. The logits y need no normalisation.
type CrossEntropy[T Float] struct {
	dy  Seq[T]
	row []T // scratch of a softmax
}

// CheckTarget wants one class below width per frame, or Ignore.
func (*CrossEntropy[T]) CheckTarget(y, target *Seq[T]) error {
	if target.Index == nil {
		return fmt.Errorf("target: vectors, want classes below %d", y.Width)
	}
	if target.Steps != y.Steps {
		return fmt.Errorf("target has %d steps, want %d", target.Steps, y.Steps)
	}
	for i, c := range target.Index {
		if c != Ignore && (c < 0 || int(c) >= y.Width) {
			return fmt.Errorf("target: step %d, stream %d: class %d, want 0 to %d or %d", i/target.Streams, i%target.Streams, c, y.Width-1, Ignore)
		}
	}
	return nil
}

// Count is the number of frames whose target is not Ignore.
func (*CrossEntropy[T]) Count(target *Seq[T]) int {
	n := 0
	for _, c := range target.Index {
		if c != Ignore {
			n++
		}
	}
	return n
}

// Score sums the loss of all frames; the gradient is scale·(softmax(y) − onehot),
// and zero where the target is Ignore.
func (l *CrossEntropy[T]) Score(y, target *Seq[T], scale float64) (Tally, *Seq[T]) {
	var tally Tally
	l.dy.shape(y.Steps, y.Streams, y.Width, y.Lengths)
	l.row = resized(l.row, softmaxRoom(y.Width))
	for i, class := range target.Index {
		logits, dy := y.Data[i*y.Width:(i+1)*y.Width], l.dy.Data[i*y.Width:(i+1)*y.Width]
		if class == Ignore {
			clear(dy)
			continue
		}
		best := argmax(logits)
		sum := softmaxAll(dy, logits, best, l.row)
		tally.Loss += math.Log(sum) - float64(logits[class]-logits[best])
		tally.Count++
		if best == int(class) {
			tally.Correct++
		}
		for j := range dy {
			dy[j] *= T(scale)
		}
		dy[class] -= T(scale)
	}
	return tally, &l.dy
}

// Replica returns a loss with memory of its own.
func (*CrossEntropy[T]) Replica() Loss[T] { return &CrossEntropy[T]{} }

// argmax is the place of the first of the largest elements.
func argmax[T Float](x []T) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
