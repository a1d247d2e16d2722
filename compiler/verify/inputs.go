package verify

import (
	"math/rand/v2"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// RandomInputs are n frames of inputs: normal deviates rounded to float32, uniform
// indices, and masks of which as many are 0 as 1. The same generator gives the same
// frames.
func RandomInputs(m *ir.Model, rng *rand.Rand, n int) []eval.Frame {
	mask := masks(m)
	frames := make([]eval.Frame, n)
	for i := range frames {
		frames[i] = eval.Frame{}
		for _, in := range m.Inputs {
			values := make([]float64, in.Type.Len())
			for k := range values {
				switch {
				case in.Type.DType == ir.Index:
					values[k] = float64(rng.IntN(in.Type.Bound))
				case mask[in.Name]:
					values[k] = float64(rng.IntN(2))
				default:
					values[k] = float64(float32(rng.NormFloat64()))
				}
			}
			frames[i][in.Name] = values
		}
	}
	return frames
}

// masks are the values that say which frames of a cell count.
func masks(m *ir.Model) map[string]bool {
	mask := map[string]bool{}
	for _, n := range m.Nodes {
		if len(ir.StateNames(n.Op)) > 0 && len(n.Inputs) == 2 {
			mask[n.Inputs[1]] = true
		}
	}
	return mask
}
