package nn

import (
	"errors"
	"fmt"
	"math"

	"github.com/sparsec/sparsec/trainer/decode"
)

// CTC is −log of the probability of a transcript, summed over all its alignments
// with the frames (connectionist temporal classification, Graves et al. 2006), in
// nats. The logits y need no normalisation; class Blank stands for no class.
//
// The target of a stream is its transcript: classes other than Blank in its first
// Lengths steps. Targets are counted by class, so that the mean loss is nats per
// class of the transcripts.
type CTC[T Float] struct {
	Blank int32

	dy      Seq[T]
	path    []int32 // most probable class of each frame
	classes []int32 // of a transcript
	ctcStream
}

// ctcStream is the scratch of one stream of width classes and frames frames. Its
// states are the classes of the transcript with a blank in front of, between and
// behind them. Probabilities are logarithms.
type ctcStream struct {
	width, frames int
	states        []int32   // class of each state
	logs          []float64 // [frame][class]: of the softmax
	alpha         []float64 // [frame][state]: of all beginnings of alignments that end there, with its frame
	beta          []float64 // [frame][state]: of all ends behind there, without its frame
	reach         []float64 // [state]: beta with the frame that it leaves out
	occupied      []float64 // [class]: of alignments that go through the class at a frame
}

// CheckTarget wants transcripts of classes below the width of y, other than Blank,
// each with as many frames as its shortest alignment has.
func (l *CTC[T]) CheckTarget(y, target *Seq[T]) error {
	if target.Index == nil {
		return fmt.Errorf("target: vectors, want transcripts of classes below %d", y.Width)
	}
	if l.Blank < 0 || int(l.Blank) >= y.Width {
		return fmt.Errorf("blank is class %d, want 0 to %d", l.Blank, y.Width-1)
	}
	var errs []error
	for b := range target.Streams {
		l.classes = transcript(l.classes[:0], target, b)
		if err := l.checkTranscript(l.classes, y.Width, y.length(b)); err != nil {
			errs = append(errs, fmt.Errorf("target: stream %d: %w", b, err))
		}
	}
	return errors.Join(errs...)
}

func (l *CTC[T]) checkTranscript(classes []int32, width, frames int) error {
	least := len(classes)
	for i, c := range classes {
		if c < 0 || int(c) >= width || c == l.Blank {
			return fmt.Errorf("step %d: class %d, want 0 to %d without the blank %d", i, c, width-1, l.Blank)
		}
		if i > 0 && c == classes[i-1] {
			least++ // a blank must part them
		}
	}
	if frames < least {
		return fmt.Errorf("a transcript of %d classes needs %d frames, one a class and one between two that are the same; there are %d", len(classes), least, frames)
	}
	return nil
}

// transcript appends the target of a stream to classes.
func transcript[T Float](classes []int32, target *Seq[T], stream int) []int32 {
	for t := range target.length(stream) {
		classes = append(classes, target.Index[t*target.Streams+stream])
	}
	return classes
}

// Count is the number of classes of all transcripts.
func (*CTC[T]) Count(target *Seq[T]) int {
	n := 0
	for b := range target.Streams {
		n += target.length(b)
	}
	return n
}

// Score sums the loss of all streams. The gradient with respect to a frame's
// logits is scale times the softmax less the probability that an alignment of the
// transcript goes through the class at that frame; it is zero in padding. Edits are
// those of the most probable alignment of each stream.
func (l *CTC[T]) Score(y, target *Seq[T], scale float64) (Tally, *Seq[T]) {
	var tally Tally
	l.dy.shape(y.Steps, y.Streams, y.Width, y.Lengths)
	clear(l.dy.Data)
	for b := range y.Streams {
		l.classes = transcript(l.classes[:0], target, b)
		l.read(y, b)
		tally.Edits += decode.Distance(decode.Collapse(l.path, l.Blank), l.classes)
		tally.Count += len(l.classes)
		l.spell(l.classes, l.Blank)
		l.forward()
		l.backward()
		total := l.total()
		tally.Loss -= total
		l.gradient(b, total, scale)
	}
	return tally, &l.dy
}

