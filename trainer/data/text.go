package data

import (
	"fmt"
	"io"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Text yields the segments of contiguous streams of classes, each with the class
// that follows as its target. The state is carried from segment to segment and
// begins anew with every epoch.
type Text struct {
	cursor
	layout layout
	tokens []int32
}

// NewText divides tokens, of which it keeps the slice, into that many streams.
func NewText(tokens []int32, streams, steps int) (*Text, error) {
	l, err := newLayout(len(tokens)-1, streams, steps)
	if err != nil {
		return nil, fmt.Errorf("text of %d tokens: %w", len(tokens), err)
	}
	return &Text{cursor: cursor{batches: l.segments()}, layout: l, tokens: tokens}, nil
}

// Next fills b with the next segment of every stream.
func (s *Text) Next(b *nn.Batch[float32]) error {
	at, ok := s.next()
	if !ok {
		return io.EOF
	}
	from, steps := s.layout.segment(at.Batch)
	n := s.layout.streams
	b.Input = nn.Seq[float32]{Steps: steps, Streams: n, Index: resized(b.Input.Index, steps*n)}
	b.Target = nn.Seq[float32]{Steps: steps, Streams: n, Index: resized(b.Target.Index, steps*n)}
	b.Carry, b.Reset = at.Batch > 0, nil
	for stream := range n {
		tokens := s.tokens[stream*s.layout.perStream+from:]
		for t := range steps {
			b.Input.Index[t*n+stream] = tokens[t]
			b.Target.Index[t*n+stream] = tokens[t+1]
		}
	}
	return nil
}
