package nn

import "time"

// PassTimes is what the passes of a batch took.
type PassTimes struct {
	Forward  time.Duration // with the loss
	Backward time.Duration
}

// Elapsed is the time that the passes of the last batch took, summed over the
// workers; 0 without a Clock.
func (p *Parallel[T]) Elapsed() PassTimes {
	var sum PassTimes
	for _, w := range p.workers[:min(len(p.workers), p.streams)] {
		sum.Forward += w.times.Forward
		sum.Backward += w.times.Backward
	}
	return sum
}

// now is the zero time without a clock.
func (p *Parallel[T]) now() time.Time {
	if p.Clock == nil {
		return time.Time{}
	}
	return p.Clock()
}
