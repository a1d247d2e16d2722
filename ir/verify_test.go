package ir

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestVerifySoundModel(t *testing.T) {
	if err := chargru(t).Verify(); err != nil {
		t.Error(err)
	}
	if err := parse(t, chargruText).Verify(); err != nil {
		t.Errorf("without data: %v", err)
	}
	if err := chargru(t).Filled(); err != nil {
		t.Error(err)
	}
	if err := parse(t, chargruText).Filled(); len(faultsOf(err)) != 11 {
		t.Errorf("a graph without data: %v, want the 11 tensors", err)
	}
}

func TestInfer(t *testing.T) {
	types, err := chargru(t).Infer()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Type{
		"x": IndexOf(98), "side channel": Vector(8), "embed": Vector(6), "both": Vector(14),
		"gru0": Vector(16), "lstm": Vector(5), "rnn": Vector(4), "joined": Vector(9),
		"head": Vector(7), "half": Vector(7), "gated": Vector(7), "p": Vector(7),
	}
	if !reflect.DeepEqual(types, want) {
		t.Errorf("got  %v\nwant %v", types, want)
	}
}

func TestStreaming(t *testing.T) {
	m := chargru(t)
	if m.Streaming() {
		t.Error("a model with a reversed node is streaming")
	}
	rnn := m.Node("rnn")
	o := rnn.Op.(RNN)
	o.Direction = Forward
	rnn.Op = o
	if !m.Streaming() {
		t.Error("a model without a reversed node is not streaming")
	}
}

