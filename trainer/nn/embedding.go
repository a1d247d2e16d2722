package nn

import (
	"fmt"
	"math/rand/v2"
)

// Embedding yields row x of Weight [bound width] for every index x. Its weight
// is not prunable: a look-up reads one row, however many zeros the others hold.
type Embedding[T Float] struct {
	Weight *Param[T]

	x *Seq[T]
	y Seq[T]
}

// NewEmbedding makes a layer with the parameter name.weight, at zero.
func NewEmbedding[T Float](name string, bound, width int) *Embedding[T] {
	return &Embedding[T]{Weight: newParam[T](name+".weight", bound, width, false)}
}

// Params returns the weight.
func (l *Embedding[T]) Params() []*Param[T] { return []*Param[T]{l.Weight} }

// Init draws the weight from the standard normal distribution.
func (l *Embedding[T]) Init(r *rand.Rand) { l.Weight.initNormal(r) }

// OutputWidth is the length of a row.
func (l *Embedding[T]) OutputWidth() int { return l.Weight.Cols }

// CheckInput wants indices below the number of rows.
func (l *Embedding[T]) CheckInput(_, bound int) error {
	if bound == 0 {
		return fmt.Errorf("%s: input is vectors, want indices", l.Weight.Name)
	}
	if bound > l.Weight.Rows {
		return fmt.Errorf("%s: input is indices below %d, want at most %d", l.Weight.Name, bound, l.Weight.Rows)
	}
	return nil
}

// Forward copies rows.
func (l *Embedding[T]) Forward(x *Seq[T], _ Pass) *Seq[T] {
	l.x = x
	w := l.Weight.Cols
	l.y.shape(x.Steps, x.Streams, w, x.Lengths)
	for i, row := range x.Index {
		copy(l.y.Data[i*w:(i+1)*w], l.Weight.Value[int(row)*w:])
	}
	return &l.y
}

// Backward adds each frame of dy to the gradient of its row. It returns nil.
func (l *Embedding[T]) Backward(dy *Seq[T]) *Seq[T] {
	w := l.Weight.Cols
	for i, row := range l.x.Index {
		grad := l.Weight.Grad[int(row)*w : (int(row)+1)*w]
		addTo(grad, dy.Data[i*w:(i+1)*w])
	}
	return nil
}

// Replica shares the value of the weight.
func (l *Embedding[T]) Replica() Layer[T] { return &Embedding[T]{Weight: l.Weight.shared()} }

// States returns none.
func (l *Embedding[T]) States() []*State[T] { return nil }
