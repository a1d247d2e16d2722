package sparse

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestFixedChunkPatches holds that weights which have no word are kept all the same:
// some too large for the scale of the others, some too small, and what is no normal
// number.
func TestFixedChunkPatches(t *testing.T) {
	odd := []float32{-0.01, 0.123456, 9, -1000, 0x1p-140, 0x1p100, 0x1.234568p-90}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		m := NewMatrix(1+rng.IntN(100), 33+rng.IntN(200))
		for i := range m.Data {
			if rng.IntN(8) == 0 {
				m.Data[i] = 1 + rng.Float32()
			}
		}
		plain, err := PackFixedChunk(m)
		if err != nil {
			t.Fatal(err)
		}
		if plain.Patches() != 0 {
			t.Errorf("seed %d: %d patches of weights from 1 to 2", seed, plain.Patches())
		}
		for range 1 + rng.IntN(10) {
			m.Row(rng.IntN(m.Rows))[rng.IntN(m.Cols)] = odd[rng.IntN(len(odd))]
		}
		c, err := PackFixedChunk(m)
		if err != nil {
			t.Fatal(err)
		}
		checkUnpack(t, c, m, 0)
		checkMulAdd(t, rng, c, m, 0)
		if c.Patches() == 0 || c.Patches() > m.NNZ() {
			t.Errorf("seed %d: %d patches", seed, c.Patches())
		}
	}
}

// TestFixedChunkRefusals names what is packed otherwise.
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
		{"weights are too far from the largest of their row", normal},
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
