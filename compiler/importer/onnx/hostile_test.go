package onnx

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// fileOf is a file of nodes from x [2] to y.
func fileOf(nodes []*nodeProto, tensors ...*tensorProto) *modelProto {
	return file(13, &graphProto{nodes: nodes, tensors: tensors, inputs: []valueProto{floats("x", 2)}, outputs: []valueProto{floats("y")}})
}

// nested is a graph in a graph, so many deep.
func nested(depth int) *graphProto {
	g := &graphProto{outputs: []valueProto{floats("y")}, nodes: []*nodeProto{node("Relu", "x", "y")}}
	for range depth {
		g = &graphProto{outputs: []valueProto{floats("y")}, nodes: []*nodeProto{node("If", "c", "y", attr("then_branch", g), attr("else_branch", g))}}
	}
	return g
}

// external is a tensor [2] whose numbers are in another file.
func external(entries ...string) *tensorProto {
	t := tensorHead("w", float32Type, []int{2})
	for i := 0; i < len(entries); i += 2 {
		t.message = message(t.message, 13, text(text(nil, 1, entries[i]), 2, entries[i+1]))
	}
	t.message = number64(t.message, 14, 1)
	return t
}

// TestHostile holds that files that are no sound models give an error soon and with
// little memory.
func TestHostile(t *testing.T) {
	add := node("Add", "x w", "y")
	big := integers("s", 1<<60)
	doubling := []*nodeProto{node("Identity", "x", "v0")}
	for i := range 60 {
		doubling = append(doubling, node("Concat", fmt.Sprintf("v%d v%d", i, i), fmt.Sprintf("v%d", i+1), attr("axis", 0)))
	}
	doubling = append(doubling, node("Relu", "v60", "y"))
	recursive := file(13, &graphProto{nodes: []*nodeProto{{op: "f", domain: "own", inputs: []string{"x"}, outputs: []string{"y"}}},
		inputs: []valueProto{floats("x", 2)}, outputs: []valueProto{floats("y")}})
	recursive.functions = map[[2]string]*functionProto{{"own", "f"}: {name: "f", domain: "own", inputs: []string{"a"}, outputs: []string{"c"}, opset: 13,
		nodes: []*nodeProto{{op: "f", domain: "own", inputs: []string{"a"}, outputs: []string{"b"}}, {op: "f", domain: "own", inputs: []string{"b"}, outputs: []string{"c"}}}}}
	many := fileOf(nil)
	for i := range 1 << 16 {
		many.graph.inputs = append(many.graph.inputs, floats(fmt.Sprintf("i%d", i), "T", 1, 1))
	}
	many.graph.nodes = []*nodeProto{node("RNN", "i7 W R", "y")}
	cases := []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "has no graph"},
		{"noise", []byte("\x13\x37 this is no protobuf"), "is no ONNX file"},
		{"cut", encoded(fileOf([]*nodeProto{add}, weights("w", []int{2}, 1, 2)))[:40], "is no ONNX file"},
		{"cycle", encoded(fileOf([]*nodeProto{node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "a", "y")})), `input "b" is not defined before it`},
		{"own value", encoded(fileOf([]*nodeProto{node("Add", "x y", "y")})), `input "y" is not defined before it`},
		{"missing input", encoded(fileOf([]*nodeProto{add})), `input "w" is not defined before it`},
		{"no output", encoded(fileOf(nil)), `output "y" is not defined`},
		{"output twice", encoded(fileOf([]*nodeProto{node("Relu", "x", "y"), node("Split", "y", "z z"), node("Add", "z y", "y")})), "is defined twice"},
		{"too few inputs", encoded(fileOf([]*nodeProto{node("MatMul", "x", "y")})), "1 inputs, want 2 to 2"},
		{"2^60 elements", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, []int{1 << 60}, nil))), "more than 268435456 elements"},
		{"2^60 in several", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, []int{1 << 20, 1 << 20, 1 << 20}, nil))), "more than 268435456 elements"},
		{"no numbers", encoded(fileOf([]*nodeProto{add}, tensorHead("w", float32Type, []int{1 << 27}))), "0 numbers, want 134217728"},
		{"negative dimension", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, []int{-2}, nil))), "want at least 0"},
		{"raw_data too short", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, []int{2}, make([]byte, 7)))), "raw_data of 7 bytes, want 8"},
		{"raw_data too long", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, []int{2}, make([]byte, 12)))), "raw_data of 12 bytes, want 8"},
		{"strings", encoded(fileOf([]*nodeProto{add}, rawTensor("w", stringType, []int{2}, nil))), "elements of string are not supported"},
		{"unknown type", encoded(fileOf([]*nodeProto{add}, rawTensor("w", 99, []int{2}, nil))), "elements of type 99"},
		{"17 dimensions", encoded(fileOf([]*nodeProto{add}, rawTensor("w", float32Type, make([]int, 17), nil))), "more than 16 dimensions"},
		{"outside", encoded(fileOf([]*nodeProto{add}, external("location", "../secret"))), "lies outside the folder"},
		{"absolute", encoded(fileOf([]*nodeProto{add}, external("location", "/etc/passwd"))), "lies outside the folder"},
		{"by a link", encoded(fileOf([]*nodeProto{add}, external("location", "link"))), "external data"},
		{"not there", encoded(fileOf([]*nodeProto{add}, external("location", "nowhere"))), "nowhere"},
		{"a folder", encoded(fileOf([]*nodeProto{add}, external("location", "."))), "no regular file"},
		{"beyond", encoded(fileOf([]*nodeProto{add}, external("location", "data", "offset", "5"))), "are beyond its 8"},
		{"far beyond", encoded(fileOf([]*nodeProto{add}, external("location", "data", "offset", "9223372036854775807"))), "are beyond its 8"},
		{"wrong length", encoded(fileOf([]*nodeProto{add}, external("location", "data", "length", "4"))), "length 4, want 8"},
		{"negative offset", encoded(fileOf([]*nodeProto{add}, external("location", "data", "offset", "-1"))), "want at least 0"},
		{"filled", encoded(fileOf([]*nodeProto{node("ConstantOfShape", "s", "y")}, big)), "want 0 to"},
		{"filled less", encoded(fileOf([]*nodeProto{node("ConstantOfShape", "s", "y")}, integers("s", 1<<27))), "more elements than"},
		{"expanded", encoded(fileOf([]*nodeProto{node("Expand", "x s", "y")}, integers("s", 1<<25, 2))), "more elements than"},
		{"tiled", encoded(fileOf([]*nodeProto{node("Tile", "x s", "y")}, integers("s", 1<<27))), "more"},
		{"range", encoded(fileOf([]*nodeProto{node("Range", "a b c", "y")}, integers("a", 0), integers("b", 1<<62), integers("c", 1))), "want at most"},
		{"padded", encoded(fileOf([]*nodeProto{node("Pad", "x s", "y")}, integers("s", 1<<27, 0))), "pads"},
		{"padded very much", encoded(fileOf([]*nodeProto{node("Pad", "x s", "y")}, integers("s", math.MinInt64, 1<<62))), "pads"},
		{"reshaped", encoded(fileOf([]*nodeProto{node("Reshape", "x s", "y")}, big)), "shape"},
		{"doubling", encoded(fileOf(doubling)), "more elements than"},
		{"large input", encoded(file(13, &graphProto{nodes: []*nodeProto{node("Relu", "x", "y")}, inputs: []valueProto{floats("x", 1<<28, 1<<28)}, outputs: []valueProto{floats("y")}})), "more"},
		{"larger input", encoded(file(13, &graphProto{nodes: []*nodeProto{node("Relu", "x", "y")}, inputs: []valueProto{floats("x", 1<<60)}, outputs: []valueProto{floats("y")}})), "want at most"},
		{"large batch", encoded(file(13, &graphProto{nodes: []*nodeProto{node("RNN", "x W R", "y")}, tensors: []*tensorProto{weights("W", []int{1, 1, 1}, 1), weights("R", []int{1, 1, 1}, 1)},
			inputs: []valueProto{floats("x", 1, 1<<22, 1)}, outputs: []valueProto{floats("y")}})), "batch"},
		{"large window", encoded(file(13, &graphProto{nodes: []*nodeProto{node("Conv", "x w", "y", attr("pads", []int{1 << 40, 0}), attr("dilations", []int{1 << 40}))},
			tensors: []*tensorProto{weights("w", []int{1, 1, 2}, 1, 1)}, inputs: []valueProto{floats("x", 1, 1, 2)}, outputs: []valueProto{floats("y")}})), "dilation"},
		{"deep", encoded(file(13, &graphProto{nodes: nested(12).nodes, inputs: []valueProto{floats("x", 2), typed(boolType, "c")}, outputs: []valueProto{floats("y")}})), "bool"},
		{"too deep", encoded(file(13, deep(200))), "nested more than"},
		{"recursive function", encoded(recursive), "nested more than"},
		{"many inputs", encoded(many), "too many"},
		{"many empty nodes", append(encoded(fileOf(nil)), message(nil, 7, []byte(strings.Repeat("\n\x00", 1<<20)))...), "nodes"},
		{"old operators", encoded(file(6, fileOf(nil).graph)), "version 6, want 7 to"},
		{"new operators", encoded(file(99, fileOf(nil).graph)), "version 99"},
		{"a group", protowire.AppendTag(nil, 7, protowire.StartGroupType), "is no ONNX file"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			path := written(t, tc.b)
			folder := filepath.Dir(path)
			if err := os.WriteFile(filepath.Join(folder, "data"), make([]byte, 8), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link")); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := Import(path, Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 256<<20 {
				t.Errorf("allocated %d MiB", bytes>>20)
			}
		})
	}
}

// deep is a graph in a graph, so many deep, each once.
func deep(depth int) *graphProto {
	g := &graphProto{outputs: []valueProto{floats("y")}}
	for range depth {
		g = &graphProto{outputs: []valueProto{floats("y")}, nodes: []*nodeProto{node("If", "c", "y", attr("then_branch", g))}}
	}
	return g
}

// TestExternal reads numbers beside the model.
func TestExternal(t *testing.T) {
	path := written(t, encoded(fileOf([]*nodeProto{node("Add", "x w", "y")}, external("location", "data", "offset", "4", "length", "8"))))
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "data"), []byte{9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64}, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Import(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w := m.Param("w"); w == nil || w.Data[0] != 1 || w.Data[1] != 2 {
		t.Errorf("parameters %+v", m.Params)
	}
}
