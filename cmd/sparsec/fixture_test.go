package main

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

var update = flag.Bool("update", false, "write golden files, testdata/*.ckpt and generated/* anew")

// fixture is a small model: a checkpoint in testdata and a package in generated.
type fixture struct {
	name    string
	graph   string // text form
	pattern string
	density float64
	rules   []string
	alter   func(*ir.Model) // after pruning; nil for nothing
	flags   []string        // of compile
}

// fixtures cover the strategies and ops of compiled packages; sizes that are no
// multiple of a vector are wanted.
var fixtures = []fixture{
	{name: "gru", pattern: "element", density: 0.1, graph: `
model "gru"
input x index[61]
state gru0.h [48]
param embed.weight [61 24]
param gru0.weight_ih [144 24]
param gru0.weight_hh [144 48]
param gru0.bias_ih [144]
param gru0.bias_hh [144]
param out.weight [61 48]
param out.bias [61]
node embed = Embedding(x) weight=embed.weight
node gru0 = GRU(embed) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_ih=gru0.bias_ih bias_hh=gru0.bias_hh h=gru0.h reset=after func=tanh
node out = Linear(gru0) weight=out.weight bias=out.bias
output out
`},
	{name: "grulane", pattern: "lane8x8", density: 0.125, flags: []string{"-strategy=gru0.*=window"}, graph: `
model "grulane"
input x [32]
state gru0.h [64]
param gru0.weight_ih [192 32]
param gru0.weight_hh [192 64]
param gru0.bias_ih [192]
param gru0.bias_hh [192]
node gru0 = GRU(x) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_ih=gru0.bias_ih bias_hh=gru0.bias_hh h=gru0.h reset=after func=tanh
output gru0
`},
	{name: "grublock", pattern: "block8x1", density: 0.15, rules: []string{"gru0.weight_hh[z]=0.3"}, flags: []string{"-strategy=gru0.*=block8"}, graph: `
model "grublock"
input x [20]
state gru0.h [40]
param gru0.weight_ih [120 20]
param gru0.weight_hh [120 40]
param gru0.bias_ih [120]
param gru0.bias_hh [120]
param out.weight [16 40]
node gru0 = GRU(x) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_ih=gru0.bias_ih bias_hh=gru0.bias_hh h=gru0.h reset=after func=tanh
node out = Linear(gru0) weight=out.weight
node y = Activation(out) func=sigmoid
output y
`},
	{name: "lstm", pattern: "element", density: 0.2, graph: `
model "lstm"
input x [17]
state lstm0.h [33]
state lstm0.c [33]
param lstm0.weight_ih [132 17]
param lstm0.weight_hh [132 33]
param lstm0.bias_ih [132]
param lstm0.bias_hh [132]
param out.weight [5 33]
param out.bias [5]
node lstm0 = LSTM(x) weight_ih=lstm0.weight_ih weight_hh=lstm0.weight_hh bias_ih=lstm0.bias_ih bias_hh=lstm0.bias_hh h=lstm0.h c=lstm0.c
node out = Linear(lstm0) weight=out.weight bias=out.bias
node y = Softmax(out)
output y
`},
	{name: "rnnclipped", pattern: "element", density: 0.15, graph: `
model "rnnclipped"
input x [13]
state rnn0.h [37]
state rnn1.h [29]
param rnn0.weight_ih [37 13]
param rnn0.weight_hh [37 37]
param rnn0.bias_ih [37]
param rnn1.weight_ih [29 37]
param rnn1.weight_hh [29 29]
param rnn1.bias_ih [29]
node rnn0 = RNN(x) weight_ih=rnn0.weight_ih weight_hh=rnn0.weight_hh bias_ih=rnn0.bias_ih h=rnn0.h func=clipped_relu clip=20
node rnn1 = RNN(rnn0) weight_ih=rnn1.weight_ih weight_hh=rnn1.weight_hh bias_ih=rnn1.bias_ih h=rnn1.h func=clipped_relu clip=20
output rnn1
`},
	{name: "dense", pattern: "dense", density: 1, graph: `
model "dense"
input x [24]
state gru0.h [24]
param gru0.weight_ih [72 24]
param gru0.weight_hh [72 24]
param gru0.bias_ih [72]
param gru0.bias_hh [72]
node gru0 = GRU(x) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_ih=gru0.bias_ih bias_hh=gru0.bias_hh h=gru0.h reset=after func=tanh
output gru0
`},
	{name: "tagger", pattern: "element", density: 0.3, graph: `
model "tagger"
input x index[32]
input counts [1]
state forward.h [16]
state backward.h [16]
state backward.c [16]
param embed.weight [32 12]
param forward.weight_ih [48 12]
param forward.weight_hh [48 16]
param forward.bias_ih [48]
param forward.bias_hh [48]
param backward.weight_ih [64 12]
param backward.weight_hh [64 16]
param backward.bias_ih [64]
param backward.bias_hh [64]
param out.weight [7 32]
param out.bias [7]
node embed = Embedding(x) weight=embed.weight
node forward = GRU(embed, counts) weight_ih=forward.weight_ih weight_hh=forward.weight_hh bias_ih=forward.bias_ih bias_hh=forward.bias_hh h=forward.h reset=after func=tanh
node backward = LSTM(embed, counts) weight_ih=backward.weight_ih weight_hh=backward.weight_hh bias_ih=backward.bias_ih bias_hh=backward.bias_hh h=backward.h c=backward.c direction=reverse
node both = Concat(forward, backward)
node out = Linear(both) weight=out.weight bias=out.bias
node y = Softmax(out)
output y
tensor output forward.h [16] (state=forward.h)
tensor output backward.h [16] (state=backward.h)
`},
	{name: "holes", pattern: "element", density: 0.3, alter: punchHoles, graph: `
model "holes"
input x [19]
state gru0.h [27]
param gru0.weight_ih [81 19]
param gru0.weight_hh [81 27]
param gru0.bias_ih [81]
param out.weight [11 27]
node gru0 = GRU(x) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_ih=gru0.bias_ih h=gru0.h reset=before func=relu
node out = Linear(gru0) weight=out.weight
output out
`},
}

