package trainer

import (
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/nn"
)

// What pruning adds to a step of a GRU of 512 units: masking after every update,
// and a mask made anew, as happens every [PruningConfig.Freq] steps. The step
// itself is some hundred milliseconds (BenchmarkTrainGRU256 of package nn has a
// quarter of the weights).
func BenchmarkPruningGRU512(b *testing.B) {
	const vocabulary, embed, hidden, total = 100, 64, 512, 1000
	c := PruningConfig{Density: 0.1, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}, Freq: 100}.withDefaults()
	model, err := nn.NewStack(nn.InputKind{Bound: vocabulary},
		nn.Layer[float32](nn.NewEmbedding[float32]("embed", vocabulary, embed)),
		nn.Layer[float32](nn.NewGRU[float32]("gru0", embed, hidden, nn.ResetAfter, nn.Tanh, 0)),
		nn.Layer[float32](nn.NewLinear[float32]("out", hidden, vocabulary)))
	if err != nil {
		b.Fatal(err)
	}
	model.Init(rand.New(rand.NewPCG(1, 1)))
	params := pruneParams(model.Params())
	pruner, settled, err := c.pruner(params, total, total)
	if err != nil {
		b.Fatal(err)
	}
	for name, step := range map[string]int{"mask": settled - 1, "choose": settled} {
		b.Run(name, func(b *testing.B) {
			if due := pruner.Due(step); due != (name == "choose") {
				b.Fatalf("masks are made at step %d: %v", step, due)
			}
			for b.Loop() {
				if err := pruner.AfterStep(step, params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
