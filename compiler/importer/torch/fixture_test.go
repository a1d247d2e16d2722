package torch

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

// shared is the path of a file of the data beside the repository; the test is
// skipped where it is not there.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("without the data beside the repository: %v", err)
	}
	return path
}

// reference is the tensors of a JSON file and the numbers beside it.
func reference(t *testing.T, path string) (inputs, outputs map[string]eval.Tensor) {
	t.Helper()
	type tensor struct {
		Name, DType   string
		Shape         []int
		Offset, Bytes int
	}
	var index struct{ Inputs, Outputs []tensor }
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	read := func(list []tensor) map[string]eval.Tensor {
		all := map[string]eval.Tensor{}
		for _, e := range list {
			if e.DType != "float32" {
				t.Fatalf("%s: %s is of %s", path, e.Name, e.DType)
			}
			x := eval.Tensor{Shape: e.Shape}
			for at := e.Offset; at < e.Offset+e.Bytes; at += 4 {
				x.Data = append(x.Data, float64(math.Float32frombits(binary.LittleEndian.Uint32(data[at:]))))
			}
			all[e.Name] = x
		}
		return all
	}
	return read(index.Inputs), read(index.Outputs)
}

// tolerance is of outputs, relative to the largest: what the engines that wrote the
// references round in float32, and twice that.
const tolerance = 2e-6

// agree holds a tensor against its reference.
func agree(t *testing.T, what string, got, want eval.Tensor) {
	t.Helper()
	if len(got.Data) != len(want.Data) {
		t.Errorf("%s: %d elements of shape %v, want %d of %v", what, len(got.Data), got.Shape, len(want.Data), want.Shape)
		return
	}
	most, worst, at := 0.0, 0.0, 0
	for i, w := range want.Data {
		most = max(most, math.Abs(w))
		if d := math.Abs(got.Data[i] - w); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance*most) {
		t.Errorf("%s: element %d is %v, want %v: off by %.3g, the largest is %.3g", what, at, got.Data[at], want.Data[at], worst, most)
	}
}

// run computes the output tensors of a model.
func run(t *testing.T, m *ir.Model, inputs map[string]eval.Tensor) map[string]eval.Tensor {
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

// write writes a text to a file of a temporary folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
