package data

import (
	"fmt"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Source yields the batches of one epoch after the other.
type Source interface {
	// Next fills b, whose slices it uses again. At the end of an epoch it returns
	// io.EOF, and the call after that yields the first batch of the next epoch.
	Next(b *nn.Batch[float32]) error
	// Batches is the number of batches of an epoch, at least one.
	Batches() int
	// Position is that of the batch that Next yields.
	Position() Position
	// Seek goes to a position that Position gave.
	Seek(Position) error
}

// Position says where a source stands: all that needs to be saved of it.
type Position struct {
	Epoch int `json:"epoch"`
	Batch int `json:"batch"` // of the epoch; Batches() when its end is not yet reported
}

// cursor is the position of a source.
type cursor struct {
	batches int
	at      Position
}

// Batches is the number of batches of an epoch.
func (c *cursor) Batches() int { return c.batches }

// Position is that of the batch that Next yields.
func (c *cursor) Position() Position { return c.at }

// Seek goes to a position of this or a later epoch.
func (c *cursor) Seek(p Position) error {
	if p.Epoch < 0 || p.Batch < 0 || p.Batch > c.batches {
		return fmt.Errorf("position: epoch %d, batch %d, want batch 0 to %d", p.Epoch, p.Batch, c.batches)
	}
	c.at = p
	return nil
}

// next returns the position to yield now and moves on; at the end of an epoch ok
// is false.
func (c *cursor) next() (at Position, ok bool) {
	if c.at.Batch == c.batches {
		c.at = Position{Epoch: c.at.Epoch + 1}
		return Position{}, false
	}
	at = c.at
	c.at.Batch++
	return at, true
}

// layout divides a long sequence into streams that stand side by side, and these
// into segments of steps. Frames that do not fill a row of streams are left out.
type layout struct {
	streams, steps int
	perStream      int // frames
}

func newLayout(frames, streams, steps int) (layout, error) {
	if streams < 1 || steps < 1 {
		return layout{}, fmt.Errorf("%d streams of %d steps, want at least one of each", streams, steps)
	}
	if frames < streams {
		return layout{}, fmt.Errorf("%d frames with a target, want at least %d, one per stream", max(frames, 0), streams)
	}
	return layout{streams: streams, steps: steps, perStream: frames / streams}, nil
}

// segments is the number of segments of a stream; the last one may be shorter.
func (l layout) segments() int { return (l.perStream + l.steps - 1) / l.steps }

// segment is the first step and the number of steps of segment i.
func (l layout) segment(i int) (from, steps int) {
	from = i * l.steps
	return from, min(l.steps, l.perStream-from)
}

// resized returns a slice of n elements in the memory of x where that suffices.
// Its content is undefined.
func resized[E any](x []E, n int) []E {
	if cap(x) < n {
		return make([]E, n)
	}
	return x[:n]
}
