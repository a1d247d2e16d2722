package data

import (
	"fmt"
	"io"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Frames yields the segments of contiguous streams of vectors with a target
// vector each, from one long series. The state is carried from segment to
// segment and begins anew with every epoch.
type Frames struct {
	cursor
	layout        layout
	input, target *Series
}

// NewFrames divides two series of the same length, as Forecast or Select give
// them, into that many streams.
func NewFrames(input, target *Series, streams, steps int) (*Frames, error) {
	if input.Len() != target.Len() {
		return nil, fmt.Errorf("series of %d frames with %d targets, want as many", input.Len(), target.Len())
	}
	l, err := newLayout(input.Len(), streams, steps)
	if err != nil {
		return nil, fmt.Errorf("series of %d frames: %w", input.Len(), err)
	}
	return &Frames{cursor: cursor{batches: l.segments()}, layout: l, input: input, target: target}, nil
}

// Next fills b with the next segment of every stream.
func (s *Frames) Next(b *nn.Batch[float32]) error {
	at, ok := s.next()
	if !ok {
		return io.EOF
	}
	from, steps := s.layout.segment(at.Batch)
	s.fill(&b.Input, s.input, from, steps)
	s.fill(&b.Target, s.target, from, steps)
	b.Carry, b.Reset = at.Batch > 0, nil
	return nil
}

func (s *Frames) fill(x *nn.Seq[float32], series *Series, from, steps int) {
	n, w := s.layout.streams, series.Width
	*x = nn.Seq[float32]{Steps: steps, Streams: n, Width: w, Data: resized(x.Data, steps*n*w)}
	for stream := range n {
		frames := series.Values[(stream*s.layout.perStream+from)*w:]
		for t := range steps {
			copy(x.Data[(t*n+stream)*w:][:w], frames[t*w:])
		}
	}
}

// FrameDataset pairs series with target series of the same lengths, as whole
// sequences for Sequences.
func FrameDataset(inputs, targets []*Series) (*Dataset, error) {
	if len(inputs) != len(targets) || len(inputs) == 0 {
		return nil, fmt.Errorf("%d series with %d target series, want as many, at least one", len(inputs), len(targets))
	}
	d := &Dataset{Width: inputs[0].Width, TargetWidth: targets[0].Width, PerStep: true}
	for i, input := range inputs {
		target := targets[i]
		if input.Width != d.Width || target.Width != d.TargetWidth || input.Len() != target.Len() {
			return nil, fmt.Errorf("series %d: %d frames of width %d with %d targets of width %d, want widths %d and %d and as many targets",
				i, input.Len(), input.Width, target.Len(), target.Width, d.Width, d.TargetWidth)
		}
		d.Examples = append(d.Examples, Example{Values: input.Values, Targets: target.Values})
	}
	return d, nil
}