// TestVerifyFaults breaks the sound model in one place a row and wants just
// the faults of that place.
func TestVerifyFaults(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		name  string
		spoil func(m *Model)
		want  []string
	}{
		{"wrong shape", func(m *Model) { resize(m, "gru0.weight_hh", 48, 15) },
			[]string{`tensor "gru0.weight_hh": shape [48 15], want [48 16]`}},
		{"wrong rank", func(m *Model) { resize(m, "head.weight", 63) },
			[]string{`tensor "head.weight": shape [63], want [n 9]`}},
		{"bias of another size", func(m *Model) { resize(m, "head.bias", 8) },
			[]string{`tensor "head.bias": shape [8], want [7]`}},
		{"embedding of another bound", func(m *Model) { m.Inputs[0].Type.Bound = 97 },
			[]string{`tensor "embed.weight": shape [98 6], want [97 n]`}},
		{"two faults at once", func(m *Model) { resize(m, "gru0.bias_hh", 47); m.Outputs[0] = "q" },
			[]string{`tensor "gru0.bias_hh": shape [47], want [48]`, `output "q": is not defined`}},
		{"missing parameter", func(m *Model) { m.Params[10].Name = "head.b" },
			[]string{`node "head": bias: parameter "head.bias" is not defined`, `tensor "head.b": no node uses it`}},
		{"required parameter left out", func(m *Model) { setOp(m, "head", Linear{Bias: "head.bias"}) },
			[]string{`node "head": weight: parameter "" is not defined`, `tensor "head.weight": no node uses it`}},
		{"missing state", func(m *Model) { m.States[2].Name = "lstm.x" },
			[]string{`node "lstm": c: state "lstm.c" is not defined`, `state "lstm.x": no node uses it`}},
		{"states of two sizes", func(m *Model) { m.States[2].Size = 6 },
			[]string{`node "lstm": states "lstm.h" [5] and "lstm.c" [6] differ in size`}},
		{"state of two nodes", func(m *Model) {
			o := m.Node("gru0").Op.(GRU)
			m.Nodes = append(m.Nodes, Node{Name: "gru1", Op: o, Inputs: []string{"both"}})
		}, []string{`state "gru0.h": used by node "gru0" and by node "gru1", want one`}},
		{"state twice in a node", func(m *Model) {
			o := m.Node("lstm").Op.(LSTM)
			o.C = "lstm.h"
			setOp(m, "lstm", o)
		}, []string{`state "lstm.h": used by node "lstm" and by node "lstm", want one`, `state "lstm.c": no node uses it`}},
		{"missing initial value", func(m *Model) { m.States[0].Init = "zero" },
			[]string{`state "gru0.h": init: parameter "zero" is not defined`, `tensor "gru0.h0": no node uses it`}},
		{"initial value of another size", func(m *Model) { resize(m, "gru0.h0", 15) },
			[]string{`tensor "gru0.h0": shape [15], want [16] of state "gru0.h"`}},
		{"undefined input", func(m *Model) { m.Node("half").Inputs[0] = "body" },
			[]string{`node "half": input "body" is not defined`}},
		{"later node", func(m *Model) { m.Nodes[0], m.Nodes[1] = m.Nodes[1], m.Nodes[0] },
			[]string{`node "both": input "embed" is a later node, want topological order`}},
		{"own value", func(m *Model) { m.Node("half").Inputs[0] = "half" },
			[]string{`node "half": reads its own value`, `cycle through node "half"`}},
		{"cycle", func(m *Model) { m.Node("half").Inputs[0] = "gated" },
			[]string{`node "half": input "gated" is a later node, want topological order`, `cycle through node "half", "gated"`}},
		{"index into Linear", func(m *Model) { m.Node("joined").Inputs[1] = "x" },
			[]string{`node "joined": input "x" is index[98]; only Embedding reads an index`}},
		{"vector into Embedding", func(m *Model) { m.Node("embed").Inputs[0] = "side channel" },
			[]string{`node "embed": input "side channel" has shape [8], want an index`}},
		{"matrix into Softmax", func(m *Model) { m.Inputs[1].Type.Shape = []int{2, 4} },
			[]string{`node "both": input "side channel" has shape [2 4], want a vector`}},
		{"too few inputs", func(m *Model) { m.Node("gated").Inputs = []string{"head"} },
			[]string{`node "gated": Binary has 1 inputs, want 2`}},
		{"no input", func(m *Model) { m.Node("both").Inputs = nil },
			[]string{`node "both": Concat has 0 inputs, want at least 1`}},
		{"shapes that differ", func(m *Model) { m.Node("gated").Inputs[1] = "rnn" },
			[]string{`node "gated": inputs "head" [7] and "rnn" [4] differ in shape`}},
		{"GRU with a square root", func(m *Model) {
			o := m.Node("gru0").Op.(GRU)
			o.Func, o.Gate = Sqrt, "hard_sigmoid:1"
			setOp(m, "gru0", o)
		}, []string{`node "gru0": func sqrt, want ` + oneOf(cellFuncs), `node "gru0": function "hard_sigmoid:1" has 1 numbers, want 2`}},
		{"clip of 0", func(m *Model) { setOp(m, "half", Activation{Func: ClippedReLU}) },
			[]string{`node "half": clip 0, want a finite number above 0`}},
		{"clip NaN", func(m *Model) { setOp(m, "half", Activation{Func: ClippedReLU, Clip: nan}) },
			[]string{`node "half": clip NaN, want a finite number above 0`}},
		{"clip without clipping", func(m *Model) { setOp(m, "half", Activation{Func: ReLU, Clip: 3}) },
			[]string{`node "half": clip 3 with func relu, want none`}},
		{"word out of range", func(m *Model) { setOp(m, "half", Activation{Func: 99}) },
			[]string{fmt.Sprintf("node \"half\": func is 99, want one of %q", funcWords)}},
		{"no op", func(m *Model) { m.Node("half").Op = nil },
			[]string{`node "half": has no op`}},
		{"op by pointer", func(m *Model) { m.Node("half").Op = &Activation{} },
			[]string{`node "half": op is a *ir.Activation, want one of this package's ops by value`}},
		{"node twice", func(m *Model) { m.Nodes = append(m.Nodes, Node{"p", Softmax{}, []string{"head"}}) },
			[]string{`node "p": defined twice`}},
		{"node named as an input", func(m *Model) { m.Nodes = append(m.Nodes, Node{"x", Softmax{}, []string{"head"}}) },
			[]string{`node "x": the name is taken by an input`}},
		{"tensor twice", func(m *Model) { m.Params = append(m.Params, m.Params[0]) },
			[]string{`tensor "embed.weight": defined twice`}},
		{"tensor nil", func(m *Model) { m.Params = append(m.Params, nil) },
			[]string{`parameter 11 is nil`}},
		{"no name", func(m *Model) { m.Nodes = append(m.Nodes, Node{"", Softmax{}, []string{"head"}}) },
			[]string{`a node has no name`}},
		{"name not UTF-8", func(m *Model) { m.Nodes = append(m.Nodes, Node{"a\xff", Softmax{}, []string{"head"}}) },
			[]string{`node "a\xff": name is not UTF-8`}},
		{"unused tensor", func(m *Model) { m.Params = append(m.Params, &Param{"spare", []int{1}, []float32{0}}) },
			[]string{`tensor "spare": no node uses it`}},
		{"unused state", func(m *Model) { m.States = append(m.States, State{Name: "spare", Size: 1}) },
			[]string{`state "spare": no node uses it`}},
		{"state of size 0", func(m *Model) { m.States[3].Size = 0 },
			[]string{`state "rnn.h": shape [0] has dimension 0, want at least 1`}},
		{"state beyond all", func(m *Model) { m.States[3].Size = math.MaxInt32 },
			[]string{`state "rnn.h": shape [2147483647] has more than 268435456 elements`}},
		{"product that overflows", func(m *Model) { m.Param("head.weight").Shape = []int{1 << 28, 1 << 28} },
			[]string{`tensor "head.weight": shape [268435456 268435456] has more than 268435456 elements`}},
		{"negative dimension", func(m *Model) { m.Param("head.weight").Shape = []int{-7, 9} },
			[]string{`tensor "head.weight": shape [-7 9] has dimension -7, want at least 1`}},
		{"too many dimensions", func(m *Model) { m.Param("head.weight").Shape = make([]int, 17) },
			[]string{`tensor "head.weight": shape has 17 dimensions, want at most 16`}},
		{"input of size 0", func(m *Model) { m.Inputs[1].Type.Shape[0] = 0 },
			[]string{`input "side channel": shape [0] has dimension 0, want at least 1`}},
		{"bound of 0", func(m *Model) { m.Inputs[0].Type.Bound = 0 },
			[]string{`input "x": index bound 0, want 1 to 268435456`}},
		{"no output", func(m *Model) { m.Outputs = nil },
			[]string{`the model has no output`}},
		{"output twice", func(m *Model) { m.Outputs = []string{"p", "p"} },
			[]string{`output "p": listed twice`}},
		{"index as output", func(m *Model) { m.Outputs = []string{"p", "x"} },
			[]string{`output "x": is an index, want float32`}},
		{"no data in one", func(m *Model) { m.Param("head.bias").Data = nil },
			[]string{`tensor "head.bias": has no data`}},
		{"too little data", func(m *Model) { m.Param("head.bias").Data = []float32{1} },
			[]string{`tensor "head.bias": 1 numbers for shape [7], want 7`}},
		{"NaN weights", func(m *Model) { m.Param("head.weight").Data[3*9+2] = nan; m.Param("head.weight").Data[62] = nan },
			[]string{`tensor "head.weight": element [3 2] is NaN, want a finite number (2 of 63 are not)`}},
		{"infinite weight", func(m *Model) { m.Param("head.bias").Data[6] = float32(math.Inf(-1)) },
			[]string{`tensor "head.bias": element [6] is -Inf, want a finite number (1 of 7 are not)`}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := chargru(t)
			tc.spoil(m)
			got := faultsOf(m.Verify())
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tc.want, "\n\t"))
			}
		})
	}
}

