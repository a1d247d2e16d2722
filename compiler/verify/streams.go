package verify

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// StreamError is how far an output of the streams of a Batch, or a state behind
// their last step, is from the reference: that of the stream that is farthest.
type StreamError struct {
	OutputError
	Stream int
}

// maxLockstepFrames bounds the steps of a Batch: the reference of each takes as long
// as one of the single stream, times the streams.
const maxLockstepFrames = 16

// lockstep is what the streams of a Batch are given and should do with it.
type lockstep struct {
	inputs [][]eval.Frame // [stream][step]
	want   [][]eval.Frame // [stream][step]
	states []*eval.Graph  // [stream] behind the last step
}

// newLockstep draws the inputs of the streams and steps the reference of each by
// itself; nil for a package without a Batch.
func newLockstep(ctx context.Context, pkg *Package, reference *ir.Model, frames []eval.Frame) (*lockstep, error) {
	if pkg.Batch == nil {
		return nil, nil
	}
	if _, lanes := codegen.Lockstep(max(1, pkg.Streams)); lanes != pkg.Batch.Batch {
		return nil, fmt.Errorf("%d streams of a Batch in blocks of %d: want blocks of %d", pkg.Streams, pkg.Batch.Batch, lanes)
	}
	l := &lockstep{inputs: streamInputs(frames, pkg.Streams)}
	for i, inputs := range l.inputs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g, err := eval.New(reference)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		want, err := g.Run(inputs)
		if err != nil {
			return nil, fmt.Errorf("reference: stream %d: %w", i, err)
		}
		l.want, l.states = append(l.want, want), append(l.states, g)
	}
	return l, nil
}

// streamInputs are the inputs of as many streams: the first has the frames as they
// come, the others draw theirs from all, so that a tolerance derived from the frames
// suits them as well. The same frames give the same inputs.
func streamInputs(frames []eval.Frame, streams int) [][]eval.Frame {
	n := min(len(frames), maxLockstepFrames)
	rng := rand.New(rand.NewPCG(0x57, 0x12))
	inputs := [][]eval.Frame{frames[:n]}
	for range streams - 1 {
		drawn := make([]eval.Frame, n)
		for i := range drawn {
			drawn[i] = frames[rng.IntN(len(frames))]
		}
		inputs = append(inputs, drawn)
	}
	return inputs
}

// append appends what main reads for a Batch: the number of steps, then, step
// by step, each port over all streams.
func (l *lockstep) append(b []byte, p *kernel.Program) ([]byte, error) {
	if l == nil {
		return b, nil
	}
	steps := len(l.inputs[0])
	b = binary.LittleEndian.AppendUint64(b, uint64(steps))
	for step := range steps {
		for _, in := range p.Inputs {
			for stream := range l.inputs {
				var err error
				if b, err = appendInput(b, in, step, l.inputs[stream][step]); err != nil {
					return nil, fmt.Errorf("stream %d: %w", stream, err)
				}
			}
		}
	}
	return b, nil
}

// read reads what main wrote of a Batch: step by step each output over all streams,
// then the exposed states of each stream. Results are as of a stream alone.
func (l *lockstep) read(p *kernel.Program, in io.Reader) ([]*result, error) {
	if l == nil {
		return nil, nil
	}
	streams := make([]*result, len(l.inputs))
	for i := range streams {
		streams[i] = &result{outputs: make([][]float32, len(p.Outputs))}
	}
	for range l.inputs[0] {
		for k, out := range p.Outputs {
			for i, s := range streams {
				values, err := readFloats(in, out.Size)
				if err != nil {
					return nil, fmt.Errorf("output %q of stream %d of the package: %w", out.Name, i, err)
				}
				s.outputs[k] = append(s.outputs[k], values...)
			}
		}
	}
	for i, s := range streams {
		var err error
		if s.states, err = readStates(p, in); err != nil {
			return nil, fmt.Errorf("stream %d: %w", i, err)
		}
	}
	return streams, nil
}

// compare measures the streams of a run.
func (l *lockstep) compare(p *kernel.Program, streams []*result, tolerance float64) (outputs, states []StreamError) {
	for i, s := range streams {
		outputs = farthest(outputs, compareRun(p, s, l.want[i], tolerance).Outputs, i)
		states = farthest(states, compareStates(p, s, l.states[i], tolerance), i)
	}
	return outputs, states
}

// farthest puts the errors of a stream in the place of smaller ones.
func farthest(worst []StreamError, of []OutputError, stream int) []StreamError {
	for i, o := range of {
		if i == len(worst) {
			worst = append(worst, StreamError{o, stream})
		} else if o.MaxRel > worst[i].MaxRel {
			worst[i] = StreamError{o, stream}
		}
	}
	return worst
}

// writeStreams writes a line for each output and state of the streams of a run.
func (r *Report) writeStreams(b *strings.Builder, run *KernelRun) {
	beyond := func(o StreamError) string {
		if o.Diverges < 0 {
			return ""
		}
		return fmt.Sprintf("; beyond the tolerance %.3g", r.Tolerance)
	}
	for _, o := range run.StreamOutputs {
		fmt.Fprintf(b, "%s: output %q of %d streams in lockstep over %d steps: largest error %.3g absolute, %.3g relative (stream %d, step %d)%s\n",
			run.Kernel, o.Name, r.Streams, r.Lockstep, o.MaxAbs, o.MaxRel, o.Stream, o.Step, beyond(o))
	}
	for _, s := range run.StreamStates {
		fmt.Fprintf(b, "%s: state %q of %d streams in lockstep behind the last step: largest error %.3g absolute, %.3g relative (stream %d)%s\n",
			run.Kernel, s.Name, r.Streams, s.MaxAbs, s.MaxRel, s.Stream, beyond(s))
	}
}
