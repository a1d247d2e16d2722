package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// This file writes ONNX files, so that tests need none.

// encoded is the bytes of a file.
func encoded(m *modelProto) []byte {
	var b []byte
	b = number64(b, 1, 8)
	b = text(b, 2, m.producer)
	b = message(b, 7, encodedGraph(m.graph))
	b = message(b, 8, number64(nil, 2, m.opset))
	for _, f := range m.functions {
		b = message(b, 25, encodedFunction(f))
		b = message(b, 8, number64(text(nil, 1, f.domain), 2, 1))
	}
	return b
}

func number64(b []byte, tag protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, tag, protowire.VarintType), uint64(v))
}

func text(b []byte, tag protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, tag, protowire.BytesType), s)
}

func message(b []byte, tag protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, tag, protowire.BytesType), m)
}

func encodedGraph(g *graphProto) []byte {
	b := text(nil, 2, "graph")
	for _, n := range g.nodes {
		b = message(b, 1, encodedNode(n))
	}
	for _, t := range g.tensors {
		b = message(b, 5, t.message)
	}
	for _, v := range g.inputs {
		b = message(b, 11, encodedValue(v))
	}
	for _, v := range g.outputs {
		b = message(b, 12, encodedValue(v))
	}
	return b
}

func encodedFunction(f *functionProto) []byte {
	b := text(nil, 1, f.name)
	b = text(b, 10, f.domain)
	for _, s := range f.inputs {
		b = text(b, 4, s)
	}
	for _, s := range f.outputs {
		b = text(b, 5, s)
	}
	for _, n := range f.nodes {
		b = message(b, 7, encodedNode(n))
	}
	return message(b, 9, number64(nil, 2, f.opset))
}

func encodedNode(n *nodeProto) []byte {
	var b []byte
	for _, s := range n.inputs {
		b = text(b, 1, s)
	}
	for _, s := range n.outputs {
		b = text(b, 2, s)
	}
	b = text(b, 3, n.name)
	b = text(b, 4, n.op)
	for _, a := range n.attributes {
		b = message(b, 5, encodedAttribute(a))
	}
	return text(b, 7, n.domain)
}

func encodedAttribute(a *attributeProto) []byte {
	b := text(nil, 1, a.name)
	b = number64(b, 20, int64(a.kind))
	if a.refer != "" {
		return text(b, 21, a.refer)
	}
	switch a.kind {
	case floatAttribute:
		b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(a.float))
	case intAttribute:
		b = number64(b, 3, a.integer)
	case textAttribute:
		b = text(b, 4, a.text)
	case tensorAttribute:
		b = message(b, 5, a.tensor.message)
	case graphAttribute:
		b = message(b, 6, encodedGraph(a.graph))
	case floatsAttribute:
		for _, x := range a.floats {
			b = protowire.AppendFixed32(protowire.AppendTag(b, 7, protowire.Fixed32Type), math.Float32bits(x))
		}
	case intsAttribute: // packed, as newer writers do
		var packed []byte
		for _, x := range a.ints {
			packed = protowire.AppendVarint(packed, uint64(x))
		}
		b = message(b, 8, packed)
	case textsAttribute:
		for _, x := range a.texts {
			b = text(b, 9, x)
		}
	}
	return b
}

func encodedValue(v valueProto) []byte {
	var shape []byte
	for _, d := range v.dims {
		dim := text(nil, 2, d.name)
		if d.given {
			dim = number64(nil, 1, d.size)
		}
		shape = message(shape, 1, dim)
	}
	tensor := message(number64(nil, 1, int64(v.dtype)), 2, shape)
	return message(text(nil, 1, v.name), 2, message(nil, 1, tensor))
}

// floats is an input or output of floats; its dimensions are numbers or names.
func floats(name string, dims ...any) valueProto { return typed(float32Type, name, dims...) }

func typed(d dtype, name string, dims ...any) valueProto {
	v := valueProto{name: name, dtype: d, known: true}
	for _, dim := range dims {
		switch d := dim.(type) {
		case int:
			v.dims = append(v.dims, dimension{size: int64(d), given: true})
		case string:
			v.dims = append(v.dims, dimension{name: d})
		}
	}
	return v
}

// weights is an initialiser of floats.
func weights(name string, shape []int, data ...float32) *tensorProto {
	var raw []byte
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return rawTensor(name, float32Type, shape, raw)
}

// integers is an initialiser of integers along one axis.
func integers(name string, data ...int64) *tensorProto {
	var raw []byte
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return rawTensor(name, int64Type, []int{len(data)}, raw)
}

func rawTensor(name string, d dtype, shape []int, raw []byte) *tensorProto {
	t := tensorHead(name, d, shape)
	t.message = message(t.message, 9, raw)
	return t
}

// tensorHead is a tensor without numbers.
func tensorHead(name string, d dtype, shape []int) *tensorProto {
	t := &tensorProto{name: name, dtype: d}
	for _, n := range shape {
		t.dims = append(t.dims, int64(n))
		t.message = number64(t.message, 1, int64(n))
	}
	t.message = text(number64(t.message, 2, int64(d)), 8, name)
	return t
}

// node is a node; inputs and outputs are words, "-" for one that is not there.
func node(op, inputs, outputs string, attributes ...*attributeProto) *nodeProto {
	words := func(s string) []string {
		list := strings.Fields(s)
		for i := range list {
			if list[i] == "-" {
				list[i] = ""
			}
		}
		return list
	}
	return &nodeProto{op: op, inputs: words(inputs), outputs: words(outputs), attributes: attributes}
}

// attr is an attribute.
func attr(name string, value any) *attributeProto {
	a := &attributeProto{name: name}
	switch v := value.(type) {
	case int:
		a.kind, a.integer = intAttribute, int64(v)
	case float64:
		a.kind, a.float = floatAttribute, float32(v)
	case string:
		a.kind, a.text = textAttribute, v
	case []int:
		a.kind = intsAttribute
		for _, x := range v {
			a.ints = append(a.ints, int64(x))
		}
	case []float32:
		a.kind, a.floats = floatsAttribute, v
	case []string:
		a.kind, a.texts = textsAttribute, v
	case *tensorProto:
		a.kind, a.tensor = tensorAttribute, v
	case *graphProto:
		a.kind, a.graph = graphAttribute, v
	default:
		panic("an attribute of another type")
	}
	return a
}

// file is a model of a graph.
func file(opset int64, g *graphProto) *modelProto { return &modelProto{opset: opset, graph: g} }

// written writes a file into a folder of its own.
func written(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// imported imports a model or fails.
func imported(t testing.TB, m *modelProto, o Options) *ir.Model {
	t.Helper()
	model, err := Import(written(t, encoded(m)), o)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// run computes the outputs of a model of tensors of its inputs.
func run(t testing.TB, m *ir.Model, inputs map[string]eval.Tensor) map[string]eval.Tensor {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := g.RunTensors(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

// numbers is a tensor.
func numbers(shape []int, data ...float64) eval.Tensor { return eval.Tensor{Shape: shape, Data: data} }

// counting is a tensor of 1, 2, 3 and so on.
func counting(shape ...int) eval.Tensor {
	t := eval.Tensor{Shape: shape}
	for i := range product(shape) {
		t.Data = append(t.Data, float64(i+1))
	}
	return t
}