// read takes the frames of one stream: logarithms of their softmax, and the
// most probable classes.
func (l *CTC[T]) read(y *Seq[T], stream int) {
	l.width, l.frames = y.Width, y.length(stream)
	l.logs = resized(l.logs, l.frames*l.width)
	l.path = resized(l.path, l.frames)
	for t := range l.frames {
		logits := y.Data[(t*y.Streams+stream)*l.width:][:l.width]
		best := argmax(logits)
		l.path[t] = int32(best)
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v) - float64(logits[best]))
		}
		norm := float64(logits[best]) + math.Log(sum)
		for c, v := range logits {
			l.logs[t*l.width+c] = float64(v) - norm
		}
	}
}

// spell sets the states of a transcript.
func (s *ctcStream) spell(classes []int32, blank int32) {
	s.states = append(s.states[:0], blank)
	for _, c := range classes {
		s.states = append(s.states, c, blank)
	}
	n := s.frames * len(s.states)
	s.alpha, s.beta = resized(s.alpha, n), resized(s.beta, n)
}

// skips reports whether an alignment may go from state i−2 to state i: over a blank
// that does not part two classes that are the same.
func (s *ctcStream) skips(i int) bool { return i >= 2 && s.states[i] != s.states[i-2] }

// forward fills alpha, frame by frame: an alignment comes from the same state, the
// one before, or the one before that.
func (s *ctcStream) forward() {
	n := len(s.states)
	for t := range s.frames {
		now, logs := s.alpha[t*n:(t+1)*n], s.logs[t*s.width:]
		if t == 0 {
			begin(now[:2], now[2:])
		} else {
			before := s.alpha[(t-1)*n : t*n]
			for i := range now {
				now[i] = before[i]
				if i >= 1 {
					now[i] = logAdd(now[i], before[i-1])
				}
				if s.skips(i) {
					now[i] = logAdd(now[i], before[i-2])
				}
			}
		}
		for i, class := range s.states {
			now[i] += logs[class]
		}
	}
}

// begin sets the states in which alignments begin or end, and the others.
func begin(in, others []float64) {
	clear(in)
	for i := range others {
		others[i] = math.Inf(-1)
	}
}

// backward fills beta, from the last frame on, as forward does.
func (s *ctcStream) backward() {
	n := len(s.states)
	begin(s.beta[len(s.beta)-2:], s.beta[len(s.beta)-n:len(s.beta)-2])
	s.reach = resized(s.reach, n)
	for t := s.frames - 2; t >= 0; t-- {
		now, behind, logs := s.beta[t*n:(t+1)*n], s.beta[(t+1)*n:(t+2)*n], s.logs[(t+1)*s.width:]
		for i, class := range s.states {
			s.reach[i] = behind[i] + logs[class]
		}
		for i := range now {
			now[i] = s.reach[i]
			if i+1 < n {
				now[i] = logAdd(now[i], s.reach[i+1])
			}
			if i+2 < n && s.skips(i+2) {
				now[i] = logAdd(now[i], s.reach[i+2])
			}
		}
	}
}

// total is the logarithm of the probability of the transcript.
func (s *ctcStream) total() float64 {
	last := s.alpha[len(s.alpha)-len(s.states):]
	n := len(last)
	return logAdd(last[n-1], last[n-2])
}

// gradient writes that of one stream.
func (l *CTC[T]) gradient(stream int, total, scale float64) {
	n := len(l.states)
	l.occupied = resized(l.occupied, l.width)
	for t := range l.frames {
		clear(l.occupied)
		for i, class := range l.states {
			l.occupied[class] += math.Exp(l.alpha[t*n+i] + l.beta[t*n+i] - total)
		}
		dy := l.dy.Data[(t*l.dy.Streams+stream)*l.width:][:l.width]
		for c := range dy {
			dy[c] = T(scale * (math.Exp(l.logs[t*l.width+c]) - l.occupied[c]))
		}
	}
}

// Replica returns a loss with memory of its own.
func (l *CTC[T]) Replica() Loss[T] { return &CTC[T]{Blank: l.Blank} }

// logAdd is log(exp(a) + exp(b)); −∞ is the logarithm of 0.
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	const lost = -37 // exp of it is less than half a unit in the last place of 1
	if d := b - a; d > lost {
		return a + math.Log1p(math.Exp(d))
	}
	return a // also where both are −∞
}
