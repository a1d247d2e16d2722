package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Example is one sequence and what is to be said of it: a class for the whole, a
// class per step, a vector per step, or a transcript.
type Example struct {
	Index  []int32   // input as indices, or
	Values []float32 // input as vectors, [step][Dataset.Width]

	Classes []int32   // one, one per step, or a transcript
	Targets []float32 // [step][Dataset.TargetWidth]
}

// Dataset is sequences of one kind.
type Dataset struct {
	Width       int  // of an input vector; 0 for indices
	TargetWidth int  // of a target vector; 0 for classes
	PerStep     bool // a class per step, not per sequence; target vectors always are
	Transcripts bool // any number of classes, which no step is told
	Examples    []Example
}

// steps is the length of an example.
func (d *Dataset) steps(e *Example) int {
	if d.Width == 0 {
		return len(e.Index)
	}
	return len(e.Values) / d.Width
}

// validate lists the examples that do not have the dataset's shape.
func (d *Dataset) validate() error {
	if len(d.Examples) == 0 {
		return errors.New("dataset: no examples")
	}
	for i := range d.Examples {
		e := &d.Examples[i]
		n := d.steps(e)
		classes := 1
		if d.PerStep {
			classes = n
		}
		switch {
		case n == 0:
			return fmt.Errorf("dataset: example %d is empty", i)
		case d.Width > 0 && len(e.Values) != n*d.Width:
			return fmt.Errorf("dataset: example %d: %d values, want steps of width %d", i, len(e.Values), d.Width)
		case d.TargetWidth > 0 && len(e.Targets) != n*d.TargetWidth:
			return fmt.Errorf("dataset: example %d: %d target values, want %d steps of width %d", i, len(e.Targets), n, d.TargetWidth)
		case d.Transcripts && len(e.Classes) == 0:
			return fmt.Errorf("dataset: example %d: empty transcript", i)
		case d.TargetWidth == 0 && !d.Transcripts && len(e.Classes) != classes:
			return fmt.Errorf("dataset: example %d: %d classes, want %d", i, len(e.Classes), classes)
		}
	}
	return nil
}

// SequencesConfig holds the settings of Sequences.
type SequencesConfig struct {
	Streams int // sequences per batch; the last batch of an epoch may have fewer

	// Shuffle draws a new order for every epoch, as a function of Seed and epoch.
	Shuffle bool
	Seed    uint64

	// Pool is the number of batches whose sequences are sorted by length before
	// they are divided, so that batches hold little padding; the order of these
	// batches is shuffled again. Up to 1 sorts nothing.
	Pool int
}

// Sequences yields whole sequences, padded to the longest of a batch: index 0 or
// zeros as input, nn.Ignore as class. Transcripts have lengths of their own. State
// is never carried.
type Sequences struct {
	cursor
	set    *Dataset
	cfg    SequencesConfig
	order  []int // of the examples, grouped by batch
	drawn  int   // epoch that order is of, -1 before the first
	starts []int // of the batches in order
}

// NewSequences makes a source over set, which it keeps.
func NewSequences(set *Dataset, cfg SequencesConfig) (*Sequences, error) {
	if cfg.Streams < 1 {
		return nil, fmt.Errorf("%d sequences per batch, want at least one", cfg.Streams)
	}
	if err := set.validate(); err != nil {
		return nil, err
	}
	n := len(set.Examples)
	return &Sequences{
		cursor: cursor{batches: (n + cfg.Streams - 1) / cfg.Streams},
		set:    set, cfg: cfg, drawn: -1,
		order: make([]int, n), starts: make([]int, 0, n),
	}, nil
}

// Next fills b with the next sequences.
func (s *Sequences) Next(b *nn.Batch[float32]) error {
	at, ok := s.next()
	if !ok {
		return io.EOF
	}
	if s.drawn != at.Epoch {
		s.draw(at.Epoch)
	}
	from := s.starts[at.Batch]
	s.fill(b, s.order[from:min(from+s.cfg.Streams, s.poolEnd(from))])
	return nil
}

// poolEnd is the end of the pool that order[i] lies in.
func (s *Sequences) poolEnd(i int) int {
	pool := s.cfg.Streams * max(s.cfg.Pool, 1)
	return min((i/pool+1)*pool, len(s.order))
}

