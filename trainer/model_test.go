package trainer

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/nn"
)

// foreignText is a model as an import makes it: names of its own, a tensor that
// shows a state, no biases of the GRU, a normalisation, and a softmax spelled out.
const foreignText = `model  "foreign"
input  x [3]
state  rnn.h [16]
param  rnn.weight_ih_l0 [48 3]
param  rnn.weight_hh_l0 [48 16]
param  norm.weight [16]
param  norm.bias [16]
param  fc.weight [4 16]
param  fc.bias [4]
node   rnn = GRU(x) weight_ih=rnn.weight_ih_l0 weight_hh=rnn.weight_hh_l0 h=rnn.h reset=after func=tanh
node   twice = Activation(rnn) func=affine alpha=2 beta=-0.5
node   norm = Normalize(twice) size=16 epsilon=1e-05
node   norm_weight = Constant() value=norm.weight
node   norm_scaled = Binary(norm, norm_weight) func=mul
node   norm_bias = Constant() value=norm.bias
node   norm_shifted = Binary(norm_scaled, norm_bias) func=add
node   fc = Linear(norm_shifted) weight=fc.weight bias=fc.bias
node   most = Reduce(fc) func=max size=4
node   most_spread = Pick(most) spans=0:4:0
node   below = Binary(fc, most_spread) func=sub
node   exp = Activation(below) func=exp
node   sum = Reduce(exp) func=sum size=4
node   log = Activation(sum) func=log
node   log_spread = Pick(log) spans=0:4:0
node   y = Binary(below, log_spread) func=sub
output y
tensor input x [1 1 3] time=0 (value=x)
tensor output rnn.hn [1 1 16] (state=rnn.h)
`

func foreign(t *testing.T) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(foreignText))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 5))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(r.NormFloat64()) / 4
		}
	}
	return m
}

// delayed are sequences whose class at each step is told by the input two steps
// before.
func delayed(n, steps int) (x, y Array) {
	r := rand.New(rand.NewPCG(1, 2))
	x, y = Array{Shape: []int{n, steps, 3}}, Array{Shape: []int{n, steps}}
	for range n {
		class := make([]int, steps+2)
		for t := range steps {
			a, b := r.NormFloat64(), r.NormFloat64()
			x.Data = append(x.Data, a, b, 1)
			if a > 0 {
				class[t+2]++
			}
			if b > 0 {
				class[t+2] += 2
			}
			y.Data = append(y.Data, float64(class[t]))
		}
	}
	return x, y
}

// TestTrainsModel fine-tunes a model of another origin on arrays while it is pruned:
// the graph stays as it is, and the network is better than one that is pruned at
// once.
func TestTrainsModel(t *testing.T) {
	m := foreign(t)
	x, y := delayed(200, 20)
	c, err := ArraysCorpus(m, x, y, 0, DataConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Task != Tag || c.Len(Train) != 160 || c.Len(Valid) != 20 || c.Len(Test) != 20 {
		t.Errorf("task %s of %d, %d and %d sequences", c.Task, c.Len(Train), c.Len(Valid), c.Len(Test))
	}
	lane8x8, err := sparse.ParsePattern("lane8x8")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Data: DataConfig{Task: c.Task, Paths: []string{"arrays"}}, Steps: 150, Streams: 16,
		Optimizer: OptimizerConfig{Rate: 0.01}, Pruning: PruningConfig{Density: 0.5, Pattern: lane8x8}}
	before := slices.Clone(m.Param("fc.weight").Data)
	r, err := Run(context.Background(), cfg, Options{Corpus: c, Model: m})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.Model.Nodes, m.Nodes) || !reflect.DeepEqual(r.Model.Tensors, m.Tensors) || len(r.Model.Params) != len(m.Params) {
		t.Error("the graph is another")
	}
	if !slices.Equal(m.Param("fc.weight").Data, before) {
		t.Error("the model that was given is changed")
	}
	if len(r.Pruned) != 3 || r.Pruned[0].Name != "rnn.weight_ih_l0" || r.Pruned[1].Density > 0.51 {
		t.Errorf("pruned %+v, want half of the three matrices, by their names in the model", r.Pruned)
	}
	again, err := Evaluate(context.Background(), r.Model, c, Test, 16)
	if err != nil {
		t.Fatal(err)
	}
	if again.Count != r.Test.Count || again.Value != r.Test.Value {
		t.Errorf("the result scores %v, want %v as the run says", again, r.Test)
	}
	if r.Test.Value < 0.6 {
		t.Errorf("%v of four classes, want to have learnt", r.Test)
	}
}

