package compiler

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// The number of reference frames unless Options say otherwise: fewer for a model
// so large that the float64 interpreter would take seconds.
const (
	defaultFrames   = 16
	fewestFrames    = 4
	referenceBudget = 1 << 26 // weights times frames
)

func frames(m *ir.Model) int {
	weights := 1
	for _, p := range m.Params {
		weights += p.Len()
	}
	return min(max(referenceBudget/weights, fewestFrames), defaultFrames)
}

// references are frames of random inputs, what must come of them and how far
// rounding may take the package from that.
type references struct {
	vectors   codegen.Vectors
	states    [][]float64 // exposed ones, behind the last frame
	tolerance float64
}

// reference computes n frames with the float64 interpreter of the model as it was
// given, before any pass. A package that stores weights with less than float32 is
// held against the model that it stores.
func reference(ctx context.Context, m *ir.Model, p *Package, n int) (*references, error) {
	r := &references{}
	switch {
	case n < 0:
		return r, nil
	case n == 0:
		n = frames(m)
	}
	stored, err := verify.Stored(p.Model, p.Program)
	if err != nil {
		return nil, err
	}
	passed := stored != p.Model
	if passed {
		m = stored
	}
	g, err := eval.New(m)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 0))
	var inputs []eval.Frame
	for range n {
		f, in := randomFrame(p.Program, rng)
		r.vectors, inputs = append(r.vectors, f), append(inputs, in)
	}
	outputs, err := outputsOf(ctx, m, g, inputs)
	if err != nil {
		return nil, err
	}
	for i := range r.vectors {
		for _, port := range p.Program.Outputs {
			r.vectors[i].Outputs = append(r.vectors[i].Outputs, inFloat32(outputs[i][port.Name]))
		}
	}
	for _, a := range codegen.Accessors(p.Program) {
		h := g.State(a.State.Name)
		if passed {
			h = a.State.Seen(h)
		}
		r.states = append(r.states, inFloat32(h))
	}
	rounding, err := verify.EstimateRounding(p.Model, p.Program, inputs)
	r.tolerance = tolerance(rounding)
	return r, err
}

// inFloat32 is x with infinities in place of what is beyond float32.
func inFloat32(x []float64) []float64 {
	y := slices.Clone(x)
	for i, v := range y {
		if math.Abs(v) > math.MaxFloat32 {
			y[i] = math.Inf(int(math.Copysign(1, v)))
		}
	}
	return y
}

// outputsOf computes a sequence: frame by frame where the model can be stepped, so
// that it ends soon when it is cancelled.
func outputsOf(ctx context.Context, m *ir.Model, g *eval.Graph, inputs []eval.Frame) ([]eval.Frame, error) {
	if !m.Streaming() {
		return g.Run(inputs)
	}
	var outputs []eval.Frame
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out, err := g.Step(in)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
}

// leastTolerance leaves room for inputs that round less kindly than the frames
// that the estimate has seen: the package's tests run others as well.
const leastTolerance = 0x1p-17

// tolerance is what the tests of a package allow. It is not bounded above: a
// model that magnifies rounding is no fault of its package.
func tolerance(r verify.Rounding) float64 {
	t := max(16*r.Deviation, leastTolerance)
	// The next power of two does not hang on the last bits of the estimate, which
	// another machine may round another way.
	return math.Exp2(math.Ceil(math.Log2(t)))
}

// randomFrame draws inputs from the normal distribution, indices and masks evenly.
func randomFrame(p *kernel.Program, rng *rand.Rand) (codegen.Frame, eval.Frame) {
	var f codegen.Frame
	in := eval.Frame{}
	for k, port := range p.Inputs {
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
				if p.Mask(k) {
					x[i] = float32(rng.IntN(2))
				}
				values[i] = float64(x[i])
			}
			in[port.Name] = values
		}
		f.Inputs = append(f.Inputs, x)
		f.Indices = append(f.Indices, index)
	}
	return f, in
}
