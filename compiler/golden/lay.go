package golden

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// lay makes the sequence and what must come of it.
func (c *Case) lay(links []link) error {
	var faults []error
	for i := range links {
		if err := links[i].divide(); err != nil {
			faults = append(faults, fmt.Errorf("tensor %s: %w", links[i].tensor.Name, err))
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if err := c.feed(links); err != nil {
		return err
	}
	return c.expect(links)
}

// feed makes the frames and the states before the first of the arrays of inputs.
func (c *Case) feed(links []link) (err error) {
	steps := c.Model.Clone()
	steps.Tensors = nil
	inputs := map[string]eval.Tensor{}
	for _, l := range links {
		if !l.tensor.Output {
			t, x := l.whole()
			steps.Tensors = append(steps.Tensors, t)
			inputs[t.Name] = x
		}
	}
	c.Sequence.Frames, c.Sequence.States, err = eval.Frames(steps, inputs)
	return err
}

// whole is the tensor and what it holds; where that are steps, with these along an
// axis of their own.
func (l *link) whole() (ir.Tensor, eval.Tensor) {
	t := *l.tensor
	if !l.stepped {
		return t, eval.Tensor{Shape: l.array.Shape, Data: l.frames[0]}
	}
	size := len(l.frames[0])
	t.Shape, t.Time = []int{1, size}, 0
	return t, eval.Tensor{Shape: []int{len(l.frames), size}, Data: slices.Concat(l.frames...)}
}

// expect makes what must come of the sequence, and where it must stop to show states.
func (c *Case) expect(links []link) error {
	var faults []error
	total := len(c.Sequence.Frames)
	stops := []int{total}
	for i := range links {
		l := &links[i]
		if !l.tensor.Output {
			continue
		}
		w, err := l.want(total)
		if err != nil {
			faults = append(faults, fmt.Errorf("tensor %s: %w", l.tensor.Name, err))
			continue
		}
		if slices.ContainsFunc(w.Tensor.Parts, func(p ir.Part) bool { return p.Kind == ir.StatePart }) {
			for _, step := range w.Steps {
				stops = append(stops, step+1)
			}
		}
		c.Wants = append(c.Wants, w)
	}
	slices.Sort(stops)
	c.Sequence.Stops = slices.Compact(stops)
	return errors.Join(faults...)
}
