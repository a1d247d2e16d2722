package data

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Every source gives batches that a network of its kind takes, and an epoch of
// them scores as many targets as the source holds.
func TestNetworksTakeTheBatches(t *testing.T) {
	const hidden = 4
	lastStep := nn.Layer[float32](nn.NewLastStep[float32](hidden))
	for _, tc := range []struct {
		source string
		input  nn.InputKind
		output int
		loss   nn.Loss[float32]
		last   bool
		count  int
	}{
		{"text", nn.InputKind{Bound: 47}, 47, &nn.CrossEntropy[float32]{}, false, 44},
		{"frames", nn.InputKind{Width: 2}, 2, &nn.MSE[float32]{}, false, 45 * 2},
		{"labelled", nn.InputKind{Bound: 4700}, 47, &nn.CrossEntropy[float32]{}, true, 47},
		{"tagged", nn.InputKind{Bound: 4700}, 4700, &nn.CrossEntropy[float32]{}, false, 139},
		{"frame sequences", nn.InputKind{Width: 1}, 2, &nn.MSE[float32]{}, false, 139 * 2},
	} {
		width, layers := tc.input.Width, []nn.Layer[float32](nil)
		if width == 0 {
			width = 3
			layers = append(layers, nn.NewEmbedding[float32]("embed", tc.input.Bound, width))
		}
		layers = append(layers, nn.NewGRU[float32]("gru0", width, hidden, nn.ResetAfter, nn.Tanh, 0))
		if tc.last {
			layers = append(layers, lastStep)
		}
		layers = append(layers, nn.NewLinear[float32]("out", hidden, tc.output))
		model, err := nn.NewStack(tc.input, layers...)
		if err != nil {
			t.Fatal(err)
		}
		model.Init(rand.New(rand.NewPCG(1, 1)))
		p, source := nn.NewParallel(model, tc.loss, 2), sources(t)[tc.source]()
		var total nn.Tally
		var b nn.Batch[float32]
		for {
			err := source.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			tally, err := p.Step(&b, 1)
			if err != nil {
				t.Fatalf("%s: %v", tc.source, err)
			}
			total.Add(tally)
		}
		if total.Count != tc.count {
			t.Errorf("%s: %d targets, want %d", tc.source, total.Count, tc.count)
		}
	}
}
