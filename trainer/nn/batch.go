package nn

import (
	"errors"
	"fmt"
)

// Ignore is the class of a target that is not scored.
const Ignore int32 = -1

// Batch is what one optimiser step sees: a segment of every stream and what the
// network should answer.
type Batch[T Float] struct {
	Input  Seq[T]
	Target Seq[T] // Index for CrossEntropy and CTC, Data for MSE

	// Carry says that the streams go on where the batch before left them
	// (truncated backpropagation through time: the state is carried, the gradient
	// is not). Without it every stream begins at the zero state.
	Carry bool
	// Reset names, when Carry is set, the streams that begin anew. Nil resets none.
	Reset []bool
}

// validate lists what is wrong with the shape of b.
func (b *Batch[T]) validate() error {
	errs := []error{
		b.Input.validate("input"),
		b.Target.validate("target"),
	}
	if b.Input.Streams != b.Target.Streams {
		errs = append(errs, fmt.Errorf("target has %d streams, want %d as the input has", b.Target.Streams, b.Input.Streams))
	}
	if b.Reset != nil && len(b.Reset) != b.Input.Streams {
		errs = append(errs, fmt.Errorf("reset has %d streams, want %d", len(b.Reset), b.Input.Streams))
	}
	return errors.Join(errs...)
}

func (s *Seq[T]) validate(name string) error {
	if s.Steps <= 0 || s.Streams <= 0 {
		return fmt.Errorf("%s: %d steps of %d streams, want at least one of each", name, s.Steps, s.Streams)
	}
	var errs []error
	if s.Index != nil {
		if len(s.Index) != s.frames() {
			errs = append(errs, fmt.Errorf("%s: %d indices, want %d", name, len(s.Index), s.frames()))
		}
	} else if len(s.Data) != s.frames()*s.Width || s.Width <= 0 {
		errs = append(errs, fmt.Errorf("%s: %d elements, want %d frames of width %d", name, len(s.Data), s.frames(), s.Width))
	}
	if s.Lengths != nil {
		if len(s.Lengths) != s.Streams {
			errs = append(errs, fmt.Errorf("%s: %d lengths, want %d", name, len(s.Lengths), s.Streams))
		}
		for i, n := range s.Lengths {
			if n < 1 || int(n) > s.Steps {
				errs = append(errs, fmt.Errorf("%s: stream %d: length %d, want 1 to %d", name, i, n, s.Steps))
				break
			}
		}
	}
	return errors.Join(errs...)
}
