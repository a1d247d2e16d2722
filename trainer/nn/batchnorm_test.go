package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBatchNormFollows: what is measured in training, without padding, is what
// counts afterwards, however the streams are spread over workers.
func TestBatchNormFollows(t *testing.T) {
	const in, classes, steps, streams = 3, 4, 5, 4
	for _, workers := range []int{1, 2, 4} {
		l := NewBatchNorm[float64]("bn", in, 1e-5)
		model := mustStack(t, InputKind{Width: in}, Layer[float64](l), Layer[float64](NewLinear[float64]("out", in, classes)))
		b := vectorBatch[float64](rand.New(rand.NewPCG(1, 2)), steps, streams, in, steps, classes)
		b.Input.Lengths = []int32{steps, 1, 3, steps}
		maskPadding(b)
		for i := range b.Input.Data {
			if i/in/streams >= b.Input.length(i/in%streams) {
				b.Input.Data[i] = 1000 // padding
			} else {
				b.Input.Data[i] = 2*b.Input.Data[i] + float64(i%in)
			}
		}
		// A worker measures its streams; each counts by its share of them.
		mean, variance := make([]float64, in), make([]float64, in)
		for w := range workers {
			x := Seq[float64]{}
			x.takeStreams(&b.Input, w*streams/workers, (w+1)*streams/workers)
			probe := NewBatchNorm[float64]("probe", in, 1e-5)
			probe.Forward(&x, Pass{Train: true})
			for j := range in {
				mean[j] += probe.mean[j] / float64(workers)
				variance[j] += probe.variance[j] / float64(workers)
			}
		}
		p := NewParallel(model, Loss[float64](&CrossEntropy[float64]{}), workers)
		for range 300 { // 0.9^300 is 2e-14
			if _, err := p.Step(b, 0); err != nil {
				t.Fatal(err)
			}
		}
		for j := range in {
			if math.Abs(l.Mean.Value[j]-mean[j]) > 1e-9 || math.Abs(l.Variance.Value[j]-variance[j]) > 1e-9 || math.Abs(mean[j]-float64(j)) > 2 {
				t.Errorf("%d workers: element %d follows to mean %v and variance %v, want %v and %v", workers, j, l.Mean.Value[j], l.Variance.Value[j], mean[j], variance[j])
			}
		}
		if workers > 1 {
			continue
		}
		trained, err := p.Step(b, 0)
		if err != nil {
			t.Fatal(err)
		}
		after, err := p.Evaluate(b)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(trained.Loss-after.Loss) > 1e-9*trained.Loss {
			t.Errorf("a batch that has been followed has the loss %v in training, %v afterwards", trained.Loss, after.Loss)
		}
	}
}