// punchHoles empties every fifth row and every seventh column of each matrix.
func punchHoles(m *ir.Model) {
	for _, p := range m.Params {
		if len(p.Shape) != 2 {
			continue
		}
		cols := p.Shape[1]
		for i := range p.Data {
			if i/cols%5 == 2 || i%cols%7 == 3 {
				p.Data[i] = 0
			}
		}
	}
}

func findFixture(name string) *fixture {
	for i := range fixtures {
		if fixtures[i].name == name {
			return &fixtures[i]
		}
	}
	return nil
}

// model draws the weights from U(−1/√n, 1/√n), n the columns, and prunes them.
func (f *fixture) model() (*ir.Model, error) {
	m, err := ir.Parse(strings.NewReader(f.graph))
	if err != nil {
		return nil, err
	}
	for _, p := range m.Params {
		fill(p)
	}
	o := prune.Options{Density: f.density}
	if o.Pattern, err = sparse.ParsePattern(f.pattern); err != nil {
		return nil, err
	}
	if o.Rules, err = parseRules(f.rules); err != nil {
		return nil, err
	}
	if _, err := prune.Once(o, pruningParams(m)); err != nil {
		return nil, err
	}
	if f.alter != nil {
		f.alter(m)
	}
	return m, m.Verify()
}

// fill draws the numbers of a tensor from a stream of its own name.
func fill(p *ir.Param) {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	rng := rand.New(rand.NewPCG(1, h.Sum64()))
	bound := 0.25
	if len(p.Shape) == 2 {
		bound = 1 / math.Sqrt(float64(p.Shape[1]))
	}
	p.Data = make([]float32, p.Len())
	for i := range p.Data {
		p.Data[i] = float32(bound * (2*rng.Float64() - 1))
	}
}

// encode is the checkpoint.
func (f *fixture) encode() ([]byte, error) {
	m, err := f.model()
	if err != nil {
		return nil, fmt.Errorf("fixture %s: %w", f.name, err)
	}
	var b bytes.Buffer
	err = ckpt.Encode(&b, m, map[string]string{"origin": "random weights, pruned at once to " + f.pattern})
	return b.Bytes(), err
}

// path of the checkpoint, seen from this folder.
func (f *fixture) path() string { return filepath.Join("..", "..", "testdata", f.name+".ckpt") }

// TestCheckpoints holds the checkpoints in testdata; with -update it writes them.
func TestCheckpoints(t *testing.T) {
	for i := range fixtures {
		f := &fixtures[i]
		want, err := f.encode()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(f.path(), want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(f.path())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, not what the fixture makes (%d bytes); run go test ./cmd/sparsec -update", f.path(), len(got), len(want))
		}
	}
}
