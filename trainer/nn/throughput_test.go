package nn_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/sparsec/sparsec/trainer/gemm"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
)

// Characters per second of a character GRU, all of a training step included: the
// pass, clipping and Adam. The products are single-threaded, one per worker. The
// pruned one keeps a tenth of its weights for good; its products are dense, and sparse.
func BenchmarkTrainGRU256(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) { trainGRU256(b, workers, 1, 0) })
	}
	b.Run("pruned/dense", func(b *testing.B) { trainGRU256(b, 1, 0.1, 0) })
	b.Run("pruned/sparse", func(b *testing.B) { trainGRU256(b, 1, 0.1, 0.2) })
}

func trainGRU256(b *testing.B, workers int, density, sparseBelow float64) {
	const vocabulary, embed, hidden, steps, streams = 100, 64, 256, 64, 32
	was := blas32.Implementation()
	defer blas32.Use(was)
	gemm.Register(1)
	r := rand.New(rand.NewPCG(1, 1))
	model, err := nn.NewStack(nn.InputKind{Bound: vocabulary},
		nn.Layer[float32](nn.NewEmbedding[float32]("embed", vocabulary, embed)),
		nn.Layer[float32](nn.NewGRU[float32]("gru0", embed, hidden, nn.ResetAfter, nn.Tanh, 0)),
		nn.Layer[float32](nn.NewLinear[float32]("out", hidden, vocabulary)))
	if err != nil {
		b.Fatal(err)
	}
	model.Init(r)
	batch := &nn.Batch[float32]{
		Input:  nn.Seq[float32]{Steps: steps, Streams: streams},
		Target: nn.Seq[float32]{Steps: steps, Streams: streams},
		Carry:  true,
	}
	for range steps * streams {
		batch.Input.Index = append(batch.Input.Index, int32(r.IntN(vocabulary)))
		batch.Target.Index = append(batch.Target.Index, int32(r.IntN(vocabulary)))
	}
	p := nn.NewParallel(model, nn.Loss[float32](&nn.CrossEntropy[float32]{}), workers)
	p.SparseBelow, p.ZerosStay = sparseBelow, density < 1
	o := optim.NewAdam(model.Params(), optim.AdamConfig{})
	pruned := func(i int) bool { return uint32(i)*2654435761>>8&0xffff >= uint32(density*0x10000) }
	for b.Loop() {
		for _, q := range model.Params() {
			for i := range q.Value {
				if q.Prunable && pruned(i) {
					q.Value[i] = 0
				}
			}
		}
		if _, err := p.Step(batch, 1); err != nil {
			b.Fatal(err)
		}
		optim.ClipGlobalNorm(model.Params(), 1)
		o.Step(1e-3)
	}
	b.ReportMetric(float64(steps*streams*b.N)/b.Elapsed().Seconds(), "chars/s")
}
