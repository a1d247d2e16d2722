package kernel

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// sound is y = tanh(b + W·x) and a state that follows y.
func sound() *Program {
	w := sparse.NewMatrix(16, 5)
	w.Data[3] = 1
	d := sparse.PackDense(w)
	return &Program{
		Name:    "p",
		Inputs:  []Port{{Name: "x", Buf: 0, Size: 5}, {Name: "i", Buf: -1, Size: 1, Bound: 3}},
		Outputs: []Port{{Name: "y", Buf: 1, Size: 10}},
		Buffers: []Buffer{{"x", 5}, {"y", 10}, {"h", 10}},
		States:  []State{{Name: "h", Buf: 2, Size: 10, Init: -1}},
		Consts: []Const{{Name: "b", Rows: 1, Cols: 10, Data: make([]float32, 16)},
			{Name: "e", Rows: 3, Cols: 5, Data: make([]float32, 48)}},
		Matrices: []Matrix{{Name: "w", Rows: 10, Cols: 5, NNZ: 1, Form: Form{Strategy: Dense, Packed: d, Ranges: []Range{{0, 2}}}}},
		Layers: []Layer{{Name: "y", Doc: "sum", Instrs: []Instr{
			MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{ID: 0}, Matrix: 0},
			Activate{Func: Tanh, Dst: Ref{ID: 1}, Src: Ref{ID: 1}, Size: 10},
			Copy{Dst: Ref{ID: 2, Off: 3}, Src: Ref{ID: 1}, Size: 7},
		}}},
	}
}

func TestVerify(t *testing.T) {
	if err := sound().Verify(); err != nil {
		t.Fatalf("sound program: %v", err)
	}
	instr := func(in Instr) func(*Program) {
		return func(p *Program) { p.Layers[0].Instrs = append(p.Layers[0].Instrs, in) }
	}
	for want, spoil := range map[string]func(*Program){
		`buffer "y": two buffers`:                          func(p *Program) { p.Buffers[2].Name = "y" },
		`buffer "h": length 0`:                             func(p *Program) { p.Buffers[2].Len = 0 },
		`output "y": buffer 7, there are 3`:                func(p *Program) { p.Outputs[0].Buf = 7 },
		`output "y": size 11, buffer "y" has 10`:           func(p *Program) { p.Outputs[0].Size = 11 },
		`output "y": is an index`:                          func(p *Program) { p.Outputs[0].Bound = 2 },
		`no output`:                                        func(p *Program) { p.Outputs = nil },
		`input "i": an index has buffer 0`:                 func(p *Program) { p.Inputs[1].Buf = 0 },
		`state "h": initial constant 5, there are 2`:       func(p *Program) { p.States[0].Init = 5 },
		`state "h": initial constant "e" is 3×5`:           func(p *Program) { p.States[0].Init = 1 },
		`state "k": shares its buffer with state "h"`:      func(p *Program) { p.States = append(p.States, State{Name: "k", Buf: 2, Size: 10, Init: -1}) },
		`constant 0 "b": 15 values`:                        func(p *Program) { p.Consts[0].Data = p.Consts[0].Data[:15] },
		`constant 0 "b": padding of row 0 is not zero`:     func(p *Program) { p.Consts[0].Data[12] = 1 },
		`matrix "w": 16 packed rows for 17`:                func(p *Program) { p.Matrices[0].Rows = 17 },
		`matrix "w": 5 packed columns, want 4`:             func(p *Program) { p.Matrices[0].Cols = 4 },
		`matrix "w": 1 packed weights, want 2`:             func(p *Program) { p.Matrices[0].NNZ = 2 },
		`matrix "w": ranges end at group 1, want 2`:        func(p *Program) { p.Matrices[0].Ranges = []Range{{0, 1}} },
		`matrix "w": range 1–2 does not continue at group`: func(p *Program) { p.Matrices[0].Ranges = []Range{{1, 2}} },
		`matrix 0 "w": not packed`:                         func(p *Program) { p.Matrices[0].Packed = nil },
		`matrix "w": no layer reads it`:                    func(p *Program) { p.Layers[0].Instrs = p.Layers[0].Instrs[1:] },
		`layer "": name is empty or taken`:                 func(p *Program) { p.Layers[0].Name = "" },
		`(matvec): matrix 4, there are 1`:                  instr(MatVec{Matrix: 4}),
		`(lookup): table 9, there are 2`:                   instr(Lookup{Table: 9}),
		`(lookup): input "x" is bound by 0`:                instr(Lookup{Table: 1, Input: 0, Dst: Ref{ID: 1}}),
		`Dst writes to constant "b"`:                       instr(Copy{Dst: Ref{Space: Con}, Src: Ref{ID: 1}, Size: 2}),
		`Dst refers to nothing`:                            instr(Copy{Dst: Ref{ID: 8}, Src: Ref{ID: 1}, Size: 2}),
		`Src begins at element 3 of "h"`:                   instr(Activate{Dst: Ref{ID: 1}, Src: Ref{ID: 2, Off: 3}, Size: 4}),
		`Src needs elements 16 to 32 of "h", which has 16`: instr(Activate{Dst: Ref{ID: 1}, Src: Ref{ID: 2, Off: 16}, Size: 4}),
		`Dst writes to the input buffer "x"`:               instr(Activate{Dst: Ref{ID: 0}, Src: Ref{ID: 1}, Size: 5}),
		`Src and Dst overlap in buffer "h"`:                instr(Copy{Dst: Ref{ID: 2, Off: 1}, Src: Ref{ID: 2}, Size: 4}),
		`reads buffer "late" from element 0 before`: func(p *Program) {
			p.Buffers = append(p.Buffers, Buffer{"late", 4})
			instr(Copy{Dst: Ref{ID: 1}, Src: Ref{ID: 3}, Size: 4})(p)
		},
		`fewer than 32 readable elements`: func(p *Program) {
			p.Layers[0].Instrs[0] = MatVec{Dst: Ref{ID: 1}, Init: Ref{Space: Con}, Src: Ref{Space: Con, ID: 0}, Matrix: 0}
		},
	} {
		p := sound()
		spoil(p)
		err := p.Verify()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestVerifyListsAllFaults(t *testing.T) {
	p := sound()
	p.Outputs[0].Size, p.Matrices[0].NNZ = 99, 99
	err := p.Verify()
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want two faults", err)
	}
}

func TestString(t *testing.T) {
	const want = `program "p" for avx2
input x [5] in x
input i index below 3
output y [10] in y
buffer x [5]
buffer y [10]
buffer h [10]
state h [10] in h from zeros
constant c0 "b" [1×10]
constant c1 "e" [3×5]
matrix m0 "w" dense [10×5] nnz 1, packed rows 16, steps 10, bytes 320, ranges 0–2

layer y // sum
	matvec y = c0 + m0·x
	activate y = tanh y, 10
	copy h+3 = y, 7
`
	if got := sound().String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
