package kernel

import (
	"reflect"
	"strings"
	"testing"
)

// reader is a program for whole sequences without products: a state that goes
// forwards, one that goes backwards where a mask lets it, one that two layers
// update together, and what lies ahead and at the end.
func reader() *Program {
	at := func(id int) Ref { return Ref{ID: id} }
	return &Program{
		Name: "reader",
		Inputs: []Port{
			{Name: "x", Buf: 0, Size: 5},
			{Name: "counts", Buf: 1, Size: 1},
		},
		Outputs: []Port{{Name: "y", Buf: 7, Size: 5}},
		Buffers: []Buffer{{"x", 5}, {"counts", 1}, {"f", 5}, {"b", 5}, {"both", 5}, {"ahead", 5}, {"sum", 5}, {"y", 5}, {"value", 5}, {"last", 5}},
		States: []State{
			{Name: "f", Buf: 2, Size: 5, Init: -1},
			{Name: "b", Buf: 3, Size: 5, Init: -1, Exposed: true, Units: []int{4, 3, 2, 1, 0}},
			{Name: "both", Buf: 4, Size: 5, Init: -1, Exposed: true},
		},
		Layers: []Layer{
			{Name: "f", Doc: "forwards", Instrs: []Instr{Binary{Func: Add, Dst: at(2), A: at(2), B: at(0), Size: 5}}},
			{Name: "b", Doc: "backwards", Reverse: true, Instrs: []Instr{
				Masked{Mask: at(1), Value: at(8), Size: 5},
				Binary{Func: Add, Dst: at(3), A: at(3), B: at(2), Size: 5},
				Copy{Dst: at(8), Src: at(3), Size: 5},
			}},
			{Name: "ahead", Doc: "by 2", Instrs: []Instr{Ahead{Dst: at(5), Src: at(8), By: 2, Size: 5}}},
			{Name: "last", Doc: "of ahead", Instrs: []Instr{Hold{Dst: at(9), Src: at(5), At: Last, Size: 5}}},
			{Name: "sum", Doc: "reads a state", Instrs: []Instr{Binary{Func: Sub, Dst: at(6), A: at(4), B: at(9), Size: 5}}},
			{Name: "store", Doc: "updates it", Instrs: []Instr{Copy{Dst: at(4), Src: at(6), Size: 5}}},
			{Name: "y", Doc: "of both", Instrs: []Instr{Binary{Func: Mul, Dst: at(7), A: at(4), B: at(3), Size: 5}}},
		},
	}
}

func TestStages(t *testing.T) {
	p := reader()
	if err := p.Verify(); err != nil {
		t.Fatal(err)
	}
	want := []Stage{
		{From: 0, To: 1, States: []int{2}},
		{From: 1, To: 2, Reverse: true, States: []int{3}},
		{From: 2, To: 3},
		{From: 3, To: 4},
		{From: 4, To: 6, States: []int{4}},
		{From: 6, To: 7},
	}
	if got := p.Stages(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if p.Streaming() || !sound().Streaming() {
		t.Errorf("streaming: %v and %v, want false of a reader and true of a step", p.Streaming(), sound().Streaming())
	}
	if !p.Mask(1) || p.Mask(0) || !p.Masked() || sound().Masked() {
		t.Error("want the second input as a mask, and no other")
	}
	for buf, want := range map[int]bool{2: false, 3: true, 4: false, 0: false} {
		if got := p.Reversed(buf); got != want {
			t.Errorf("buffer %q goes backwards: %v, want %v", p.Buffers[buf].Name, got, want)
		}
	}
}

// TestWholeSequence: products go ahead in a stage of one layer only.
func TestWholeSequence(t *testing.T) {
	p := sound()
	p.Layers[0].Reverse = true
	if err := p.Verify(); err != nil {
		t.Fatal(err)
	}
	all := func(MatVec) bool { return true }
	got := p.WholeSequence(all)
	if len(got[0].Ahead) != 1 || len(got[0].Rest) != 2 || !reflect.DeepEqual(got[0].States, []int{2}) {
		t.Errorf("got %+v, want the product ahead of two instructions, and state 2", got)
	}
	p.Layers[0].Instrs = append(p.Layers[0].Instrs, Copy{Dst: Ref{ID: 1}, Src: Ref{ID: 2}, Size: 7})
	p.Layers = append(p.Layers, Layer{Name: "more", Reverse: true, Instrs: []Instr{Copy{Dst: Ref{ID: 2}, Src: Ref{ID: 1}, Size: 3}}})
	for i, l := range p.WholeSequence(all) {
		if len(l.Ahead) != 0 || len(l.Rest) != len(p.Layers[i].Instrs) {
			t.Errorf("layer %d: %+v, want all of it frame by frame", i, l)
		}
	}
}

func TestVerifyWhole(t *testing.T) {
	for want, spoil := range map[string]func(*Program){
		`layer "store": goes through a sequence the other way than layer "sum"`: func(p *Program) { p.Layers[5].Reverse = true },
		`layer "ahead": reads 0 frames ahead`: func(p *Program) {
			p.Layers[2].Instrs = []Instr{Ahead{Dst: Ref{ID: 5}, Src: Ref{ID: 8}, Size: 5}}
		},
		`layer "last": holds end 7 of a sequence`: func(p *Program) {
			p.Layers[3].Instrs = []Instr{Hold{Dst: Ref{ID: 9}, Src: Ref{ID: 5}, At: 7, Size: 5}}
		},
		`layer "last": has a copy beside`: func(p *Program) {
			p.Layers[3].Instrs = append(p.Layers[3].Instrs, Copy{Dst: Ref{ID: 6}, Src: Ref{ID: 5}, Size: 5})
		},
		`layer "ahead": reads other frames and has a part in a state`: func(p *Program) {
			p.Layers[2].Instrs = []Instr{Ahead{Dst: Ref{ID: 4}, Src: Ref{ID: 8}, By: 1, Size: 5}, Ahead{Dst: Ref{ID: 5}, Src: Ref{ID: 8}, By: 1, Size: 5}}
		},
		`Src and Dst overlap in buffer "ahead"`: func(p *Program) {
			p.Layers[2].Instrs = append(p.Layers[2].Instrs, Ahead{Dst: Ref{ID: 5}, Src: Ref{ID: 5}, By: 1, Size: 5})
		},
		`layer "b": masked from instruction 1 on`: func(p *Program) {
			in := p.Layers[1].Instrs
			in[0], in[1] = in[1], in[0]
		},
		`needs whole sequences, which 8 streams in lockstep have not`: func(p *Program) { p.Batch = 8 },
		`layer "b": masked, which 8 streams in lockstep cannot be`:    func(p *Program) { p.Batch = 8 },
		`state "b": places for 4 elements, want 5`:                    func(p *Program) { p.States[1].Units = p.States[1].Units[1:] },
		`state "b": places for 5 elements, want 5 of an exposed`:      func(p *Program) { p.States[1].Exposed = false },
		`state "b": place 3 is taken or none of 5`:                    func(p *Program) { p.States[1].Units[0] = 3 },
		`state "b": place -1 is taken or none of 5`:                   func(p *Program) { p.States[1].Units[0] = -1 },
	} {
		p := reader()
		spoil(p)
		if err := p.Verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestStringWhole(t *testing.T) {
	text := reader().String()
	for _, want := range []string{
		"state b [5] in b from zeros, exposed as [4 3 2 1 0]\nstate both [5] in both from zeros, exposed\n",
		"layer b backwards // backwards\n\tmasked value by counts, 5\n",
		"\tahead ahead = value in 2, 5\n",
		"\thold last = ahead at last, 5\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
