package verify

import (
	"math"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/lower"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func lowered(t *testing.T, m *ir.Model, o schedule.Options) *kernel.Program {
	t.Helper()
	plan, err := schedule.Choose(m, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lower.Lower(m, plan)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestStored holds that the stored model has other weights where the precision
// was asked for, in the rows that the program has them in, and there alone.
func TestStored(t *testing.T) {
	m := model()
	if s, err := Stored(m, lowered(t, m, schedule.Options{})); err != nil || s != m {
		t.Errorf("a program of float32 stores another model, error %v", err)
	}
	before := m.Clone()
	p := lowered(t, m, schedule.Options{Weights: []schedule.Weights{{Tensor: "lstm.*", Precision: sparse.Int8}, {Tensor: "before.u", Precision: sparse.Fixed16}}})
	s, err := Stored(m, p)
	if err != nil {
		t.Fatal(err)
	}
	// A row's largest weight is at most 127 steps of 2^-7 of it, or 4095 of 13 bits.
	limits := map[string]float64{"lstm.w": 0x1.04p-8, "lstm.u": 0x1.04p-8, "before.u": 0x1.02p-13}
	for i, param := range s.Params {
		worst := 0.0
		for k, w := range m.Params[i].Data {
			if w != before.Params[i].Data[k] {
				t.Fatalf("%s: the model was written to", param.Name)
			}
			worst = max(worst, math.Abs(float64(param.Data[k])-float64(w)))
		}
		largest := 0.0
		for _, w := range param.Data {
			largest = max(largest, math.Abs(float64(w)))
		}
		if limit := limits[param.Name]; worst > limit*largest*1.001 || limit > 0 && worst == 0 {
			t.Errorf("%s: weights moved by %g, want more than 0 and at most %g of %g where they are not float32", param.Name, worst, limit, largest)
		}
	}
}

// TestStoredTwice: a Linear and an LSTM read one tensor, whose gate blocks end
// inside groups of rows of the whole: windows of 16-bit weights differ.
func TestStoredTwice(t *testing.T) {
	m := model()
	w := m.Param("lstm.w")
	m.Inputs = append(m.Inputs, ir.Input{Name: "x2", Type: ir.Vector(w.Shape[1])})
	m.Nodes = append(m.Nodes, ir.Node{Name: "other", Op: ir.Linear{Weight: "lstm.w"}, Inputs: []string{"x2"}})
	m.Outputs = append(m.Outputs, "other")
	p := lowered(t, m, schedule.Options{Force: []schedule.Force{{Tensor: "lstm.w", Strategy: "window/q16"}}})
	if _, err := Stored(m, p); err == nil || !strings.Contains(err.Error(), `tensor "lstm.w" is stored as q16 twice, and row `) {
		t.Errorf("error %v", err)
	}
	p = lowered(t, m, schedule.Options{Force: []schedule.Force{{Tensor: "lstm.w", Strategy: "window/int8"}}})
	if _, err := Stored(m, p); err != nil {
		t.Error(err)
	}
}
