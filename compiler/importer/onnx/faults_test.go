package onnx

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// wants fails unless an error has all lines.
func wants(t *testing.T, err error, lines ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", lines)
	}
	for _, line := range lines {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("error\n%v\nwant %q", err, line)
		}
	}
}

// TestAllFaults holds that one error has all of them, those in branches too.
func TestAllFaults(t *testing.T) {
	branch := &graphProto{outputs: []valueProto{floats("b")}, nodes: []*nodeProto{node("Einsum", "x", "b")}}
	other := &graphProto{outputs: []valueProto{floats("o")}, nodes: []*nodeProto{node("Untaken", "x", "o")}}
	body := &graphProto{outputs: []valueProto{floats("s")}, nodes: []*nodeProto{node("Inner", "q", "s")}}
	g := &graphProto{
		nodes: []*nodeProto{
			node("Equal", "mode one", "c"), node("If", "c", "f", attr("then_branch", branch), attr("else_branch", other)),
			node("Scan", "x", "s", attr("body", body)), node("Relu", "s", "after"),
			node("Softmax", "x", "soft", attr("axis", 9)), node("Pad", "x p", "pad", attr("mode", "mirror")), node("Tanh", "x", "odd", attr("approximation", 3)),
			{op: "Gelu", domain: "com.microsoft", inputs: []string{"x"}, outputs: []string{"ms"}, name: "quick"},
			node("Concat", "f after soft pad odd ms", "y", attr("axis", 0)), node("Unused", "x", "nobody")},
		tensors: []*tensorProto{integers("one", 1), integers("p", 1, 1)},
		inputs:  []valueProto{floats("x", 3), typed(int64Type, "mode"), floats("z", "batch", "n")}, outputs: []valueProto{floats("y"), floats("z")}}
	_, err := Import(written(t, encoded(file(13, g))), Options{Set: map[string]string{"mode": "1"}})
	wants(t, err, `node "b": operator Einsum is not supported`, `node "s": operator Scan is not supported`, `node "s": operator Inner is not supported`,
		`node "soft" (Softmax): axis 9, want one of 1`, `node "pad" (Pad): mode "mirror" is not supported`, `node "odd" (Tanh): attribute "approximation" is not supported`,
		`node "quick": operator com.microsoft.Gelu is not supported`, `input "z": dimension "batch", "n" is not known: -dim NAME=SIZE fixes one`)
	for _, not := range []string{"Untaken", "nobody", "after"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("error\n%v\nnames %q", err, not)
		}
	}
	_, err = Import(written(t, encoded(file(13, g))), Options{})
	wants(t, err, `node "c" (Equal): input "mode" is not constant; an input of the graph can be fixed by -set`)
}

// TestRefused lists what published models have that is not supported.
func TestRefused(t *testing.T) {
	folder := filepath.Join(dataOrSkip(t), "models/tract")
	_, err := Import(filepath.Join(folder, "qlstm_3-2-3_T3_S1/model.onnx"), Options{})
	wants(t, err, `node "lstm1.c_final": operator Scan is not supported`, `node "lstm1.proj.convout": operator QLinearConv is not supported`,
		`operator QuantizeLinear is not supported`, `operator DequantizeLinear is not supported`, `input "input": dimension "input:0" is not known: it may be time, which`)
	if strings.Contains(err.Error(), "fixes one") {
		t.Errorf("error\n%v\nwants the only open dimension fixed, which is time", err)
	}
	_, err = Import(filepath.Join(folder, "hey_snips_3.pb"), Options{})
	wants(t, err, "is a graph of TensorFlow", "operator Conv2D is not supported: node conv1d_2/layer_0/convolution", "operator StridedSlice is not supported")
}

// gru is a GRU of one unit whose reset gate counts.
func gru(producer string, attributes ...*attributeProto) *modelProto {
	m := file(14, &graphProto{nodes: []*nodeProto{node("GRU", "x W R B", "y", attributes...)},
		tensors: []*tensorProto{weights("W", []int{1, 3, 1}, 1, 2, 3), weights("R", []int{1, 3, 1}, 1, 2, 3), weights("B", []int{1, 6}, 1, 2, 3, 4, 5, 6)},
		inputs:  []valueProto{floats("x", "T", 1, 1)}, outputs: []valueProto{floats("y")}})
	m.producer = producer
	return m
}

