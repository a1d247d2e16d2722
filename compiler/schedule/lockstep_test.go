package schedule

import (
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestLockstep chooses for matrices of 5 % and of all weights: free, the choice
// is the faster one, and Force decides otherwise.
func TestLockstep(t *testing.T) {
	const rows, cols = 64, 128
	product := Products(linear(rows, cols, iid(1)))[0]
	const sparse, full = rows * cols / 20, rows * cols
	for _, tc := range []struct {
		name  string
		force []Force
		nnz   int
		want  kernel.Strategy
	}{
		{"sparse", nil, sparse, kernel.Stream},
		{"dense", nil, full, kernel.Dense},
		{"sparse held to dense", []Force{{"*", "dense"}}, sparse, kernel.Dense},
		{"sparse held to dense of 8 bits", []Force{{"w", "dense/int8"}}, sparse, kernel.Dense},
		{"dense held to blocks", []Force{{"w", "block8"}, {"*", "dense"}}, full, kernel.Stream},
		{"another is held", []Force{{"other", "dense"}}, sparse, kernel.Stream},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, streams := range []int{8, 16, 24, 32} {
				o := Options{Force: tc.force}
				if got := o.lockstep(product, rows, tc.nnz, streams); kernel.Strategy(got.Strategy) != tc.want || got.NS <= 0 || got.Reason == "" {
					t.Errorf("%d streams: %+v, want %v", streams, got, tc.want)
				}
			}
		})
	}
}
