package sparse

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestFixedChunkMisfits holds that weights which have no word where they lie are
// kept all the same: some too large for the scale of the others, some too small for
// their places.
func TestFixedChunkMisfits(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		m := NewMatrix(1+rng.IntN(100), 65+rng.IntN(200))
		for i := range m.Data {
			if rng.IntN(8) == 0 {
				m.Data[i] = 1 + 2*rng.Float32()
			}
		}
		want := ChunkSteps(m).Steps
		plain, err := PackFixedChunk(m)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			// Far enough from either end for a chunk from any column on.
			m.Row(rng.IntN(m.Rows))[ChunkColumns+rng.IntN(m.Cols-2*ChunkColumns)] = -0.1 - 0.1*rng.Float32()
			m.Row(rng.IntN(m.Rows))[rng.IntN(m.Cols)] = 4 + 4*rng.Float32()
		}
		c, err := PackFixedChunk(m)
		if err != nil {
			t.Fatal(err)
		}
		checkUnpack(t, c, m, 0)
		checkMulAdd(t, rng, c, m, 0)
		if c.Steps() <= plain.Steps() || plain.Steps() < want {
			t.Errorf("seed %d: %d steps, %d without misfits, %d of places beside weights", seed, c.Steps(), plain.Steps(), want)
		}
	}
}

// TestFixedChunkExtremes holds that scales leave no weight out that float32 has room
// for.
func TestFixedChunkExtremes(t *testing.T) {
	for _, m := range []*Matrix{
		{Rows: 1, Cols: 2, Data: []float32{math.MaxFloat32, -0x1.fffffep126}},
		{Rows: 1, Cols: 2, Data: []float32{0x1.800002p-95, -0x1p-96}},
		{Rows: 1, Cols: 2, Data: []float32{1, 0x1.000002p-7}},
	} {
		c, err := PackFixedChunk(m)
		if err != nil {
			t.Errorf("weights %g: %v", m.Data, err)
			continue
		}
		checkUnpack(t, c, m, 0)
	}
}

// TestFixedChunkRefusals names what has no words.
func TestFixedChunkRefusals(t *testing.T) {
	normal := NewMatrix(16, 300)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range normal.Data {
		normal.Data[i] = float32(rng.NormFloat64())
	}
	for _, row := range []struct {
		want string
		m    *Matrix
	}{
		{"300000 columns", NewMatrix(1, 300_000)},
		{"hold normal float32 only", &Matrix{Rows: 1, Cols: 1, Data: []float32{0x1p-130}}},
		{"hold normal float32 only", &Matrix{Rows: 1, Cols: 1, Data: []float32{float32(math.Inf(1))}}},
		{"weight 9.536744e-07 at row 1, column 1: no integer", &Matrix{Rows: 2, Cols: 2, Data: []float32{1, 2, 3, 0x1.000002p-20}}},
		{"rows 0 to 15: ", normal},
	} {
		if _, err := PackFixedChunk(row.m); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
}

// TestShareChunks wants the steps of two groups once each, none outside of its
// chunks, and as many shared as lane-balanced groups allow.
func TestShareChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	m := NewMatrix(2*ChunkRows, 10*ChunkColumns)
	least := [2]int{}
	for chunk := range 10 {
		keep := [2]int{rng.IntN(5), rng.IntN(5)}
		least[0] += min(keep[0], keep[1]) / 2
		least[1] += min(keep[0], keep[1]) % 2
		for r := range m.Rows {
			for _, c := range rng.Perm(ChunkColumns)[:keep[r/ChunkRows]] {
				m.Row(r)[chunk*ChunkColumns+c] = 1
			}
		}
	}
	a, b := newFixedGroup(m, 0).schedule, newFixedGroup(m, ChunkRows).schedule
	s := shareChunks(a, b)
	if len(s.quads) < least[0] || len(s.quads)+len(s.twos) < least[0]+least[1] {
		t.Errorf("%d quads and %d twos, want at least %d", len(s.quads), len(s.twos), least)
	}
	taken := map[chunkStep]int{}
	all := append(append([]basedStep{}, s.own[0]...), s.own[1]...)
	for _, q := range s.quads {
		all = append(all, q[:]...)
	}
	for _, two := range s.twos {
		all = append(all, two[:]...)
	}
	for _, step := range all {
		taken[step.chunkStep]++
		if step.base < step.low || step.base > step.high {
			t.Errorf("step of chunks %d to %d at %d", step.low, step.high, step.base)
		}
	}
	for _, step := range append(a, b...) {
		taken[step]--
	}
	for step, n := range taken {
		if n != 0 {
			t.Errorf("step %v: %d times too often", step, n)
		}
	}
}
