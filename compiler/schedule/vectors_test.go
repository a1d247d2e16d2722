package schedule

import (
	"fmt"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// TestVectors chooses for a matrix of which every eighth block of 8×4 weights is
// zeros: alone for blocks, which leave those out; for the vectors of a value for the
// dense kernel, which passes over the weights once for several.
func TestVectors(t *testing.T) {
	for rows, want := range map[int]string{1: "block8x4", 4: "dense"} {
		w := &ir.Param{Name: "w", Shape: []int{256, 256}, Data: make([]float32, 256*256)}
		for i := range w.Data {
			if block := i/256/8*64 + i%256/4; block%8 != block/64%8 {
				w.Data[i] = 1 + float32(i%7)
			}
		}
		m := &ir.Model{Name: "m", Inputs: []ir.Input{{Name: "x", Type: ir.Vector(256 * rows)}}, Params: []*ir.Param{w},
			Nodes:   []ir.Node{{Name: "y", Op: ir.Linear{Weight: "w", Rows: rows}, Inputs: []string{"x"}}},
			Outputs: []string{"y"}}
		plan, err := Choose(m, Options{Targets: []Target{Zen4(kernel.AVX2)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(plan.Matrices[0].Strategy); got != want {
			t.Errorf("%d rows: %s, want %s: %+v", rows, got, want, plan.Matrices[0].Candidates)
		}
	}
}

// TestSharedVectors wants one product of a matrix that nodes of one vector and of
// several share, with the most of them.
func TestSharedVectors(t *testing.T) {
	w := &ir.Param{Name: "w", Shape: []int{8, 8}, Data: make([]float32, 64)}
	m := &ir.Model{Name: "m", Inputs: []ir.Input{{Name: "x", Type: ir.Vector(8)}, {Name: "xs", Type: ir.Vector(24)}}, Params: []*ir.Param{w},
		Nodes: []ir.Node{
			{Name: "y", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}},
			{Name: "ys", Op: ir.Linear{Weight: "w", Rows: 3}, Inputs: []string{"xs"}},
		},
		Outputs: []string{"y", "ys"}}
	if list := Products(m); len(list) != 1 || list[0].Vectors != 3 || list[0].Node != "y" {
		t.Errorf("products %+v, want one of 3 vectors", list)
	}
}
