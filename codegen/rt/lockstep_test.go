package rt

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestLockstepDense holds every stream against a product in float64, with a start
// of each stream and with one for all.
func TestLockstepDense(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, cols, lanes = 48, 7, 16
	m := sparse.NewMatrix(rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(rng.NormFloat64())
	}
	panels := sparse.PackDense(m).Sections()[0].Data
	weights := weightsAt[float32](unsafe.Pointer(&panels[0]), 0, len(panels)/4)
	src := normals(rng, cols*lanes)
	for _, stride := range []int{1, lanes} {
		init, dst := normals(rng, rows*stride), make([]float32, rows*lanes)
		lockstepDense(dst, init, src, weights, cols, lanes, stride)
		for r := range rows {
			for lane := range lanes {
				want, magnitude := float64(init[r*stride+lane%stride]), 0.0
				for c, w := range m.Row(r) {
					p := float64(w) * float64(src[c*lanes+lane])
					want, magnitude = want+p, magnitude+math.Abs(p)
				}
				// Each of the cols products and sums rounds once.
				if got := float64(dst[r*lanes+lane]); math.Abs(got-want) > 2*cols*0x1p-24*(magnitude+math.Abs(want)) {
					t.Fatalf("stride %d, row %d, stream %d: %v, want %v", stride, r, lane, got, want)
				}
			}
		}
	}
}

// TestLockstepStream runs a tile of rows of 5, 4 and 0 weights.
func TestLockstepStream(t *testing.T) {
	const lanes = 8
	src := make([]float32, 8*lanes)
	for i := range src {
		src[i] = float32(i/lanes) + float32(i%lanes)/8 // column and stream
	}
	offsetOf := func(column int) uint16 { return uint16(column * lanes / 2) }
	columns := [][]int{{0, 1, 2, 3, 7}, {1, 3, 5, 7}}
	weights := []float32{1, 2, -1, 4, 0.5, 1, 1, -2, 3}
	var offsets []uint16
	for _, row := range columns {
		for _, c := range row {
			offsets = append(offsets, offsetOf(c))
		}
	}
	ids := []uint16{2, 0, 1} // rows by falling length
	runs := []uint32{1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0}
	init, dst := []float32{10, 20, 30}, make([]float32, 3*lanes)
	lockstepStream(dst, init, src, weights, offsets, ids, runs, lanes, 1)
	for lane := range lanes {
		x := func(c int) float32 { return src[c*lanes+lane] }
		want := []float32{10 + x(1) + x(3) - 2*x(5) + 3*x(7), 20, 30 + x(0) + 2*x(1) - x(2) + 4*x(3) + 0.5*x(7)}
		for r, w := range want { // small multiples of 1/16: exact in any order
			if got := dst[r*lanes+lane]; got != w {
				t.Errorf("row %d, stream %d: %v, want %v", r, lane, got, w)
			}
		}
	}
}

func normals(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}
