package asm

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestLayerLevel has a layer whose product has a form for AVX-512 and one whose
// product has none: the cell of the first is called at AVX-512, that of the second
// with its product at AVX2.
func TestLayerLevel(t *testing.T) {
	p := &kernel.Program{Name: "m", Level: AVX512}
	m := masks["lane16x32"](rand.New(rand.NewPCG(1, 2)), 64, 64, 0.2)
	addMatrix(t, p, "a", m, "window", 0)
	addMatrix(t, p, "b", m, "window", 0)
	packed, strategy, err := packAs("chunk", m)
	if err != nil {
		t.Fatal(err)
	}
	wide := p.Matrices[0].Form
	wide.Packed, wide.Strategy = packed, strategy
	p.Matrices[0].Wide = &wide
	p.Layers = []kernel.Layer{
		{Instrs: []kernel.Instr{kernel.MatVec{Matrix: 0}, kernel.LSTMCell{Size: 16}}},
		{Instrs: []kernel.Instr{kernel.MatVec{Matrix: 1}, kernel.GRUCell{Size: 16}}},
	}
	for i, want := range []Level{AVX512, AVX2} {
		if got := LayerLevel(p, p.Layout(), i, AVX512); got != want {
			t.Errorf("layer %d: level %v, want %v", i, got, want)
		}
	}
	files, err := Emit(p, "m")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Fatalf("%d files, want one for each level", len(files))
	}
	if stubs := string(files[1].Stubs); !strings.Contains(stubs, "func lstmCellAVX512(") || strings.Contains(stubs, "gruCell") {
		t.Errorf("cells for AVX-512: want lstmCell and no other in\n%s", stubs)
	}
}

// TestElementKernelNames: only cells have forms for AVX-512.
func TestElementKernelNames(t *testing.T) {
	for _, r := range []struct {
		function string
		level    Level
		want     string
	}{
		{"lstmCell", AVX2, "lstmCellAVX2"}, {"lstmCell", AVX512, "lstmCellAVX512"},
		{"gruReset", AVX512, "gruResetAVX512"}, {"tanh", AVX512, "tanhAVX2"},
	} {
		if got := (ElementCall{Func: r.function}).Kernel(r.level); got != r.want {
			t.Errorf("%s at %v: %s, want %s", r.function, r.level, got, r.want)
		}
	}
}
