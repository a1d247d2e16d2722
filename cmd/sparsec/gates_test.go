package main

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/prune"
)

// TestPruningParams prunes a graph as an import makes it: the rows of a convolution
// are a matrix, constants of any rank stay as they are, and rules name gates.
func TestPruningParams(t *testing.T) {
	m, err := ir.Parse(strings.NewReader(`model  "m"
input  x [8]
state  h [4]
param  conv [2 4]
param  scalar []
param  cube [2 2 1]
param  ih [12 4]
param  hh [12 4]
node   rows = Linear(x) weight=conv rows=2
node   s = Constant() value=scalar
node   c = Constant() value=cube
node   sum = Binary(rows, c) func=add
node   gru = GRU(sum) weight_ih=ih weight_hh=hh h=h reset=after func=tanh
node   y = Concat(gru, s)
output y
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(i + 1)
		}
	}
	rules, err := parseRules([]string{"hh[z]=dense"})
	if err != nil {
		t.Fatal(err)
	}
	reports, err := prune.Once(prune.Options{Density: 0.5, Rules: rules}, pruningParams(m))
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]int{}
	for _, r := range reports {
		kept[r.Name] = r.Kept
	}
	if kept["conv"] != 4 || kept["ih"] != 24 || kept["hh"] != 16+16 || len(kept) != 3 {
		t.Errorf("kept %v, want half of conv and ih, and of hh a gate and half of the others", kept)
	}
}
