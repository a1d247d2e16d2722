package trainer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Array is numbers in row-major order.
type Array struct {
	Shape []int
	Data  []float64
}

// ArraysCorpus is a corpus of sequences for a model. x is what it reads, [sequences
// steps width], of a model that reads indices [sequences steps]; y what it should
// answer: a class for each sequence [sequences] (task Class), or for each step
// [sequences steps] (task Tag), or a vector for each step [sequences steps outputs]
// (task Frames, unscaled). A single sequence, whose arrays have no first axis, is cut
// into pieces of segment steps. The sequences are divided in their order, as c says, so
// that those that the model has been trained on can be kept out of the test.
func ArraysCorpus(m *ir.Model, x, y Array, segment int, c DataConfig) (*Corpus, error) {
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		return nil, fmt.Errorf("model %q: %d inputs and %d outputs, want one of each", m.Name, len(m.Inputs), len(m.Outputs))
	}
	a := arrays{x: x, y: y, outputs: types[m.Outputs[0]].Len()}
	if in := m.Inputs[0].Type; in.DType == ir.Index {
		a.input = nn.InputKind{Bound: in.Bound}
	} else {
		a.input = nn.InputKind{Width: in.Len()}
	}
	for _, phase := range []func() error{func() error { return a.cut(segment) }, a.task, a.examples} {
		if err := phase(); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
	}
	return a.corpus(c.withDefaults())
}

// arrays becomes a corpus.
type arrays struct {
	x, y    Array
	input   nn.InputKind
	outputs int
	kind    Task
	set     data.Dataset
}

// cut divides a single sequence and holds the shape of x.
func (a *arrays) cut(segment int) error {
	frame, word := 0, "[sequences steps]"
	if a.input.Width > 0 {
		frame, word = 1, fmt.Sprintf("[sequences steps %d]", a.input.Width)
	}
	if len(a.x.Shape) == 1+frame && len(a.y.Shape) > 0 && a.x.Shape[0] == a.y.Shape[0] {
		if segment < 1 || a.x.Shape[0] < segment {
			return fmt.Errorf("x is a sequence of %d steps, want at least a segment of %d", a.x.Shape[0], segment)
		}
		a.x, a.y = pieces(a.x, segment), pieces(a.y, segment)
	}
	if s := a.x.Shape; len(s) != 2+frame || frame > 0 && s[2] != a.input.Width || s[0] < 1 || s[1] < 1 {
		return fmt.Errorf("x has shape %v, want %s, or the same without the first axis", s, word)
	}
	return nil
}

// pieces cuts an array along its first axis; what is left over is left out.
func pieces(a Array, segment int) Array {
	n := a.Shape[0] / segment
	size := segment
	for _, d := range a.Shape[1:] {
		size *= d
	}
	return Array{Shape: slices.Concat([]int{n, segment}, a.Shape[1:]), Data: a.Data[:n*size]}
}

// task tells by the shape of y what is learnt.
func (a *arrays) task() error {
	n, steps := a.x.Shape[0], a.x.Shape[1]
	switch {
	case slices.Equal(a.y.Shape, []int{n}):
		a.kind = Class
	case slices.Equal(a.y.Shape, []int{n, steps}):
		a.kind, a.set.PerStep = Tag, true
	case slices.Equal(a.y.Shape, []int{n, steps, a.outputs}):
		a.kind, a.set.PerStep, a.set.TargetWidth = Frames, true, a.outputs
	default:
		return fmt.Errorf("y has shape %v, want [%d] or [%d %d] of classes, or [%d %d %d] of what the model answers", a.y.Shape, n, n, steps, n, steps, a.outputs)
	}
	a.set.Width = a.input.Width
	return nil
}

// examples makes one of each sequence.
func (a *arrays) examples() error {
	n := a.x.Shape[0]
	for i := range n {
		x := a.x.Data[i*len(a.x.Data)/n : (i+1)*len(a.x.Data)/n]
		y := a.y.Data[i*len(a.y.Data)/n : (i+1)*len(a.y.Data)/n]
		var e data.Example
		var err error
		if a.input.Bound > 0 {
			e.Index, err = classes("x", x, a.input.Bound)
		} else {
			e.Values, err = finites("x", x)
		}
		if err == nil && a.kind == Frames {
			e.Targets, err = finites("y", y)
		} else if err == nil {
			e.Classes, err = classes("y", y, a.outputs)
		}
		if err != nil {
			return fmt.Errorf("sequence %d: %w", i, err)
		}
		a.set.Examples = append(a.set.Examples, e)
	}
	return nil
}

// classes are whole numbers below bound.
func classes(name string, x []float64, bound int) ([]int32, error) {
	list := make([]int32, len(x))
	for i, v := range x {
		if v != math.Trunc(v) || v < 0 || v >= float64(bound) {
			return nil, fmt.Errorf("%s holds %v, want whole numbers from 0 to %d", name, v, bound-1)
		}
		list[i] = int32(v)
	}
	return list, nil
}

// finites are numbers that float32 holds.
func finites(name string, x []float64) ([]float32, error) {
	list := make([]float32, len(x))
	for i, v := range x {
		list[i] = float32(v)
		if math.IsNaN(v) || math.IsInf(float64(list[i]), 0) {
			return nil, fmt.Errorf("%s holds %v, want finite numbers of float32", name, v)
		}
	}
	return list, nil
}

// corpus divides the sequences.
func (a *arrays) corpus(c DataConfig) (*Corpus, error) {
	corpus := &Corpus{Task: a.kind, Input: a.input, Outputs: a.outputs, digest: a.digest()}
	var split [parts][]data.Example
	var err error
	if split[Train], split[Valid], split[Test], err = data.InOrder(c.split(), a.set.Examples); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	for p, examples := range split {
		set := a.set
		set.Examples = examples
		corpus.parts[p].set = &set
	}
	if err := corpus.checkParts(c); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return corpus, nil
}

// digest is a sum over all numbers.
func (a *arrays) digest() string {
	hash := sha256.New()
	for _, x := range []Array{a.x, a.y} {
		fmt.Fprintln(hash, x.Shape)
		writeNumbers(hash, x.Data)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func writeNumbers(w io.Writer, x []float64) {
	var b [8]byte
	for _, v := range x {
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		w.Write(b[:])
	}
}
