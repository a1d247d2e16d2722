package trainer

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// speechNetwork is a network over recordings of 3 features and 5 characters, whose
// parameters are all of them drawn.
func speechNetwork(t *testing.T, c ModelConfig) *nn.Stack[float32] {
	t.Helper()
	c.Hidden = []int{6, 5}
	corpus := &Corpus{Task: CTC, Input: nn.InputKind{Width: 3}, Outputs: 6,
		FeatureScale: &data.Scale{Mean: []float32{1, -2, 3}, Deviation: []float32{2, 0.5, 1}}}
	stack, err := c.withDefaults().network(corpus)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	stack.Init(r)
	for _, p := range stack.Params() {
		if p.Momentum > 0 || layerSuffix(p.Name) == "factor" || layerSuffix(p.Name) == "shift" {
			for i := range p.Value {
				p.Value[i] = 0.5 + r.Float32()
			}
		}
	}
	return stack
}

// frames is a recording of the network.
func speechFrames(n int) *nn.Seq[float32] {
	r := rand.New(rand.NewPCG(6, 6))
	x := &nn.Seq[float32]{Steps: n, Streams: 1, Width: 3}
	for range 3 * n {
		x.Data = append(x.Data, 2*r.Float32()-1)
	}
	return x
}

// TestLayersOfSpeech: every form of network is the same function as its exported
// graph, and comes back from that as it was.
func TestLayersOfSpeech(t *testing.T) {
	for _, row := range []struct {
		name      string
		c         ModelConfig
		streaming bool
	}{
		{"gru", ModelConfig{}, true},
		{"bidirectional gru, layer norm", ModelConfig{Norm: "layer", Bidirectional: true}, false},
		{"clipped rnn, batch norm", ModelConfig{Cell: RNN, Func: "clipped-relu", Norm: "batch"}, true},
		{"bidirectional clipped rnn, batch norm, convolution", ModelConfig{Cell: RNN, Func: "clipped-relu", Norm: "batch", Bidirectional: true, Conv: []int{7, 4}}, false},
		{"convolution of a forward model", ModelConfig{Conv: []int{4}, ConvFrames: 3}, true},
		{"convolution of one frame", ModelConfig{Conv: []int{4}, ConvFrames: 1}, true},
		{"row convolution", ModelConfig{RowConv: 3, Norm: "layer"}, false},
		{"row convolution with delay", ModelConfig{RowConv: 3, Delay: true}, true},
		{"lstm with all", ModelConfig{Cell: LSTM, Conv: []int{4}, Norm: "batch", RowConv: 2, Dropout: 0.5}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			stack := speechNetwork(t, row.c)
			m, err := Export("m", stack)
			if err != nil {
				t.Fatal(err)
			}
			if m.Streaming() != row.streaming {
				t.Errorf("streaming is %t, want %t", m.Streaming(), row.streaming)
			}
			x := speechFrames(9)
			y := slices.Clone(stack.Forward(x, nn.Pass{}).Data)
			graph, err := eval.New(m)
			if err != nil {
				t.Fatal(err)
			}
			var frames []eval.Frame
			for at := 0; at < len(x.Data); at += 3 {
				frames = append(frames, eval.Frame{inputName: {float64(x.Data[at]), float64(x.Data[at+1]), float64(x.Data[at+2])}})
			}
			out, err := graph.Run(frames)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range y {
				// Some hundred roundings of 2^-24 of values of order 1.
				if want := out[i/6][m.Outputs[0]][i%6]; !(math.Abs(float64(got)-want) <= 1e-5*max(1, math.Abs(want))) {
					t.Fatalf("frame %d, output %d: network %v, graph %v", i/6, i%6, got, want)
				}
			}
			back, err := FromModel(m)
			if err != nil {
				t.Fatal(err)
			}
			if again := back.Forward(x, nn.Pass{}).Data; !slices.Equal(again, y) {
				t.Error("the network built from the graph has other outputs")
			}
			second, err := Export("m", back)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(second, m) {
				t.Error("exported again it is another graph")
			}
			for i, p := range back.Params() {
				q := stack.Params()[i]
				if p.Name != q.Name || p.Prunable != q.Prunable || p.Fixed != q.Fixed || p.Momentum != q.Momentum {
					t.Errorf("parameter %s comes back as %+v", q.Name, p)
				}
			}
		})
	}
}