// TestExporterFault stops at what an exporter is known to have left out.
func TestExporterFault(t *testing.T) {
	_, err := Import(written(t, encoded(gru("pytorch"))), Options{})
	wants(t, err, `node "y" (GRU): linear_before_reset is 0 in a file of PyTorch`, "-gru-reset after")
	resets := func(m *ir.Model) ir.ResetMode {
		for _, n := range m.Nodes {
			if o, ok := n.Op.(ir.GRU); ok {
				return o.Reset
			}
		}
		t.Fatal("no GRU")
		return 0
	}
	for _, tc := range []struct {
		proto *modelProto
		reset string
		want  ir.ResetMode
	}{
		{gru("pytorch"), "after", ir.ResetAfter}, {gru("pytorch"), "before", ir.ResetBefore},
		{gru("pytorch", attr("linear_before_reset", 1)), "", ir.ResetAfter}, {gru("another"), "", ir.ResetBefore},
	} {
		if got := resets(imported(t, tc.proto, Options{GRUReset: tc.reset})); got != tc.want {
			t.Errorf("producer %s, reset %q: %v, want %v", tc.proto.producer, tc.reset, got, tc.want)
		}
	}
	_, err = Import(written(t, encoded(gru("another"))), Options{GRUReset: "never"})
	wants(t, err, `reset "never" of GRU, want after or before`)
}

// TestWeightsAreInputs takes weights from inputs where every size is known.
func TestWeightsAreInputs(t *testing.T) {
	graph := func(steps any) *modelProto {
		return file(14, &graphProto{nodes: []*nodeProto{node("RNN", "x w r", "y")},
			inputs: []valueProto{floats("x", steps, 1, 1), floats("w", 1, 1, 1), floats("r", 1, 1, 1)}, outputs: []valueProto{floats("y")}})
	}
	_, err := Import(written(t, encoded(graph("T"))), Options{})
	wants(t, err, `node "y" (RNN): weights ["w" "r"] are no constants`, `dimension "T" is not known: it may be time`)
	_, err = Import(written(t, encoded(graph("T"))), Options{Time: "x:0"})
	wants(t, err, `node "y" (RNN): weights ["w" "r"] are no constants`)
	y := run(t, imported(t, graph(2), Options{}), map[string]eval.Tensor{"x": counting(2, 1, 1), "w": numbers([]int{1, 1, 1}, 0.5), "r": numbers([]int{1, 1, 1}, 2)})["y"]
	first := math.Tanh(0.5)
	near(t, "y", y.Data, []float64{first, math.Tanh(1 + 2*first)}, 1, 1e-6)
}

// TestFixed fixes dimensions and inputs.
func TestFixed(t *testing.T) {
	proto := file(13, &graphProto{nodes: []*nodeProto{node("Mul", "x factor", "v"), node("Add", "v bias", "y")},
		inputs: []valueProto{floats("x", "batch", 2), floats("factor"), floats("bias", 2)}, outputs: []valueProto{floats("y")}})
	set := map[string]string{"factor": "2.5", "bias": "1, -1"}
	for _, dims := range []map[string]int{{"batch": 1}, {"x:0": 1}} {
		m := imported(t, proto, Options{Dims: dims, Set: set})
		y := run(t, m, map[string]eval.Tensor{"x": numbers([]int{1, 2}, 2, 4)})["y"]
		near(t, "y", y.Data, []float64{6, 9}, 10, 1e-6)
	}
	for _, tc := range []struct {
		o    Options
		want string
	}{
		{Options{Dims: map[string]int{"batch": 0}, Set: set}, `dimension "batch" fixed to 0`},
		{Options{Dims: map[string]int{"x:1": 3, "batch": 1}, Set: set}, "dimension 1 fixed to 3, is 2"},
		{Options{Dims: map[string]int{"batch": 1}, Set: map[string]string{"bias": "1", "factor": "1"}}, "set to 1 numbers, want 2"},
		{Options{Dims: map[string]int{"batch": 1}, Set: map[string]string{"bias": "1,b", "factor": "1"}}, `set to "b", want a number`},
		{Options{Dims: map[string]int{"batch": 1}, Set: map[string]string{"no": "1"}}, `input "no", which is to be set, is not there`},
		{Options{Time: "x"}, `time axis "x", want INPUT:AXIS or none`},
		{Options{Time: "no:1"}, `input "no" is not there`},
		{Options{Time: "x:7", Set: set}, "time axis 7, want one of 2"},
		{Options{Dims: map[string]int{"batch": 1}, Set: set, States: [][2]string{{"x", "z"}}}, `output "z" is not there`},
	} {
		_, err := Import(written(t, encoded(proto)), tc.o)
		wants(t, err, tc.want)
	}
}

