package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// timedCase is a graph over an input x with one axis that is time, given or found.
type timedCase struct {
	name      string
	shape     []int // of x, 0 for the time axis
	frames    int   // along that axis
	nodes     []*nodeProto
	tensors   []*tensorProto
	given     bool // the time axis is no recurrent node's
	streaming bool // no later frame is read
}

// file is the model, its time axis with a name or a size.
func (tc timedCase) file(dynamic bool) *modelProto {
	dims := make([]any, len(tc.shape))
	for k, d := range tc.shape {
		switch {
		case d != 0:
			dims[k] = d
		case dynamic:
			dims[k] = "T"
		default:
			dims[k] = tc.frames
		}
	}
	return file(13, &graphProto{nodes: tc.nodes, tensors: tc.tensors, inputs: []valueProto{floats("x", dims...)}, outputs: []valueProto{floats("y")}})
}

// timedCases are graphs with a time axis.
func timedCases() []timedCase {
	kernel := func(out, in, k int) *tensorProto {
		var data []float32
		for i := range out * in * k {
			data = append(data, float32(i%5)-1.5)
		}
		return weights("w", []int{out, in, k}, data...)
	}
	rnn := func(in, out string) *nodeProto { return node("RNN", in+" W R", out) }
	cell := []*tensorProto{weights("W", []int{1, 2, 2}, 0.5, -1, 0.25, 0.75), weights("R", []int{1, 2, 2}, 0.1, 0.2, -0.3, 0.4)}
	with := func(more ...*tensorProto) []*tensorProto { return append(slices.Clone(cell), more...) }
	conv := func(attributes ...*attributeProto) []*nodeProto {
		return []*nodeProto{node("Conv", "x w", "y", attributes...)}
	}
	return []timedCase{
		{"causal", []int{1, 2, 0}, 6, conv(attr("pads", []int{2, 0})), []*tensorProto{kernel(3, 2, 3)}, true, true},
		{"causal dilated", []int{1, 2, 0}, 6, conv(attr("pads", []int{4, 0}), attr("dilations", []int{2})), []*tensorProto{kernel(3, 2, 3)}, true, true},
		{"symmetric", []int{1, 2, 0}, 6, conv(attr("pads", []int{1, 1})), []*tensorProto{kernel(3, 2, 3)}, true, false},
		{"same", []int{2, 2, 0}, 6, conv(attr("auto_pad", "SAME_LOWER")), []*tensorProto{kernel(3, 2, 4)}, true, false},
		{"stride", []int{1, 2, 0}, 6, conv(attr("strides", []int{2})), []*tensorProto{kernel(3, 2, 2)}, true, true},
		{"stride with pads", []int{1, 2, 0}, 6, conv(attr("strides", []int{3}), attr("pads", []int{1, 1})), []*tensorProto{kernel(3, 2, 5)}, true, false},
		{"padded before", []int{1, 2, 0}, 6, []*nodeProto{node("Pad", "x p", "z"), node("Conv", "z w", "y")}, []*tensorProto{kernel(1, 2, 3), integers("p", 0, 0, 2, 0, 0, 0)}, true, true},
		{"cut behind", []int{1, 2, 0}, 6, []*nodeProto{node("Conv", "x w", "z", attr("pads", []int{2, 2})), node("Slice", "z s e a", "y")},
			[]*tensorProto{kernel(3, 2, 3), integers("s", 0), integers("e", -2), integers("a", 2)}, true, true},
		{"cut before", []int{1, 2, 0}, 6, []*nodeProto{node("Conv", "x w", "z", attr("pads", []int{2, 2})), node("Slice", "z s e a", "y")},
			[]*tensorProto{kernel(3, 2, 3), integers("s", 2), integers("e", 1<<40), integers("a", 2)}, true, false},
		{"pool", []int{1, 2, 0}, 6, []*nodeProto{node("MaxPool", "x", "y", attr("kernel_shape", []int{2}), attr("strides", []int{2}))}, nil, true, true},
		{"two convolutions", []int{1, 2, 0}, 8, []*nodeProto{node("Conv", "x w", "z", attr("pads", []int{1, 1})), node("Relu", "z", "z1"), node("Conv", "z1 w", "y", attr("pads", []int{1, 1}))},
			[]*tensorProto{kernel(2, 2, 3)}, true, false},
		{"2-D", []int{1, 1, 0, 4}, 5, conv(attr("pads", []int{2, 1, 0, 1})), []*tensorProto{weights("w", []int{2, 1, 3, 3}, counting32(18)...)}, true, true},

		{"recurrent", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "y")}, cell, false, true},
		{"batch first", []int{1, 0, 2}, 5, []*nodeProto{node("Transpose", "x", "z", attr("perm", []int{1, 0, 2})), rnn("z", "v"), node("Squeeze", "v a", "s"), node("Transpose", "s", "y", attr("perm", []int{1, 0, 2}))},
			with(integers("a", 1)), false, true},
		{"last frame", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Gather", "v i", "y")}, with(rawTensor("i", int64Type, nil, []byte{255, 255, 255, 255, 255, 255, 255, 255})), false, true},
		{"last slice", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Slice", "v s e", "y")}, with(integers("s", -1), integers("e", 1<<40)), false, true},
		{"first slice", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Slice", "v s e", "y")}, with(integers("s", 0), integers("e", 1)), false, false},
		{"last by shape", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Shape", "v", "sh"), node("Slice", "sh zero one", "n"), node("Sub", "n one", "i"), node("Gather", "v i", "y")},
			with(integers("zero", 0), integers("one", 1)), false, true},
		{"context", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Squeeze", "v a", "s"), node("Gather", "s i", "l"), node("Add", "s l", "y")}, with(integers("a", 1), integers("i", -1)), false, false},
		{"mean", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("ReduceMean", "v", "y", attr("axes", []int{0}), attr("keepdims", 0))}, cell, false, true},
		{"max", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("ReduceMax", "v", "y", attr("axes", []int{0, 2}))}, cell, false, true},
		{"flattened frames", []int{0, 1, 2}, 5, []*nodeProto{rnn("x", "v"), node("Reshape", "v s", "f"), node("MatMul", "f M", "y")}, with(integers("s", -1, 2), weights("M", []int{2, 3}, 1, 2, 3, 4, 5, 6)), false, true},
		{"shape of frames", []int{0, 1, 2}, 5, []*nodeProto{node("Shape", "x", "sh"), node("Slice", "sh zero one", "n"), node("Concat", "n two", "to", attr("axis", 0)), rnn("x", "v"), node("Reshape", "v to", "y")},
			with(integers("zero", 0), integers("one", 1), integers("two", 2)), false, true},
		{"zeros of frames", []int{0, 1, 2}, 5, []*nodeProto{node("Shape", "x", "sh"), node("ConstantOfShape", "sh", "z"), node("Add", "z x", "v"), rnn("v", "y")}, cell, false, true},
		{"two halves", []int{1, 0, 2}, 6, []*nodeProto{node("Reshape", "x s", "p"), node("MatMul", "p M", "m"), node("Transpose", "m", "z", attr("perm", []int{1, 0, 2})), rnn("z", "v"), node("Squeeze", "v a", "q"), node("Transpose", "q", "u", attr("perm", []int{1, 0, 2})), node("Reshape", "u r", "y")},
			with(integers("s", 1, -1, 4), integers("a", 1), integers("r", 1, -1, 1), weights("M", []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8)), false, true},
		{"strided front", []int{1, 2, 0}, 6, []*nodeProto{node("Conv", "x w", "c", attr("strides", []int{2})), node("Transpose", "c", "z", attr("perm", []int{2, 0, 1})), rnn("z", "y")}, with(kernel(2, 2, 2)), false, true},
		{"strided delay before reverse", []int{1, 2, 0}, 6, []*nodeProto{node("Conv", "x w", "c", attr("pads", []int{2, 0})), node("Transpose", "c", "z", attr("perm", []int{2, 0, 1})),
			node("RNN", "z W R", "v", attr("direction", "reverse")), node("Squeeze", "v a", "q"), node("Transpose", "q", "u", attr("perm", []int{1, 2, 0})), node("Conv", "u w", "y", attr("pads", []int{2, 0}))}, with(kernel(2, 2, 3), integers("a", 1)), false, false},
	}
}

