package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestChunkPlaces holds that every place of a chunk survives in each of the six
// steps that share a vector of words, and in those of the next vector.
func TestChunkPlaces(t *testing.T) {
	const runs = 2*ChunkPlaces + 1
	m := NewMatrix(1, runs*ChunkColumns)
	for shift := range ChunkColumns {
		clear(m.Data)
		for k := range runs {
			m.Data[k*ChunkColumns+(k*7+shift)%ChunkColumns] = float32(1 + k)
		}
		if got := PackChunk(m).Unpack(); !slices.Equal(got.Row(0), m.Data) {
			t.Errorf("places from %d on: unpacked %v, want %v", shift, got.Row(0), m.Data)
		}
	}
}

// TestChunkLaneBalanced holds that a pattern with equal counts in each row of
// every 16×32 tile fills every lane although chunks overlap.
func TestChunkLaneBalanced(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	m := NewMatrix(64, 331)
	for top := 0; top < m.Rows; top += ChunkRows {
		for left := 0; left < m.Cols; left += ChunkColumns {
			width := min(ChunkColumns, m.Cols-left)
			keep := rng.IntN(6)
			for r := top; r < top+ChunkRows; r++ {
				for _, c := range rng.Perm(width)[:keep] {
					m.Row(r)[left+c] = 1
				}
			}
		}
	}
	if w := ChunkSteps(m); w.Steps*ChunkRows != m.NNZ() {
		t.Errorf("%d steps for %d weights, want %d", w.Steps, m.NNZ(), m.NNZ()/ChunkRows)
	}
}

// TestChunkCounts holds the counts of work against what is packed, in one panel
// and in several, and that no chunk is read beyond what the matrix says.
func TestChunkCounts(t *testing.T) {
	for i, shape := range []struct {
		rows, cols int
		density    float64
	}{{40, 16, 0.2}, {17, 33, 0.5}, {64, 500, 0.1}, {48, 2 * chunkPanel, 0.02}, {33, 2*chunkPanel + 1, 0.02}, {16, 3001, 0.05}} {
		m := randomMatrix(rand.New(rand.NewPCG(uint64(i), 9)), shape.rows, shape.cols, shape.density)
		c := PackChunk(m)
		if wide := len(c.Panels()) > 1; wide != (shape.cols > 2*chunkPanel) {
			t.Errorf("%d columns: %d panels", shape.cols, len(c.Panels()))
		}
		w, real := ChunkSteps(m), 0
		for p, panel := range c.Panels() {
			for g := range c.Groups() {
				pairs, singles := c.Counts(p, g)
				real += 2*pairs + singles
				for at := range c.steps(p, g) {
					if end := panel.From + at.base + ChunkColumns; at.base%16 != 0 || end > c.Cols()+c.Reach() {
						t.Errorf("panel %d, group %d: chunk at %d of %d columns, %d behind them", p, g, panel.From+at.base, c.Cols(), c.Reach())
					}
				}
			}
		}
		if w.Padded != c.Steps() || w.Steps != real || w.Bases != c.bases.len() || w.Padded+w.Places != c.end().Vector || w.Groups != len(c.Panels())*c.Groups() {
			t.Errorf("%d×%d: counted %+v, packed %d steps, %d of them real, %d bases", m.Rows, m.Cols, w, c.Steps(), real, c.bases.len())
		}
		if limit := roundUp(m.Cols, 16) + 16; m.Cols+c.Reach() > limit {
			t.Errorf("%d columns: reads %d elements, want at most %d", m.Cols, m.Cols+c.Reach(), limit)
		}
		bytes := 0
		for _, s := range c.Sections() {
			bytes += len(s.Data)
		}
		if got := c.Bytes(0, 2) + c.Bytes(2, c.Rows()/8); got != bytes {
			t.Errorf("%d×%d: ranges of %d bytes, sections of %d", m.Rows, m.Cols, got, bytes)
		}
	}
}

// TestChunkStepsMinimal compares the greedy schedule with the fewest steps that
// any choice of chunks gives, and the pairs with the most that any choice among
// the chunks that will do gives.
func TestChunkStepsMinimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		m := randomMatrix(rng, 2, 64, 0.1)
		var group chunkGroup
		group.load(m, 0, Span{0, m.Cols})
		steps := group.schedule(lastChunk(Span{0, m.Cols}, m.Cols))
		if want := fewestChunks(m, map[string]int{}); len(steps) != want {
			t.Fatalf("%d steps, %d suffice for\n%v\n%v", len(steps), want, m.Row(0), m.Row(1))
		}
		pairs, singles := pairSteps(steps)
		if 2*len(pairs)+len(singles) != len(steps) {
			t.Fatalf("%d pairs and %d singles of %d steps", len(pairs), len(singles), len(steps))
		}
		if most := mostPairs(steps, map[int]int{}, 0); len(pairs) != most {
			t.Fatalf("%d pairs, want %d", len(pairs), most)
		}
		var queues [ChunkRows][]int32
		for r := range m.Rows {
			for c, w := range m.Row(r) {
				if w != 0 {
					queues[r] = append(queues[r], int32(c))
				}
			}
		}
		if n := ChunkGroupSteps(&queues); n != len(steps) {
			t.Fatalf("%d steps counted, %d made", n, len(steps))
		}
	}
}

// fewestChunks tries, for the leftmost weight of two rows, every chunk that
// holds it, and every weight of each row inside, or none.
func fewestChunks(m *Matrix, seen map[string]int) int {
	key := fmt.Sprint(m.Data)
	if n, ok := seen[key]; ok {
		return n
	}
	leftmost := m.Cols
	for i, w := range m.Data {
		if w != 0 {
			leftmost = min(leftmost, i%m.Cols)
		}
	}
	if leftmost == m.Cols {
		return 0
	}
	best := math.MaxInt32
	for base := max(0, roundUp(leftmost-ChunkColumns+1, chunkStride)); base <= min(leftmost, m.Cols-ChunkColumns); base += chunkStride {
		for a := -1; a < ChunkColumns; a++ {
			for b := -1; b < ChunkColumns; b++ {
				// The step takes the leftmost weight; steps can be in any order.
				if a+base != leftmost && b+base != leftmost || !takable(m, 0, base, a) || !takable(m, 1, base, b) {
					continue
				}
				rest := &Matrix{Rows: 2, Cols: m.Cols, Data: append([]float32(nil), m.Data...)}
				if a >= 0 {
					rest.Row(0)[base+a] = 0
				}
				if b >= 0 {
					rest.Row(1)[base+b] = 0
				}
				best = min(best, 1+fewestChunks(rest, seen))
			}
		}
	}
	seen[key] = best
	return best
}

// mostPairs tries to pair step i with every later one that can share a chunk.
func mostPairs(steps []chunkStep, seen map[int]int, used int) int {
	if n, ok := seen[used]; ok {
		return n
	}
	best := 0
	for i, a := range steps {
		if used>>i&1 == 1 {
			continue
		}
		for j := i + 1; j < len(steps); j++ {
			if b := steps[j]; used>>j&1 == 0 && max(a.low, b.low) <= min(a.high, b.high) {
				best = max(best, 1+mostPairs(steps, seen, used|1<<i|1<<j))
			}
		}
		break // without step i
	}
	for i := range steps {
		if used>>i&1 == 0 {
			best = max(best, mostPairs(steps, seen, used|1<<i))
			break
		}
	}
	seen[used] = best
	return best
}
