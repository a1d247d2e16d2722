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
			if v.phases(p.Layers[0], p.Layers[0].Turns); len(v.faults) > 0 {
				t.Errorf("matrices of %d rows: %v", test.rows, v.faults)
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("matrices of %d rows: turns %v, want %s", test.rows, got, test.want)
		}
	}
}
