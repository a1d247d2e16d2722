package kernel

import (
	"fmt"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestTurn wants large products of a program to turn that is somewhat larger than the
// second level of a cache, or nearly as large, and those of no other; products of the
// same rows together.
func TestTurn(t *testing.T) {
	for _, test := range []struct {
		rows []int  // of matrices of 256 columns, a KiB a row
		want string // instructions from, to and number of shares
	}{
		{[]int{64}, "[]"},
		{[]int{400}, "[]"},
		{[]int{640}, "[0–1 4]"},
		{[]int{1000, 80, 500}, "[0–1 4 2–3 4]"},
		{[]int{512, 512}, "[0–2 2]"},
		{[]int{200, 200, 80}, "[]"},
		{[]int{200, 200, 200}, "[0–3 2]"},
		{[]int{4096}, "[]"},
	} {
		p := &Program{Layers: []Layer{{}}}
		for i, rows := range test.rows {
			d := sparse.PackDense(sparse.NewMatrix(rows, 256))
			p.Matrices = append(p.Matrices, Matrix{Form: Form{Strategy: Dense, Packed: d, Ranges: RangesFor(d, 0)}})
			p.Layers[0].Instrs = append(p.Layers[0].Instrs, MatVec{Dst: Ref{ID: i}, Init: Ref{Space: Con}, Src: Ref{ID: 100}, Matrix: i})
		}
		p.Turn()
		got := []string{}
		for _, turn := range p.TurnsAt(0, AVX2) {
			got = append(got, fmt.Sprintf("%d–%d %d", turn.From, turn.To, len(turn.Shares)))
			v := &verifier{p: p}
			if v.phases(p.Layers[0], p.Layers[0].Turns, p.turning); len(v.faults) > 0 {
				t.Errorf("matrices of %d rows: %v", test.rows, v.faults)
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("matrices of %d rows: turns %v, want %s", test.rows, got, test.want)
		}
	}
}

// TestTurnLevels wants the form of a level whose weights are too many to stay in the
// ranges that it has.
func TestTurnLevels(t *testing.T) {
	large, small := sparse.NewMatrix(512, 512), sparse.NewMatrix(512, 512)
	for i := range large.Data {
		if large.Data[i] = 1; i%4 == 0 {
			small.Data[i] = 1
		}
	}
	wide := sparse.PackChunk(small)
	packed := sparse.PackDense(large)
	p := &Program{Base: AVX2, Level: AVX512, Layers: []Layer{{Instrs: []Instr{
		MatVec{Dst: Ref{ID: 0}, Init: Ref{Space: Con}, Src: Ref{ID: 1}},
		MatVec{Dst: Ref{ID: 2}, Init: Ref{Space: Con}, Src: Ref{ID: 1}, Matrix: 1},
	}}}}
	for range 2 {
		p.Matrices = append(p.Matrices, Matrix{
			Form: Form{Strategy: Dense, Packed: packed, Ranges: []Range{{0, 40}, {40, 64}}},
			Wide: &Form{Strategy: Chunk, Packed: wide, Ranges: RangesFor(wide, 0)},
		})
	}
	p.Turn()
	if len(p.TurnsAt(0, AVX2)) != 0 || len(p.TurnsAt(0, AVX512)) != 1 {
		t.Fatalf("turns %v and %v, want some for AVX-512 alone", p.TurnsAt(0, AVX2), p.TurnsAt(0, AVX512))
	}
	for _, m := range p.Matrices {
		if fmt.Sprint(m.Ranges) != "[{0 40} {40 64}]" || len(m.Wide.Ranges) != 2 {
			t.Errorf("ranges %v, for AVX-512 %v", m.Ranges, m.Wide.Ranges)
		}
	}
}
