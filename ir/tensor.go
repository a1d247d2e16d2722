package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// Tensor says where a tensor at the edge of the file that a model was imported
// from lies among the model's inputs, outputs and states, which are vectors of one
// frame.
//
// Shape is that of one frame: along the axis Time, if there is one, it is the
// number of that axis' elements in a frame, 1 as a rule, and the whole tensor has
// as many times the number of frames. The parts, one after the other, are a frame
// of the tensor in row-major order.
type Tensor struct {
	Name   string
	Output bool
	Shape  []int
	Time   int // the axis along the frames; −1 for none
	Parts  []Part
}

// PartKind says what a part of a tensor is.
type PartKind uint8

const (
	ValuePart  PartKind = iota // a frame of an input or output; without a time axis, the same in every frame or that of the last
	FirstPart                  // an output at the first frame
	StatePart                  // a state before the first frame or behind the last
	LengthPart                 // one number: how many frames of an input of one element are 1; those behind are 0
)

// Part is a part of a tensor: an input, output or state as a whole.
type Part struct {
	Kind PartKind
	Name string
}

// partWords are the kinds in the text form.
var partWords = []string{ValuePart: "value", FirstPart: "first", StatePart: "state", LengthPart: "length"}

// String is the word of the text form.
func (k PartKind) String() string {
	if int(k) < len(partWords) {
		return partWords[k]
	}
	return fmt.Sprint(uint8(k))
}

// text is the tensor as the text form writes it.
func (t *Tensor) text() string {
	side := "input"
	if t.Output {
		side = "output"
	}
	text := fmt.Sprintf("%s %s %s", side, bare(t.Name), shapeText(t.Shape))
	if t.Time >= 0 {
		text += fmt.Sprintf(" time=%d", t.Time)
	}
	parts := make([]string, len(t.Parts))
	for i, p := range t.Parts {
		parts[i] = p.Kind.String() + "=" + bare(p.Name)
	}
	return text + " (" + strings.Join(parts, ", ") + ")"
}

// ShapeText is the shape over all T frames: [T 1 64], or [1 512·T] of a tensor that
// has several elements a frame along its time axis.
func (t *Tensor) ShapeText() string {
	words := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		switch words[i] = strconv.Itoa(d); {
		case i == t.Time && d == 1:
			words[i] = "T"
		case i == t.Time:
			words[i] += "·T"
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// Exposed reports whether a tensor of the file shows the state: its units may lie
// in any order but must all be there.
func (m *Model) Exposed(state string) bool {
	for _, t := range m.Tensors {
		for _, p := range t.Parts {
			if p.Kind == StatePart && p.Name == state {
				return true
			}
		}
	}
	return false
}

// tensors reports parts that are not there and tensors that they do not fill.
func (c *check) tensors() {
	seen := map[[2]string]bool{}
	for i := range c.m.Tensors {
		t := &c.m.Tensors[i]
		side := strings.Fields(t.text())[0]
		if t.Name == "" || seen[[2]string{side, t.Name}] {
			c.fault("%s tensor %s: want a name of its own", side, quote(t.Name))
		}
		seen[[2]string{side, t.Name}] = true
		want, err := Elements(t.Shape)
		if err != nil {
			c.fault("%s tensor %s: %w", side, quote(t.Name), err)
			continue
		}
		if t.Time >= len(t.Shape) || t.Time < -1 {
			c.fault("%s tensor %s: time axis %d, want one of %s", side, quote(t.Name), t.Time, shapeText(t.Shape))
		}
		got := 0
		for _, p := range t.Parts {
			n, err := c.part(t, p)
			if err != nil {
				c.fault("%s tensor %s: %w", side, quote(t.Name), err)
			}
			got += n
		}
		if got != want {
			c.fault("%s tensor %s: parts have %d elements, want %d of shape %s", side, quote(t.Name), got, want, shapeText(t.Shape))
		}
	}
}

// part is the number of elements of a part.
func (c *check) part(t *Tensor, p Part) (int, error) {
	switch {
	case p.Kind == StatePart:
		if s, ok := c.states[p.Name]; ok && t.Time < 0 {
			return s.Size, nil
		}
		return 0, fmt.Errorf("state %s is not defined, or the tensor has a time axis", quote(p.Name))
	case p.Kind > LengthPart:
		return 0, fmt.Errorf("kind %v of a part, want one of %q", p.Kind, partWords)
	case t.Output && !c.isOutput(p.Name):
		return 0, fmt.Errorf("%s is no output", quote(p.Name))
	case !t.Output && !c.inputs[p.Name]:
		return 0, fmt.Errorf("%s is no input", quote(p.Name))
	case t.Output && p.Kind == LengthPart, !t.Output && p.Kind == FirstPart, p.Kind != ValuePart && t.Time >= 0:
		return 0, fmt.Errorf("%s cannot be a %v part", quote(p.Name), p.Kind)
	}
	n := c.types[p.Name].Len()
	if p.Kind == LengthPart && n != 1 {
		return n, fmt.Errorf("input %s has %d elements, want 1 of a length", quote(p.Name), n)
	}
	return n, nil
}

func (c *check) isOutput(name string) bool {
	for _, o := range c.m.Outputs {
		if o == name {
			return true
		}
	}
	return false
}