func TestVerifyEmptyModel(t *testing.T) {
	if got := faultsOf((&Model{}).Verify()); !reflect.DeepEqual(got, []string{"the model has no output"}) {
		t.Errorf("got %q", got)
	}
}

// TestVerifyLongGraph holds the time of the search for cycles to one that
// grows with the graph: a chain of nodes in the wrong order.
func TestVerifyLongGraph(t *testing.T) {
	const n = 20000
	m := &Model{Outputs: []string{"n0"}}
	for i := range n {
		m.Nodes = append(m.Nodes, Node{nodeName(i), Softmax{}, []string{nodeName((i + 1) % n)}})
	}
	got := faultsOf(m.Verify())
	if len(got) != n || !strings.HasPrefix(got[n-1], `cycle through node "n0"`) {
		t.Errorf("%d faults, want %d, the last a cycle", len(got), n)
	}
}

func nodeName(i int) string { return fmt.Sprint("n", i) }

func faultsOf(err error) []string {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var texts []string
	for _, e := range joined.Unwrap() {
		texts = append(texts, e.Error())
	}
	return texts
}

func resize(m *Model, param string, shape ...int) {
	p := m.Param(param)
	p.Shape = shape
	p.Data = make([]float32, p.Len())
}

func setOp(m *Model, node string, op Op) { m.Node(node).Op = op }