// draw makes the order of an epoch.
func (s *Sequences) draw(epoch int) {
	s.drawn = epoch
	for i := range s.order {
		s.order[i] = i
	}
	r := rand.New(rand.NewPCG(s.cfg.Seed, uint64(epoch)))
	if s.cfg.Shuffle {
		r.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	s.starts = s.starts[:0]
	for from := 0; from < len(s.order); from = s.poolEnd(from) {
		end := s.poolEnd(from)
		if s.cfg.Pool > 1 {
			slices.SortStableFunc(s.order[from:end], func(i, j int) int {
				return cmp.Compare(s.set.steps(&s.set.Examples[i]), s.set.steps(&s.set.Examples[j]))
			})
		}
		first := len(s.starts)
		for i := from; i < end; i += s.cfg.Streams {
			s.starts = append(s.starts, i)
		}
		if pool := s.starts[first:]; s.cfg.Shuffle {
			r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		}
	}
}

// fill lays the examples side by side.
func (s *Sequences) fill(b *nn.Batch[float32], examples []int) {
	n, steps := len(examples), 0
	lengths := resized(b.Input.Lengths, n)
	for i, e := range examples {
		length := s.set.steps(&s.set.Examples[e])
		lengths[i] = int32(length)
		steps = max(steps, length)
	}
	b.Carry, b.Reset = false, nil
	s.fillInput(&b.Input, examples, steps, lengths)
	s.fillTarget(&b.Target, examples, steps, lengths)
}

func (s *Sequences) fillInput(x *nn.Seq[float32], examples []int, steps int, lengths []int32) {
	n, w := len(examples), s.set.Width
	if w == 0 {
		*x = nn.Seq[float32]{Steps: steps, Streams: n, Index: resized(x.Index, steps*n), Lengths: lengths}
		clear(x.Index)
		for i, e := range examples {
			for t, class := range s.set.Examples[e].Index {
				x.Index[t*n+i] = class
			}
		}
		return
	}
	*x = nn.Seq[float32]{Steps: steps, Streams: n, Width: w, Data: resized(x.Data, steps*n*w), Lengths: lengths}
	for i, e := range examples {
		fillVectors(x, i, s.set.Examples[e].Values)
	}
}

func (s *Sequences) fillTarget(y *nn.Seq[float32], examples []int, steps int, lengths []int32) {
	n, w := len(examples), s.set.TargetWidth
	switch {
	case w > 0:
		*y = nn.Seq[float32]{Steps: steps, Streams: n, Width: w, Data: resized(y.Data, steps*n*w), Lengths: lengths}
		for i, e := range examples {
			fillVectors(y, i, s.set.Examples[e].Targets)
		}
		return
	case s.set.Transcripts:
		lengths, steps = s.transcripts(y.Lengths, examples)
	case !s.set.PerStep:
		lengths, steps = nil, 1
	default:
		lengths = nil
	}
	*y = nn.Seq[float32]{Steps: steps, Streams: n, Index: resized(y.Index, steps*n), Lengths: lengths}
	for i := range y.Index {
		y.Index[i] = nn.Ignore
	}
	for i, e := range examples {
		for t, class := range s.set.Examples[e].Classes {
			y.Index[t*n+i] = class
		}
	}
}

// transcripts are the lengths of transcripts, in the memory given, and the longest.
func (s *Sequences) transcripts(lengths []int32, examples []int) ([]int32, int) {
	lengths, longest := resized(lengths, len(examples)), 0
	for i, e := range examples {
		n := len(s.set.Examples[e].Classes)
		lengths[i] = int32(n)
		longest = max(longest, n)
	}
	return lengths, longest
}

// fillVectors copies the vectors of one stream and zeroes its padding.
func fillVectors(x *nn.Seq[float32], stream int, values []float32) {
	for t := range x.Steps {
		frame := x.Data[(t*x.Streams+stream)*x.Width:][:x.Width]
		clear(frame)
		if from := t * x.Width; from < len(values) {
			copy(frame, values[from:from+x.Width])
		}
	}
}
