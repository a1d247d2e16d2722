package onnx

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// The published models and conformance tests with outputs by other engines. They are
// no part of the repository.
const dataFolder = "../../../../shared/data"

// dataOrSkip is the folder of the data.
func dataOrSkip(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(dataFolder); err != nil {
		t.Skipf("no data at %s", dataFolder)
	}
	return dataFolder
}

// reference is inputs and outputs of a model.
type reference struct {
	Inputs, Outputs []referenceTensor
}

type referenceTensor struct {
	Name, DType   string
	Shape         []int
	Offset, Bytes int
	data          []float64
}

// readReference reads a description and the numbers beside it.
func readReference(t *testing.T, path string) reference {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	numbers, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]referenceTensor{r.Inputs, r.Outputs} {
		for i := range list {
			list[i].read(t, numbers)
		}
	}
	return r
}

func (x *referenceTensor) read(t *testing.T, numbers []byte) {
	t.Helper()
	b := numbers[x.Offset : x.Offset+x.Bytes]
	n := product(x.Shape)
	for i := range n {
		switch x.DType {
		case "float32":
			x.data = append(x.data, float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))))
		case "int32":
			x.data = append(x.data, float64(int32(binary.LittleEndian.Uint32(b[4*i:]))))
		case "int64":
			x.data = append(x.data, float64(int64(binary.LittleEndian.Uint64(b[8*i:]))))
		case "uint8":
			x.data = append(x.data, float64(b[i]))
		default:
			t.Fatalf("tensor %q: type %s", x.Name, x.DType)
		}
	}
}

// tolerance is relative to the largest element of an output: the references were
// computed in float32.
const tolerance = 2e-6

// near fails where an output is not what it should be, relative to the largest.
func near(t *testing.T, name string, got, want []float64, largest, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("output %q: %d numbers, want %d", name, len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= tolerance*largest) {
		t.Errorf("output %q: differs by %.3g of the largest %.3g, want %g", name, worst/largest, largest, tolerance)
	}
}

// largestOf is the largest element by magnitude.
func largestOf(list []float64) float64 {
	largest := 0.0
	for _, x := range list {
		largest = max(largest, math.Abs(x))
	}
	return largest
}

// importFile imports a file or fails.
func importFile(t *testing.T, path string, o Options) *ir.Model {
	t.Helper()
	m, err := Import(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// check runs a model over the inputs of a reference that it has.
func check(t *testing.T, m *ir.Model, r reference, tolerance float64) {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]eval.Tensor{}
	for _, x := range r.Inputs {
		for _, edge := range m.Tensors {
			if edge.Name == x.Name && !edge.Output {
				inputs[x.Name] = eval.Tensor{Shape: x.Shape, Data: x.data}
			}
		}
	}
	outputs, err := g.RunTensors(inputs)
	if err != nil {
		t.Fatal(err)
	}
	largest := 1e-30
	for _, want := range r.Outputs {
		largest = max(largest, largestOf(want.data))
	}
	for _, want := range r.Outputs {
		near(t, want.Name, outputs[want.Name].Data, want.data, largest, tolerance)
	}
}

// TestNodes runs the official tests of the recurrent operators, those of onnx2c, and
// random cases that two other implementations agree on.
func TestNodes(t *testing.T) {
	folder := dataOrSkip(t)
	var files []string
	for _, pattern := range []string{"onnx/node-tests/*/io.json", "onnx/onnx2c-tests/*/io.json", "onnx/fuzz/*.json"} {
		list, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(list) < 11 {
			t.Fatalf("%d files %s", len(list), pattern)
		}
		files = append(files, list...)
	}
	for _, file := range files {
		models := []string{strings.TrimSuffix(file, "json") + "onnx"}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if name == "io" {
			name = filepath.Base(filepath.Dir(file))
			models, _ = filepath.Glob(filepath.Join(filepath.Dir(file), "model*.onnx"))
		}
		for _, model := range models {
			t.Run(name+"/"+filepath.Base(model), func(t *testing.T) {
				check(t, importFile(t, model, Options{}), readReference(t, file), tolerance)
			})
		}
	}
	t.Logf("%d cases", len(files))
}