// TestVerifyImported breaks a model with the ops that only importers make.
func TestVerifyImported(t *testing.T) {
	const sound = `model m
input x [6]
input mask [1]
state s [2]
state h [1]
param w [2 3]
param k [6]
param wi [1 6]
param wh [1 1]
node old = Recall() state=s
node part = Linear(x) weight=w rows=2
node sum = Reduce(part) func=sum size=2
node new = Binary(old, sum) func=add
node kept = Store(new) state=s
node back = Pick(x) spans=5:6:-1
node c = Constant() value=k
node y = Binary(back, c) func=mul
node r = RNN(y, mask) weight_ih=wi weight_hh=wh h=h func=tanh
output kept
output r
tensor input X [2 3] time=0 (value=x)
tensor input lens [1] (length=mask)
tensor input s0 [1 2] (state=s)
tensor output Y [2] time=0 (value=kept)
tensor output H [1] (first=r)
`
	if err := parse(t, sound).Verify(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ old, new, want string }{
		{"rows=2", "rows=4", `node "part": input "x" has 6 elements, want a multiple of 4 rows`},
		{"size=2", "size=3", `node "sum": input "part" has 4 elements, want a multiple of 3`},
		{"5:6:-1", "5:7:-1", `node "back": span 5:7:-1 leaves a vector of 6`},
		{"5:6:-1", "5/6", `node "back": span "5", want FROM:COUNT or FROM:COUNT:STEP`},
		{"input mask [1]", "input mask [2]", `node "r": input "mask" has 2 elements, want 1 that says whether the frame counts`},
		{"Store(new) state=s", "Store(x) state=s", `node "kept": input "x" has 6 elements, want 2 of state "s"`},
		{"node kept = Store(new) state=s", "node kept = Activation(new) func=relu", `node "old": no later node stores state "s"`},
		{"node new = Binary(old, sum) func=add", "node early = Ahead(sum) by=1\nnode new = Binary(old, early) func=add",
			`node "early": reads ahead, between the nodes that recall and store state "s"`},
		{"X [2 3]", "X [2 4]", `input tensor "X": parts have 6 elements, want 8 of shape [2 4]`},
		{"(state=s)", "(state=q)", `input tensor "s0": state "q" is not defined, or the tensor has a time axis`},
		{"(first=r)", "(length=r)", `output tensor "H": "r" cannot be a length part`},
		{"(value=kept)", "(value=new)", `output tensor "Y": "new" is no output`},
	}
	for _, tc := range tests {
		if !strings.Contains(sound, tc.old) {
			t.Fatalf("%q is not in the text", tc.old)
		}
		err := parse(t, strings.Replace(sound, tc.old, tc.new, 1)).Verify()
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.new, err, tc.want)
		}
	}
}
