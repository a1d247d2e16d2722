package verify

import (
	"math/rand/v2"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// RandomInputs are n frames of inputs: normal deviates rounded to float32, and
// uniform indices. The same generator gives the same frames.
func RandomInputs(m *ir.Model, rng *rand.Rand, n int) []eval.Frame {
	frames := make([]eval.Frame, n)
	for i := range frames {
		frames[i] = eval.Frame{}
		for _, in := range m.Inputs {
			values := make([]float64, in.Type.Len())
			for k := range values {
				if in.Type.DType == ir.Index {
					values[k] = float64(rng.IntN(in.Type.Bound))
				} else {
					values[k] = float64(float32(rng.NormFloat64()))
				}
			}
			frames[i][in.Name] = values
		}
	}
	return frames
}
