package codegen

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// tagger is x[6] → GRU[20] forwards and LSTM[9] backwards from a learned initial
// state, where the mask lets it → both, the forward half also two frames ahead and
// at the first frame → Linear[3]. Users see the states, those of the GRU in another
// order.
func tagger(t *testing.T) *kernel.Program {
	const hidden, back = 20, 9
	b := newBuilder(t, "tagger", 6)
	x, counts := b.input("x", 6), b.input("counts", 1)
	pad, backPad := kernel.Pad(hidden), kernel.Pad(back)

	h := b.state("set gru.h", hidden, -1)
	gruX, gruR := b.buffer("gru.x", 3*pad), b.buffer("gru.r", 3*pad)
	bias := b.constant("gru.bias", 1, 3*pad)
	b.layer("gru", "GRU",
		kernel.MatVec{Dst: gruX, Init: bias, Src: x, Matrix: b.matrix("gru.weight_ih", 3, hidden, 6, 1, kernel.Dense)},
		kernel.MatVec{Dst: gruR, Init: bias, Src: h, Matrix: b.matrix("gru.weight_hh", 3, hidden, hidden, .3, kernel.Window)},
		kernel.GRUCell{H: h, X: gruX, R: gruR, Size: hidden})

	init := b.constant("lstm.c0", 1, back)
	lh, lc := b.state("gru.h", back, -1), b.state("lstm.c", back, init.ID)
	pre, value := b.buffer("lstm.x", 4*backPad), b.buffer("lstm", back)
	b.layer("lstm", "LSTM",
		kernel.Masked{Mask: counts, Value: value, Size: back},
		kernel.MatVec{Dst: pre, Init: b.constant("lstm.bias", 1, 4*backPad), Src: x, Matrix: b.matrix("lstm.weight_ih", 4, back, 6, .6, kernel.Window)},
		kernel.MatVec{Dst: pre, Init: pre, Src: lh, Matrix: b.matrix("lstm.weight_hh", 4, back, back, 1, kernel.Dense)},
		kernel.LSTMCell{H: lh, C: lc, X: pre, Size: back},
		kernel.Copy{Dst: value, Src: lh, Size: back})
	b.p.Layers[len(b.p.Layers)-1].Reverse = true

	ahead, first, all := b.buffer("ahead", hidden), b.buffer("first", hidden), b.buffer("all", 2*hidden+back)
	b.layer("ahead", "Ahead by 2", kernel.Ahead{Dst: ahead, Src: h, By: 2, Size: hidden})
	b.layer("first", "Hold of the first frame", kernel.Hold{Dst: first, Src: h, At: kernel.First, Size: hidden})
	y := b.buffer("y", 3)
	b.layer("out", "Linear",
		kernel.Binary{Func: kernel.Add, Dst: ahead, A: ahead, B: first, Size: hidden},
		kernel.Copy{Dst: all, Src: h, Size: hidden},
		kernel.Copy{Dst: kernel.Ref{ID: all.ID, Off: hidden}, Src: ahead, Size: hidden},
		kernel.Copy{Dst: kernel.Ref{ID: all.ID, Off: 2 * hidden}, Src: value, Size: back},
		kernel.MatVec{Dst: y, Init: b.constant("out.bias", 1, 3), Src: all, Matrix: b.matrix("out.weight", 1, 3, 2*hidden+back, .7, kernel.Dense)})
	b.output("y", y, 3)
	for i := range b.p.States {
		b.p.States[i].Exposed = true
	}
	for i := range hidden {
		b.p.States[0].Units = append(b.p.States[0].Units, (7*i+3)%hidden)
	}
	return b.program()
}

// TestAccessors gives every exposed state a pair of methods of its own.
func TestAccessors(t *testing.T) {
	p := &kernel.Program{}
	for _, name := range []string{"h", "set h", "step", "0", "hidden", "H"} {
		p.States = append(p.States, kernel.State{Name: name, Exposed: name != "hidden"})
	}
	want := [][2]string{{"h", "H"}, {"set h", "SetH_2"}, {"step", "Step_2"}, {"0", "V0"}, {"H", "H_3"}}
	seen := map[string]bool{"Step": true}
	for i, a := range Accessors(p) {
		if a.State.Name != want[i][0] || a.Get != want[i][1] {
			t.Errorf("accessor %d: %q by %s, want %q by %s", i, a.State.Name, a.Get, want[i][0], want[i][1])
		}
		for _, method := range []string{a.Get, a.Set} {
			if seen[method] {
				t.Errorf("two methods %s", method)
			}
			seen[method] = true
		}
	}
}

// TestWholeRefuses: streams in lockstep and workers need a step.
func TestWholeRefuses(t *testing.T) {
	_, err := Emit(tagger(t), Options{Package: "m", Batch: Batch{Streams: 8, Program: tagger(t)}})
	if want := `program "tagger" takes whole sequences: it has neither streams in lockstep nor workers`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
