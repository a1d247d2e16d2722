package kernel

import (
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestTurn wants the large matrices of a program to turn that is somewhat larger than
// the second level of a cache, or nearly as large, and those of no other.
func TestTurn(t *testing.T) {
	for _, test := range []struct {
		rows []int // of matrices of 256 columns, a KiB each
		want []bool
	}{
		{[]int{64}, []bool{false}},
		{[]int{400}, []bool{false}},
		{[]int{1024}, []bool{true}},
		{[]int{1000, 80, 500}, []bool{true, false, true}},
		{[]int{4096}, []bool{false}},
	} {
		p := &Program{}
		for _, rows := range test.rows {
			d := sparse.PackDense(sparse.NewMatrix(rows, 256))
			p.Matrices = append(p.Matrices, Matrix{Form: Form{Strategy: Dense, Packed: d, Ranges: RangesFor(d, 0)}})
		}
		p.Turn()
		for i, want := range test.want {
			f := &p.Matrices[i].Form
			if f.Turns != want {
				t.Errorf("matrices of %d rows: matrix %d turns: %v", test.rows, i, f.Turns)
			}
			if want && (len(f.Ranges) < 3 || len(f.Ranges) > 5 || f.Ranges[len(f.Ranges)-1].To != (test.rows[i]+7)/8) {
				t.Errorf("matrices of %d rows: matrix %d in ranges %v", test.rows, i, f.Ranges)
			}
		}
		if n := len(p.Turning()); (n > 0) != test.want[0] {
			t.Errorf("matrices of %d rows: %d turn", test.rows, n)
		}
	}
}
