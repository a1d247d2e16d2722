package main

import (
	"encoding/binary"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is a message of protobuf. The numbers of fields are those of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
type message []byte

func (m message) text(field protowire.Number, s string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), s)
}

func (m message) number(field protowire.Number, n int) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(n))
}

func (m message) message(field protowire.Number, x message) message { return m.text(field, string(x)) }

// node is an operator with whole numbers as attributes.
func node(op, name string, inputs, outputs []string, attributes map[string]int) message {
	var m message
	for _, in := range inputs {
		m = m.text(1, in)
	}
	for _, out := range outputs {
		m = m.text(2, out)
	}
	m = m.text(3, name).text(4, op)
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		m = m.message(5, message{}.text(1, key).number(3, attributes[key]).number(20, 2))
	}
	return m
}

// weights are an initialiser of float32 from −0.5 to 0.5.
func weights(name string, shape ...int) message {
	var m message
	n := 1
	for _, d := range shape {
		m, n = m.number(1, d), n*d
	}
	var raw []byte
	for i := range n {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(math.Sin(float64(7*i+len(name)))/2)))
	}
	return m.number(2, 1).text(8, name).text(9, string(raw))
}

// edge is an input or output of float32; a dimension that is a string has no size.
func edge(name string, dims ...any) message {
	var shape message
	for _, d := range dims {
		if n, ok := d.(int); ok {
			shape = shape.message(1, message{}.number(1, n))
		} else {
			shape = shape.message(1, message{}.text(2, d.(string)))
		}
	}
	return message{}.text(1, name).message(2, message{}.message(1, message{}.number(1, 1).message(2, shape)))
}

// onnxModel is a file of version 17 of the operators.
func onnxModel(nodes, initialisers, inputs, outputs []message) message {
	graph := message{}.text(2, "g")
	for _, part := range []struct {
		field protowire.Number
		list  []message
	}{{1, nodes}, {5, initialisers}, {11, inputs}, {12, outputs}} {
		for _, m := range part.list {
			graph = graph.message(part.field, m)
		}
	}
	return message{}.number(1, 8).text(2, "sparsec test").message(7, graph).message(8, message{}.number(2, 17))
}

// onnxFixtures are files that the command writes.
var onnxFixtures = map[string]func() message{
	// gru is what PyTorch exports of a layer: states at both ends, the batch open.
	"gru": func() message {
		return onnxModel(
			[]message{node("GRU", "gru", []string{"x", "W", "R", "B", "", "h0"}, []string{"Y", "hN"}, map[string]int{"hidden_size": 8, "linear_before_reset": 1})},
			[]message{weights("W", 1, 24, 3), weights("R", 1, 24, 8), weights("B", 1, 48)},
			[]message{edge("x", "T", "batch", 3), edge("h0", 1, "batch", 8)},
			[]message{edge("Y", "T", 1, "batch", 8), edge("hN", 1, "batch", 8)})
	},
	// spelled is a step of an RNN in small nodes.
	"spelled": func() message {
		turned := map[string]int{"transB": 1}
		return onnxModel(
			[]message{
				node("Gemm", "fromx", []string{"x", "W", "b"}, []string{"wx"}, turned),
				node("Gemm", "fromh", []string{"h", "U"}, []string{"uh"}, turned),
				node("Add", "sum", []string{"uh", "wx"}, []string{"a"}, nil),
				node("Tanh", "next", []string{"a"}, []string{"hN"}, nil),
				node("Gemm", "out", []string{"hN", "V"}, []string{"y"}, turned)},
			[]message{weights("W", 8, 3), weights("U", 8, 8), weights("b", 8), weights("V", 2, 8)},
			[]message{edge("x", 1, 3), edge("h", 1, 8)},
			[]message{edge("y", 1, 2), edge("hN", 1, 8)})
	},
	// odd has two nodes that nothing can be made of.
	"odd": func() message {
		return onnxModel(
			[]message{
				node("NonMaxSuppression", "boxes", []string{"x", "x"}, []string{"a"}, nil),
				node("STFT", "spectrum", []string{"x"}, []string{"b"}, map[string]int{"onesided": 1}),
				node("Concat", "both", []string{"a", "b"}, []string{"y"}, map[string]int{"axis": 0})},
			nil, []message{edge("x", "T", 1, 3)}, []message{edge("y", "T", 1, 3)})
	},
}

func onnxCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 2, 2, "onnx NAME FILE")
	file, ok := onnxFixtures[args[0]]
	if !ok {
		ts.Fatalf("no ONNX fixture %q", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file(), 0o644))
}