// TestTime holds graphs whose frames are found against the same graphs taken as one
// frame.
func TestTime(t *testing.T) {
	for _, tc := range timedCases() {
		t.Run(tc.name, func(t *testing.T) { tc.check(t) })
	}
}

// counting32 is 1 to n.
func counting32(n int) []float32 {
	var list []float32
	for i := range n {
		list = append(list, float32(i+1)/8)
	}
	return list
}

func (tc timedCase) check(t *testing.T) {
	x := eval.Tensor{Shape: slices.Clone(tc.shape)}
	o := Options{}
	for k, d := range x.Shape {
		if d == 0 {
			x.Shape[k] = tc.frames
			if tc.given {
				o.Time = fmt.Sprintf("x:%d", k)
			}
		}
	}
	for i := range product(x.Shape) {
		x.Data = append(x.Data, float64((i*7)%11)/4-1)
	}
	inputs := map[string]eval.Tensor{"x": x}
	want := run(t, imported(t, tc.file(false), Options{Time: "none"}), inputs)["y"]
	m := imported(t, tc.file(true), o)
	got := run(t, m, inputs)["y"]
	if !slices.Equal(got.Shape, want.Shape) {
		t.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	near(t, "y", got.Data, want.Data, max(1, largestOf(want.Data)), 1e-6)
	if m.Streaming() != tc.streaming {
		t.Errorf("streaming %v, want %v", m.Streaming(), tc.streaming)
	}
	if m.Tensors[0].Time < 0 {
		t.Errorf("input without a time axis: %+v", m.Tensors[0])
	}

	// The same with the number of frames in the file, which the model does not keep.
	fixed := imported(t, tc.file(false), o)
	near(t, "y of a fixed size", run(t, fixed, inputs)["y"].Data, want.Data, max(1, largestOf(want.Data)), 1e-6)
	if window := strings.HasPrefix(tc.name, "strided"); (fixed.Tensors[0].Time < 0) != window {
		t.Errorf("input of a fixed size: %+v", fixed.Tensors[0])
	}
}

// TestSeveralInputs has frames of several inputs, of which none makes sense alone.
func TestSeveralInputs(t *testing.T) {
	graph := func(dim any) *modelProto {
		return file(13, &graphProto{
			nodes:   []*nodeProto{node("Concat", "a b", "x", attr("axis", 2)), node("RNN", "x W R", "y")},
			tensors: []*tensorProto{weights("W", []int{1, 1, 3}, 1, 2, 3), weights("R", []int{1, 1, 1}, 0.5)},
			inputs:  []valueProto{floats("a", dim, 1, 1), floats("b", dim, 1, 2)}, outputs: []valueProto{floats("y")}})
	}
	for _, dim := range []any{"T", 4} {
		m := imported(t, graph(dim), Options{})
		if len(m.Tensors) != 3 || m.Tensors[0].Time != 0 || m.Tensors[1].Time != 0 {
			t.Errorf("dimension %v: tensors %+v", dim, m.Tensors)
		}
	}
}

// TestWholeWindows has graphs whose sizes are fixed and that mix what would be
// frames: they are one frame.
func TestWholeWindows(t *testing.T) {
	tensors := []*tensorProto{weights("W", []int{1, 1, 1}, 0.5), weights("R", []int{1, 1, 1}, 0.25), integers("s", 1, -1), weights("M", []int{3, 1}, 1, 1, 1),
		weights("w", []int{1, 1, 2}, 1, 1)}
	flatten := file(13, &graphProto{nodes: []*nodeProto{node("RNN", "x W R", "v"), node("Reshape", "v s", "f"), node("MatMul", "f M", "y")},
		tensors: tensors, inputs: []valueProto{floats("x", 3, 1, 1)}, outputs: []valueProto{floats("y")}})
	conv := file(13, &graphProto{nodes: []*nodeProto{node("Conv", "x w", "c", attr("strides", []int{2})), node("Transpose", "c", "z", attr("perm", []int{2, 0, 1})), node("RNN", "z W R", "y")},
		tensors: tensors, inputs: []valueProto{floats("x", 1, 1, 6)}, outputs: []valueProto{floats("y")}})
	for name, proto := range map[string]*modelProto{"flatten": flatten, "conv": conv} {
		m := imported(t, proto, Options{})
		if m.Tensors[0].Time != none || !m.Streaming() || len(m.States) != 0 {
			t.Errorf("%s: tensor %+v, states %v", name, m.Tensors[0], m.States)
		}
	}
}

// TestStates finds the states of graphs of one frame.
func TestStates(t *testing.T) {
	spelled := func(in, out string) *modelProto {
		return file(13, &graphProto{
			nodes:   []*nodeProto{node("MatMul", in+" R", "r"), node("MatMul", "x W", "i"), node("Add", "r i", "s"), node("Tanh", "s", out), node("Neg", out, "y")},
			tensors: []*tensorProto{weights("W", []int{1, 2}, 1, 2), weights("R", []int{2, 2}, 0.5, 0.1, 0.2, 0.3)},
			inputs:  []valueProto{floats("x", 1, 1), floats(in, 1, 2)}, outputs: []valueProto{floats("y"), floats(out)}})
	}
	lstm := file(13, &graphProto{
		nodes: []*nodeProto{node("Gather", "state zero", "h", attr("axis", 0)), node("Gather", "state one", "c", attr("axis", 0)),
			node("LSTM", "x W R - - h c", "v Y_h Y_c"), node("Concat", "Y_h Y_c", "next", attr("axis", 0)), node("Neg", "v", "y")},
		tensors: []*tensorProto{weights("W", []int{1, 4, 1}, 1, 2, 3, 4), weights("R", []int{1, 4, 1}, 0.5, 0.1, 0.2, 0.3), integers("zero", 0), integers("one", 1)},
		inputs:  []valueProto{floats("x", 1, 1, 1), floats("state", 2, 1, 1)}, outputs: []valueProto{floats("y"), floats("next")}})
	cached := file(13, &graphProto{
		nodes:   []*nodeProto{node("Concat", "cache_in x", "all", attr("axis", 2)), node("Conv", "all w", "y"), node("Slice", "all one end two", "cache_out")},
		tensors: []*tensorProto{weights("w", []int{1, 1, 3}, 1, 2, 3), integers("one", 1), integers("end", 9), integers("two", 2)},
		inputs:  []valueProto{floats("x", 1, 1, 1), floats("cache_in", 1, 1, 2)}, outputs: []valueProto{floats("y"), floats("cache_out")}})
	tests := []struct {
		name   string
		proto  *modelProto
		o      Options
		states []string
		op     ir.Op
	}{
		{"by name", spelled("h_in", "h_out"), Options{}, []string{"h_in"}, ir.Recall{}},
		{"given", spelled("a", "b"), Options{States: [][2]string{{"a", "b"}}}, []string{"a"}, ir.Recall{}},
		{"none", spelled("a", "b"), Options{}, nil, nil},
		{"sound", spelled("audio_in", "audio_out"), Options{}, nil, nil},
		{"zero and n", spelled("h0", "hN"), Options{}, []string{"h0"}, ir.Recall{}},
		{"next", spelled("cache", "next_cache"), Options{}, []string{"cache"}, ir.Recall{}},
		{"of a convolution", cached, Options{}, []string{"cache_in.0", "cache_in.1"}, ir.Recall{}},
		{"of a cell", lstm, Options{Time: "none"}, []string{"state.0", "state.1"}, ir.LSTM{}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := imported(t, tc.proto, tc.o)
			var states []string
			for _, s := range m.States {
				states = append(states, s.Name)
			}
			if !slices.Equal(states, tc.states) {
				t.Errorf("states %q, want %q", states, tc.states)
			}
			kinds := map[string]bool{}
			for _, n := range m.Nodes {
				kinds[n.Op.Kind()] = true
			}
			if tc.op != nil && !kinds[tc.op.Kind()] {
				t.Errorf("ops %v, want %s", slices.Sorted(maps.Keys(kinds)), tc.op.Kind())
			}
			loops(t, m, tc.proto)
		})
	}
}

// loops holds a model that keeps its states against the graph that is given them in
// every frame.
func loops(t *testing.T, m *ir.Model, proto *modelProto) {
	t.Helper()
	open, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	in, out := proto.graph.inputs[1], proto.graph.outputs[1].name
	state := eval.Tensor{}
	for _, d := range in.dims {
		state.Shape = append(state.Shape, int(d.size))
	}
	state.Data = make([]float64, product(state.Shape))
	closed := imported(t, proto, Options{Time: "none", States: [][2]string{{in.name, out}}})
	for k := range 4 {
		x := numbers(make([]int, len(proto.graph.inputs[0].dims)), float64(k)-1)
		for i := range x.Shape {
			x.Shape[i] = 1
		}
		got, err := open.RunTensors(map[string]eval.Tensor{"x": x, in.name: state})
		if err != nil {
			t.Fatal(err)
		}
		want := run(t, closed, map[string]eval.Tensor{"x": x, in.name: state})
		near(t, "y", got["y"].Data, want["y"].Data, 1, 1e-12)
		near(t, out, got[out].Data, want[out].Data, 1, 1e-12)
		state = got[out]
	}
}
