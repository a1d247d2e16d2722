package sparse

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestStreamTiles wants every row of a band in its first panel and, in each
// tile, rows in falling order of length.
func TestStreamTiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	m := randomMatrix(rng, 900, 1500, 0.2)
	s, err := PackStream(m, 16)
	if err != nil {
		t.Fatal(err)
	}
	if s.band >= s.rows || s.band%16 != 0 {
		t.Errorf("bands of %d rows of %d, want several of a multiple of 16", s.band, s.rows)
	}
	rows, weights := 0, 0
	for _, tile := range s.Tiles(0, s.Rows()/lanes) {
		if tile.Column == 0 {
			rows += tile.IDCount
		}
		weights += tile.Count
		var lengths []int
		for run := tile.Runs; s.runs.at(run+2) > 0; run += streamRunSize {
			lengths = append(lengths, int(4*s.runs.at(run)+s.runs.at(run+1)))
		}
		if !slices.IsSortedFunc(lengths, func(a, b int) int { return b - a }) {
			t.Errorf("tile at row %d, column %d: lengths %v", tile.Row, tile.Column, lengths)
		}
	}
	if rows != s.Rows() || weights != m.NNZ() {
		t.Errorf("first panels have %d rows and all %d weights, want %d and %d", rows, weights, s.Rows(), m.NNZ())
	}
	if got, want := s.Bytes(0, s.Rows()/lanes), len(s.weights)+len(s.offsets)+len(s.ids)+len(s.runs); got != want {
		t.Errorf("kernels read %d bytes, sections have %d", got, want)
	}
}
