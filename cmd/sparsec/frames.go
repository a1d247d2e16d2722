package main

import (
	"fmt"
	"math"
	"os"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/trainer/data"
)

// readFrames reads a sequence of inputs: a line a step, the model's inputs one
// behind the other, an index as one whole number.
func readFrames(path string, m *ir.Model) ([]eval.Frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	series, err := data.ReadSeries(f, path)
	if err != nil {
		return nil, err
	}
	if len(series) != 1 {
		return nil, fmt.Errorf("%s: %d sequences, want one without empty lines", path, len(series))
	}
	s := series[0]
	want := 0
	for _, in := range m.Inputs {
		want += in.Type.Len()
	}
	if s.Width != want {
		return nil, fmt.Errorf("%s: %d numbers a line, want %d: %s", path, s.Width, want, inputTypes(m))
	}
	frames := make([]eval.Frame, s.Len())
	for step := range frames {
		row := s.Values[step*s.Width : (step+1)*s.Width]
		if frames[step], err = frame(m, row); err != nil {
			return nil, fmt.Errorf("%s: step %d: %w", path, step, err)
		}
	}
	return frames, nil
}

func frame(m *ir.Model, row []float32) (eval.Frame, error) {
	f := eval.Frame{}
	for _, in := range m.Inputs {
		n := in.Type.Len()
		values := make([]float64, n)
		for i, v := range row[:n] {
			values[i] = float64(v)
			if in.Type.DType == ir.Index && (v < 0 || v >= float32(in.Type.Bound) || values[i] != math.Trunc(values[i])) {
				return nil, fmt.Errorf("input %q: %v, want a whole number below %d", in.Name, v, in.Type.Bound)
			}
		}
		f[in.Name], row = values, row[n:]
	}
	return f, nil
}

// inputTypes lists the inputs of a model with their types.
func inputTypes(m *ir.Model) string {
	text := ""
	for i, in := range m.Inputs {
		if i > 0 {
			text += ", "
		}
		text += in.Name + " " + in.Type.String()
	}
	return text
}
