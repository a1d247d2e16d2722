package compiler

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/lower"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
)

// drawn parses a graph and fills it with normal weights.
func drawn(t *testing.T, text string) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	fill(m, 1, rand.New(rand.NewPCG(2, 2)))
	return m
}

// TestTensorReadInTwoGateShapes: a Linear and a GRU read one tensor, in one and
// in three gate blocks. Their entries in the plan had one name, so that the
// plan was refused when it was read back.
func TestTensorReadInTwoGateShapes(t *testing.T) {
	for _, hidden := range []string{"8 24", "16 48"} {
		h, rows, _ := strings.Cut(hidden, " ")
		m := drawn(t, strings.NewReplacer("HIDDEN", h, "ROWS", rows).Replace(`model "m"
input x [7]
state h [HIDDEN]
param w [ROWS 7]
param u [ROWS HIDDEN]
node y = Linear(x) weight=w
node g = GRU(x) weight_ih=w weight_hh=u h=h reset=before func=tanh
output y
output g
`))
		p, err := Lower(context.Background(), m, Options{Pass: small})
		if err != nil {
			t.Fatal(err)
		}
		if p.Plan.Entry("w") == nil || p.Plan.Entry("w[0:"+rows+"]/"+h) == nil {
			t.Errorf("the plan names %v", p.Plan.Matrices)
		}
		text, err := p.Plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		plan, err := schedule.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		in := inputs(m, 4, 1)
		compareFrames(t, execute(t, m, Options{Pass: small, Plan: plan}, in), run(t, m, in), programTolerance)
	}
}

// TestTensorsNamedLikeParts: constants and matrices that lowering makes had a
// space of names with the tensors, and the wrong one was taken.
func TestTensorsNamedLikeParts(t *testing.T) {
	m := drawn(t, `model "m"
input x [4]
state h [4]
state r [4] init="zeros[16]"
param "zeros[16]" [4]
param w [12 4]
param u [12 4]
param "u[0:8]" [8 4]
param v [4 4]
param b [12]
param "b[0:12] in blocks of 16" [4]
param "b + c" [4]
param d [4]
param c [4]
param "c + d" [4]
node g = GRU(x) weight_ih=w weight_hh=u bias_ih=b h=h reset=before func=tanh
node p = RNN(x) weight_ih=v weight_hh=v bias_ih="b + c" bias_hh=d h=r func=tanh
node a = Linear(x) weight="u[0:8]"
node e = Linear(g) weight=v bias="b[0:12] in blocks of 16"
node i = Linear(p) weight=v bias=c
node o = Linear(x) weight=v bias="c + d"
output a
output e
output i
output o
`)
	in := inputs(m, 4, 1)
	want := run(t, m, in)
	compareFrames(t, execute(t, m, Options{Pass: small}, in), want, programTolerance)

	// Lowering without the passes has to sum biases itself.
	plan, err := schedule.Choose(m, schedule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := lower.Lower(m, plan)
	if err != nil {
		t.Fatal(err)
	}
	compareFrames(t, steps(t, p, in), want, programTolerance)
}

// TestFoldsThatOverflow: sums of finite biases that are not finite were taken
// for a bug of the pass.
func TestFoldsThatOverflow(t *testing.T) {
	m := drawn(t, `model "m"
input x [3]
state h [2]
param w [2 3]
param u [2 2]
param b [2]
param c [2]
param one [2 3]
param big [2]
param v [4 2]
param d [4]
node r = RNN(x) weight_ih=w weight_hh=u bias_ih=b bias_hh=c h=h func=tanh
node k = Linear(x) weight=one bias=big
node y = Linear(k) weight=v bias=d
output r
output y
`)
	for name, v := range map[string]float32{"b": 3e38, "c": 3e38, "one": 0, "big": 3e38, "v": 2} {
		data := m.Param(name).Data
		for i := range data {
			data[i] = v
		}
	}
	if _, _, err := pass.Run(m, pass.Options{}); err != nil {
		t.Error(err)
	}
}
