package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/decode"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Reading is what a model reads from a recording.
type Reading struct {
	Name string
	Want string // what was said
	Got  string
}

// Transcribing says how recordings are read. The zero value reads greedily, 32 of
// them at a time.
type Transcribing struct {
	Streams int // recordings side by side, which changes no transcript; 32
	// Beam is the setting of a prefix beam search; nil takes the most probable
	// alignment.
	Beam *decode.Beam
}

// Transcribe reads the recordings of a part, in their order. The model's own
// metadata say what its outputs stand for, so that the corpus may have other
// characters.
func (c *Corpus) Transcribe(ctx context.Context, m *ir.Model, meta *Meta, p Part, o Transcribing) ([]Reading, error) {
	setDefault(&o.Streams, 32)
	stack, err := FromModel(m)
	if err != nil {
		return nil, err
	}
	if err := c.fits(m, stack, meta); err != nil {
		return nil, err
	}
	source, err := c.source(p, reading{streams: o.Streams})
	if err != nil {
		return nil, err
	}
	var readings []Reading
	var b nn.Batch[float32]
	for {
		err := source.Next(&b)
		if err == io.EOF {
			return readings, nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		y := stack.Forward(&b.Input, nn.Pass{})
		for stream := range y.Streams {
			u := c.parts[p].utterances[len(readings)]
			readings = append(readings, o.read(u, meta, logitsOf(y, stream)))
		}
	}
}

// TranscribeBy reads the recordings of a part with another form of a model. run
// takes the frames of a recording, [frame][width], and returns their outputs.
func (c *Corpus) TranscribeBy(run func(frames []float32) ([]float64, error), meta *Meta, p Part, o Transcribing) ([]Reading, error) {
	var readings []Reading
	for _, u := range c.parts[p].utterances {
		logits, err := run(u.Features.Values)
		if err != nil {
			return nil, fmt.Errorf("recording %q: %w", u.Name, err)
		}
		readings = append(readings, o.read(u, meta, logits))
	}
	return readings, nil
}

// fits reports whether a model reads what the corpus has.
func (c *Corpus) fits(m *ir.Model, stack *nn.Stack[float32], meta *Meta) error {
	if c.Task != CTC || meta.Task != CTC {
		return fmt.Errorf("model %q of task %s and data of task %s, want %s of both", m.Name, meta.Task, c.Task, CTC)
	}
	if meta.Sound != c.Sound {
		return fmt.Errorf("model %q: reads %v, the data have %v", m.Name, meta.Sound, c.Sound)
	}
	if stack.Input != c.Input || stack.OutputWidth() != meta.Vocabulary.Size() {
		return fmt.Errorf("model %q: reads %+v and yields %d outputs, want %+v as the data have and %d as its vocabulary has", m.Name, stack.Input, stack.OutputWidth(), c.Input, meta.Vocabulary.Size())
	}
	return nil
}

// read is the transcript of the outputs for a recording.
func (o Transcribing) read(u data.Utterance, meta *Meta, logits []float64) Reading {
	return Reading{u.Name, u.Transcript, meta.Decode(o.decode(logits, meta.Vocabulary.Size())...)}
}

// decode is the transcript of a recording's outputs.
func (o Transcribing) decode(logits []float64, width int) []int32 {
	if o.Beam == nil {
		return decode.Greedy(logits, width, Blank)
	}
	beam := *o.Beam
	beam.Blank = Blank
	transcript, _ := beam.Search(logits, width)
	return transcript
}

// logitsOf are the frames of one stream, without padding.
func logitsOf(y *nn.Seq[float32], stream int) []float64 {
	var logits []float64
	for t := range int(y.Lengths[stream]) {
		for _, v := range y.Data[(t*y.Streams+stream)*y.Width:][:y.Width] {
			logits = append(logits, float64(v))
		}
	}
	return logits
}

// CharErrors counts the characters, as the unit has them, that are wrong in
// readings.
func CharErrors(readings []Reading, unit data.Unit) (e decode.Errors) {
	for _, r := range readings {
		e.Add(decode.Compare(collect(unit, r.Got), collect(unit, r.Want)))
	}
	return e
}

func collect(unit data.Unit, text string) (units []string) {
	for u := range unit.Units(text) {
		units = append(units, u)
	}
	return units
}

// WordErrors counts the words, parted by spaces, that are wrong in readings.
func WordErrors(readings []Reading) (e decode.Errors) {
	for _, r := range readings {
		e.Add(decode.Compare(strings.Fields(r.Got), strings.Fields(r.Want)))
	}
	return e
}