// TestFunctions inlines functions of the file, with attributes of the caller.
func TestFunctions(t *testing.T) {
	m := file(13, &graphProto{nodes: []*nodeProto{{op: "twice", domain: "own", inputs: []string{"x"}, outputs: []string{"y"}, attributes: []*attributeProto{attr("slope", 0.5)}}},
		inputs: []valueProto{floats("x", 2)}, outputs: []valueProto{floats("y")}})
	leaky := node("LeakyRelu", "a", "b", &attributeProto{name: "alpha", refer: "slope", kind: floatAttribute})
	m.functions = map[[2]string]*functionProto{{"own", "twice"}: {name: "twice", domain: "own", inputs: []string{"a"}, outputs: []string{"c"}, opset: 13,
		nodes: []*nodeProto{leaky, node("Add", "b b", "c")}}}
	y := run(t, imported(t, m, Options{}), map[string]eval.Tensor{"x": numbers([]int{2}, -4, 3)})["y"]
	near(t, "y", y.Data, []float64{-4, 6}, 6, 1e-6)
}

// TestBranches takes the branch of a condition that is known, which sees the values
// around it.
func TestBranches(t *testing.T) {
	inner := func(op string) *graphProto {
		return &graphProto{outputs: []valueProto{floats("r")}, nodes: []*nodeProto{node(op, "x", "r")}}
	}
	outer := &graphProto{outputs: []valueProto{floats("r")}, nodes: []*nodeProto{node("Shape", "x", "s"), node("Equal", "s two", "e"),
		node("If", "e", "r", attr("then_branch", inner("Neg")), attr("else_branch", inner("Missing")))}}
	for rate, want := range map[string][]float64{"16000": {-1, -2}, "8000": {1, 2}} {
		m := file(13, &graphProto{nodes: []*nodeProto{node("Equal", "sr rate", "c"), node("If", "c", "y", attr("then_branch", outer), attr("else_branch", inner("Abs")))},
			tensors: []*tensorProto{integers("rate", 16000), integers("two", 2)},
			inputs:  []valueProto{floats("x", 2), typed(int64Type, "sr")}, outputs: []valueProto{floats("y")}})
		y := run(t, imported(t, m, Options{Set: map[string]string{"sr": rate}}), map[string]eval.Tensor{"x": counting(2)})["y"]
		near(t, "y at "+rate, y.Data, want, 2, 1e-6)
	}
}

// TestIndices looks integers up in tables, one of them not read.
func TestIndices(t *testing.T) {
	m := imported(t, file(13, &graphProto{
		nodes:   []*nodeProto{node("Cast", "ids", "wide", attr("to", 7)), node("Gather", "wide first", "id", attr("axis", 1)), node("Gather", "table id", "y")},
		tensors: []*tensorProto{weights("table", []int{3, 2}, 1, 2, 3, 4, 5, 6), integers("first", 0)},
		inputs:  []valueProto{typed(int32Type, "ids", 2, 2)}, outputs: []valueProto{floats("y")}}), Options{})
	y := run(t, m, map[string]eval.Tensor{"ids": numbers([]int{2, 2}, 2, 0, 1, 0)})["y"]
	near(t, "y", y.Data, []float64{5, 6, 3, 4}, 6, 0)
	if len(m.Inputs) != 4 || m.Inputs[1].Type.Bound != 3 {
		t.Errorf("inputs %+v, want 4 indices of 3", m.Inputs)
	}
	_, err := Import(written(t, encoded(file(13, &graphProto{nodes: []*nodeProto{node("Cast", "ids", "f", attr("to", 1)), node("Gather", "table ids", "g"), node("Add", "f g", "y")},
		tensors: []*tensorProto{weights("table", []int{3}, 1, 2, 3)}, inputs: []valueProto{typed(int32Type, "ids", 2)}, outputs: []valueProto{floats("y")}}))), Options{})
	wants(t, err, "read as a number too")
}

// TestNumbers reads an input of integers as numbers.
func TestNumbers(t *testing.T) {
	m := imported(t, file(13, &graphProto{nodes: []*nodeProto{node("Cast", "n", "f", attr("to", 1)), node("Mul", "f f", "y")},
		inputs: []valueProto{typed(uint8Type, "n", 2)}, outputs: []valueProto{floats("y")}}), Options{})
	y := run(t, m, map[string]eval.Tensor{"n": numbers([]int{2}, 7, 200)})["y"]
	near(t, "y", y.Data, []float64{49, 40000}, 40000, 0)
}