// TestFromModelIsTheGraph holds the network of a model of another origin against the
// interpreter: the logits are its logarithms of probabilities but for what is the same
// of all classes.
func TestFromModelIsTheGraph(t *testing.T) {
	m := foreign(t)
	stack, err := FromModel(m)
	if err != nil {
		t.Fatal(err)
	}
	x := speechFrames(9)
	y := stack.Forward(x, nn.Pass{}).Data
	graph, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Steps {
		frame := eval.Frame{"x": {float64(x.Data[3*i]), float64(x.Data[3*i+1]), float64(x.Data[3*i+2])}}
		out, err := graph.Step(frame)
		if err != nil {
			t.Fatal(err)
		}
		for k := 1; k < 4; k++ {
			got, want := float64(y[4*i+k]-y[4*i]), out["y"][k]-out["y"][0]
			// Some hundred roundings of 2^-24 of values of order 1.
			if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
				t.Fatalf("frame %d, class %d: network %v, graph %v", i, k, got, want)
			}
		}
	}
}

// TestFromModelListsAll holds that the error names every node that cannot be trained.
func TestFromModelListsAll(t *testing.T) {
	text := strings.Replace(foreignText, "node   fc = Linear(norm_shifted)", "node   odd = Activation(norm_shifted) func=erf\nnode   fc = Linear(odd)", 1)
	text = strings.Replace(text, "reset=after func=tanh", "reset=after func=tanh bound=3", 1)
	text = strings.Replace(text, "output y\n", "output exp\n", 1)
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
	}
	_, err = FromModel(m)
	for _, word := range []string{`node "rnn": GRU, which cannot be trained`, `node "odd": Activation, which`, `node "most": Reduce, which`, `node "below": Binary reads`} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want it to list …%s", err, word)
		}
	}
}

// TestArraysRefuses holds the errors of arrays that do not fit the model.
func TestArraysRefuses(t *testing.T) {
	m := foreign(t)
	zeros := func(shape ...int) Array {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return Array{shape, make([]float64, n)}
	}
	five := zeros(20, 4)
	five.Data[7] = 5
	for _, tc := range []struct {
		x, y Array
		want string
	}{
		{zeros(20, 4, 2), zeros(20), "x has shape [20 4 2], want [sequences steps 3]"},
		{zeros(20, 4, 3), zeros(20, 3), "y has shape [20 3], want [20] or [20 4] of classes, or [20 4 4]"},
		{zeros(20, 4, 3), five, "sequence 1: y holds 5, want whole numbers from 0 to 3"},
		{zeros(2, 4, 3), zeros(2), "valid part: 0 sequences"},
		{zeros(5, 3), zeros(5), "want at least a segment of 8"},
	} {
		if _, err := ArraysCorpus(m, tc.x, tc.y, 8, DataConfig{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want …%s", err, tc.want)
		}
	}
	c, err := ArraysCorpus(m, zeros(100, 3), zeros(100, 4), 8, DataConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Task != Frames || c.Len(Train)+c.Len(Valid)+c.Len(Test) != 12 {
		t.Errorf("one series is %s in %d, %d, %d pieces", c.Task, c.Len(Train), c.Len(Valid), c.Len(Test))
	}
}

// TestByteText numbers bytes by themselves.
func TestByteText(t *testing.T) {
	m, err := ByteText()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Encode("\x01a\xff\x00"); !slices.Equal(got, []int32{1, 'a', 255, 0}) || m.Vocabulary.Size() != 256 {
		t.Errorf("classes %v of %d, want the bytes of 256", got, m.Vocabulary.Size())
	}
}

// TestLoadCorpusFor reads other data of a task for a model that knows some of their
// units and labels: these keep their classes.
func TestLoadCorpusFor(t *testing.T) {
	read := func(lines string, like *Meta) (*Corpus, error) {
		path := filepath.Join(t.TempDir(), "names.tsv")
		if err := os.WriteFile(path, []byte(strings.Repeat(lines, 20)), 0o666); err != nil {
			t.Fatal(err)
		}
		return LoadCorpusFor(DataConfig{Task: Class, Paths: []string{path}}, 0, like)
	}
	first, err := read("b\tzyx\na\txy\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := first.Meta()
	if err != nil {
		t.Fatal(err)
	}
	like, err := ReadMeta(text)
	if err != nil {
		t.Fatal(err)
	}
	second, err := read("b\tqqqqzy\n", like)
	if err != nil {
		t.Fatal(err)
	}
	if second.Input != first.Input || second.Outputs != 2 || second.Vocabulary.Class("z") != first.Vocabulary.Class("z") || second.Vocabulary.Class("q") != 0 {
		t.Errorf("reads %+v and %d labels, want %+v and 2 as the model does", second.Input, second.Outputs, first.Input)
	}
	if got := second.parts[Train].set.Examples[0].Classes; !slices.Equal(got, []int32{1}) {
		t.Errorf("label b is %v, want 1 as in the model", got)
	}
	if _, err := read("c\tx\n", like); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("a label that the model does not know: got %v", err)
	}
	if _, err := LoadCorpusFor(DataConfig{Task: Text, GoRoot: "none"}, 0, like); err == nil || !strings.Contains(err.Error(), "want class of the model") {
		t.Errorf("another task: got %v", err)
	}
}
