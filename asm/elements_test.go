package asm

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestElementCalls wants a kernel behind every call, and vectors as long as the
// program says that the instruction touches.
func TestElementCalls(t *testing.T) {
	ref := func(id int) kernel.Ref { return kernel.Ref{ID: id} }
	rows := []struct {
		in    kernel.Instr
		calls string
	}{
		{kernel.Copy{Dst: ref(0), Src: ref(1), Size: 5}, ""},
		{kernel.Lookup{Dst: ref(0)}, ""},
		{kernel.Activate{Func: kernel.Tanh, Dst: ref(0), Src: ref(1), Size: 17}, "tanh"},
		{kernel.Activate{Func: kernel.Sigmoid, Dst: ref(0), Src: ref(1), Size: 17}, "sigmoid"},
		{kernel.Activate{Func: kernel.ReLU, Dst: ref(0), Src: ref(1), Size: 17}, "relu"},
		{kernel.Activate{Func: kernel.ClippedReLU, Clip: 2, Dst: ref(0), Src: ref(1), Size: 17}, "clippedReLU"},
		{kernel.Binary{Func: kernel.Add, Dst: ref(0), A: ref(1), B: ref(2), Size: 17}, "add"},
		{kernel.Binary{Func: kernel.Sub, Dst: ref(0), A: ref(1), B: ref(2), Size: 17}, "sub"},
		{kernel.Binary{Func: kernel.Mul, Dst: ref(0), A: ref(1), B: ref(2), Size: 17}, "mul"},
		{kernel.Softmax{Dst: ref(0), Src: ref(1), Size: 17}, "softmax"},
		{kernel.Softmax{Dst: ref(0), Src: ref(1), Size: 17, Groups: 3}, "softmaxGroups"},
		{kernel.Reduce{Func: kernel.Mean, Dst: ref(0), Src: ref(1), Size: 17, Groups: 24}, "meanOf"},
		{kernel.Normalize{Dst: ref(0), Src: ref(1), Size: 17, Groups: 2}, "normalize"},
		{kernel.Pick{Dst: ref(0), Src: ref(1), Moves: kernel.Moves([]int{3, 2, 1})}, ""},
		{kernel.Activate{Func: kernel.Affine, Dst: ref(0), Src: ref(1), Size: 17}, "affine"},
		{kernel.Activate{Func: kernel.Sqrt, Dst: ref(0), Src: ref(1), Size: 17}, "sqrt zero"},
		{kernel.Activate{Func: kernel.Exp, Dst: ref(0), Src: ref(1), Size: 17}, "exp"},
		{kernel.Binary{Func: kernel.Div, Dst: ref(0), A: ref(1), B: ref(2), Size: 24}, "div"},
		{kernel.Binary{Func: kernel.Pow, Dst: ref(0), A: ref(1), B: ref(2), Size: 17}, "pow"},
		{kernel.GRUCell{H: ref(0), X: ref(1), R: ref(2), Size: 17}, "gruCell"},
		{kernel.GRUCell{Func: kernel.ReLU, H: ref(0), X: ref(1), R: ref(2), Size: 17}, "gruReset gruUpdateReLU"},
		{kernel.GRUReset{RH: ref(0), H: ref(1), X: ref(2), R: ref(3), Size: 17}, "gruReset"},
		{kernel.GRUUpdate{H: ref(0), X: ref(1), R: ref(2), N: ref(3), Size: 17}, "gruUpdateTanh"},
		{kernel.LSTMCell{H: ref(0), C: ref(1), X: ref(2), Size: 17}, "lstmCell"},
	}
	for _, r := range rows {
		calls, err := ElementCalls(r.in)
		if err != nil {
			t.Errorf("%T: %v", r.in, err)
			continue
		}
		var names []string
		for _, c := range calls {
			names = append(names, c.Func)
			if c.Portable {
				continue
			}
			if mathByName[c.Func] == 0 && cellByName[c.Func] == 0 {
				t.Errorf("%T: no kernel is called %s", r.in, c.Func)
			}
			if c.Func != "sqrt" && c.Func != "div" && c.CountsN == (c.N%kernel.Lanes == 0) {
				t.Errorf("%s: n = %d, exact %v: want whole groups of lanes unless it counts", c.Func, c.N, c.CountsN)
			}
			for _, v := range c.Vectors {
				if v.Len%8 != 0 && c.Func != "sqrt" || v.Len < 17 {
					t.Errorf("%s: vector of %d elements", c.Func, v.Len)
				}
			}
		}
		if got := strings.Join(names, " "); got != r.calls {
			t.Errorf("%T: calls %q, want %q", r.in, got, r.calls)
		}
	}
	for _, in := range []kernel.Instr{
		kernel.GRUCell{Func: kernel.Sigmoid, Size: 1}, kernel.GRUUpdate{Func: kernel.ClippedReLU, Size: 1}, kernel.Activate{Func: 99}, nil,
	} {
		if calls, err := ElementCalls(in); err == nil {
			t.Errorf("%T %+v: %v, want an error", in, in, calls)
		}
	}
}

func TestEmitNamesLayer(t *testing.T) {
	p := &kernel.Program{Layers: []kernel.Layer{{Name: "gru0", Instrs: []kernel.Instr{kernel.GRUCell{Func: kernel.Sigmoid, Size: 1}}}}}
	if _, err := Emit(p, "m"); err == nil || !strings.Contains(err.Error(), `layer "gru0": no kernel for a GRU whose candidate is sigmoid`) {
		t.Errorf("error %v", err)
	}
}

// TestEmitNeeds wants the kernels of the program and no others.
func TestEmitNeeds(t *testing.T) {
	p := &kernel.Program{Layers: []kernel.Layer{{Instrs: []kernel.Instr{kernel.Activate{Func: kernel.Tanh, Size: 8}, kernel.LSTMCell{Size: 8}}}}}
	files, err := Emit(p, "m")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(files[0].Stubs), "\nfunc "); n != 4 || len(files) != 1 { // cpuid, xgetbv, tanh, lstmCell
		t.Errorf("%d functions in %d files, want 4 in 1:\n%s", n, len(files), files[0].Stubs)
	}
}
