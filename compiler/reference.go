package compiler

import (
	"context"
	"math/rand/v2"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

const defaultFrames = 16

// reference computes frames of random inputs with the float64 interpreter of
// the model as it was given, before any pass.
func reference(ctx context.Context, m *ir.Model, p *kernel.Program, frames int) (codegen.Vectors, error) {
	if frames == 0 {
		frames = defaultFrames
	}
	g, err := eval.New(m)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 0))
	var vectors codegen.Vectors
	for range frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, in := randomFrame(p, rng)
		out, err := g.Step(in)
		if err != nil {
			return nil, err
		}
		for _, port := range p.Outputs {
			f.Outputs = append(f.Outputs, out[port.Name])
		}
		vectors = append(vectors, f)
	}
	return vectors, nil
}

// randomFrame draws inputs from the normal distribution and indices evenly.
func randomFrame(p *kernel.Program, rng *rand.Rand) (codegen.Frame, eval.Frame) {
	var f codegen.Frame
	in := eval.Frame{}
	for _, port := range p.Inputs {
		var x []float32
		index := 0
		if port.Bound > 0 {
			index = rng.IntN(port.Bound)
			in[port.Name] = []float64{float64(index)}
		} else {
			values := make([]float64, port.Size)
			x = make([]float32, port.Size)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
				values[i] = float64(x[i])
			}
			in[port.Name] = values
		}
		f.Inputs = append(f.Inputs, x)
		f.Indices = append(f.Indices, index)
	}
	return f, in
}
