package trainer

import (
	"context"
	"fmt"
	"io"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Evaluate scores a model on a part of a corpus, divided into that many streams.
// The first characters of each stream are foretold from little, so that scores
// are alike for the same number of streams only.
func Evaluate(ctx context.Context, m *ir.Model, c *Corpus, p Part, streams int) (Score, error) {
	return EvaluateUpTo(ctx, m, c, p, streams, 0)
}

// EvaluateUpTo is [Evaluate] of about so many targets, from all over the part; up to
// 0 it is of all.
func EvaluateUpTo(ctx context.Context, m *ir.Model, c *Corpus, p Part, streams, limit int) (Score, error) {
	stack, err := networkOf(m, c)
	if err != nil {
		return Score{}, err
	}
	const segment = 64
	return score(ctx, nn.NewParallel(stack, lossOf(c.Task), 1), c, p, reading{streams: streams, segment: segment}, limit)
}

// networkOf is the network of a model, which must read and answer as the data do.
func networkOf(m *ir.Model, c *Corpus) (*nn.Stack[float32], error) {
	stack, err := FromModel(m)
	if err != nil {
		return nil, err
	}
	if stack.Input != c.Input || stack.OutputWidth() != c.Outputs {
		return nil, fmt.Errorf("model %q: reads %+v and yields %d outputs, want %+v and %d as the data have", m.Name, stack.Input, stack.OutputWidth(), c.Input, c.Outputs)
	}
	if c.Task == Class || c.Task == Image {
		stack.Layers = append(stack.Layers, nn.NewLastStep[float32](stack.OutputWidth()))
	}
	return stack, nil
}

// score runs a network over one epoch of a part, or, with a limit above 0, up to
// and with the batch that reaches that many targets. Of a text or a long series,
// whose streams begin at even distances, these are the beginnings of all streams,
// and of sequences, which were shuffled before they were divided, the first ones:
// either way they are the same ones every time, and from all over the part.
func score(ctx context.Context, run *nn.Parallel[float32], c *Corpus, p Part, r reading, limit int) (Score, error) {
	source, err := c.source(p, r)
	if err != nil {
		return Score{}, err
	}
	var total nn.Tally
	var batch nn.Batch[float32]
	for limit <= 0 || total.Count < limit {
		err := source.Next(&batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Score{}, err
		}
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		tally, err := run.Evaluate(&batch)
		if err != nil {
			return Score{}, fmt.Errorf("%s part: %w", p, err)
		}
		total.Add(tally)
	}
	return scoreOf(c.Task, total), nil
}
