package nn

// Tally is what a loss adds up over targets.
type Tally struct {
	Loss    float64 // sum: nats for CrossEntropy and CTC, squares for MSE
	Count   int     // targets scored: frames for CrossEntropy, classes of transcripts for CTC, elements for MSE
	Correct int     // frames whose largest logit is the target; CrossEntropy only
	Edits   int     // classes to insert, delete or replace in what is read greedily; CTC only
}

// Add adds u to t.
func (t *Tally) Add(u Tally) {
	t.Loss += u.Loss
	t.Count += u.Count
	t.Correct += u.Correct
	t.Edits += u.Edits
}

// Mean is the loss per target: 0 when there are none.
func (t Tally) Mean() float64 { return t.Loss / float64(max(t.Count, 1)) }

// Accuracy is the fraction of correct targets: 0 when there are none.
func (t Tally) Accuracy() float64 { return float64(t.Correct) / float64(max(t.Count, 1)) }

// Loss scores the output of a network against targets. It owns the gradient that
// it returns; replicas can be used at the same time.
type Loss[T Float] interface {
	// CheckTarget reports whether outputs of the shape of y, whose elements are not
	// read, can be scored against target.
	CheckTarget(y, target *Seq[T]) error
	// Count is the number of targets that are scored.
	Count(target *Seq[T]) int
	// Score sums the loss of y. The gradient with respect to y of scale times that
	// sum is valid until the next call.
	Score(y, target *Seq[T], scale float64) (Tally, *Seq[T])
	// Replica returns a loss with memory of its own.
	Replica() Loss[T]
}
