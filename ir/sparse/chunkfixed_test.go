package sparse

import (
	"math"
	"math/rand/v2"
	"slices"
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

// TestShareTile wants the steps of four groups once each, none outside of its chunks,
// and as many fours as lane-balanced groups allow.
func TestShareTile(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for groups := 1; groups <= chunkTile; groups++ {
		m, fours := NewMatrix(groups*ChunkRows, 10*ChunkColumns), 0
		for chunk := range 10 {
			keep := []int{rng.IntN(5), rng.IntN(5), rng.IntN(5), rng.IntN(5)}
			fours += slices.Min(keep)
			for r := range m.Rows {
				for _, c := range rng.Perm(ChunkColumns)[:keep[r/ChunkRows]] {
					m.Row(r)[chunk*ChunkColumns+c] = 1
				}
			}
		}
		var schedules [][]chunkStep
		left := make([]map[chunkStep]int, groups)
		for g := range groups {
			schedules = append(schedules, newFixedGroup(m, g*ChunkRows).schedule)
			left[g] = map[chunkStep]int{}
			for _, s := range schedules[g] {
				left[g][s]++
			}
		}
		take := func(group int, s basedStep) {
			left[group][s.chunkStep]--
			if s.base < s.low || s.base > s.high {
				t.Errorf("step of chunks %d to %d at %d", s.low, s.high, s.base)
			}
		}
		share := shareTile(schedules)
		if groups == chunkTile && len(share.fours) < fours {
			t.Errorf("%d fours, want at least %d", len(share.fours), fours)
		}
		for _, four := range share.fours {
			for g, s := range four {
				take(g, s)
			}
		}
		for p, pair := range share.pairs {
			for k, own := range pair.own {
				for _, s := range own {
					take(share.order[2*p+k], s)
				}
			}
			for _, quad := range pair.quads {
				for i, s := range quad {
					take(share.order[2*p+i/2], s)
				}
			}
			for _, two := range pair.twos {
				for k, s := range two {
					take(share.order[2*p+k], s)
				}
			}
		}
		for g := range left {
			for s, n := range left[g] {
				if n != 0 {
					t.Errorf("group %d of %d, step %v: left over %d times", g, groups, s, n)
				}
			}
		}
	}
}
