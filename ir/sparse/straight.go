package sparse

import (
	"fmt"
	"math"
)

// StraightGroups is the number of row groups of a tile.
const StraightGroups = 8

// straightPlaces is the number of steps whose places share a vector of words.
const straightPlaces = 8

// Straight is a matrix packed for straight-line code: the window steps of a
// [Window], without padding, in another order. A tile of 64 rows has an
// accumulator for each of its 8 groups; their steps take turns from left to
// right, so that none waits for the one before, and those of several groups that
// read the same columns stand together and share one load of them.
//
// Weights are kept as they are. The places inside the windows lie beside them:
// before every eighth step of a tile a vector of words, one a lane, holds those of
// eight steps, three bits each, the first step's lowest.
//
// Because of idle lanes, a row multiplies 0 by elements of src that it has no
// weight for, less than a window's width before a weight of its group. No
// element behind the last column is multiplied, though [Straight.Reach] of them
// are read.
type Straight struct {
	rows, cols, nnz int

	words   uint32s // [vector][8]
	turns   uint32s // [step] base·8 + number of the group in its tile
	counts  uint32s // [tile] steps
	starts  []int   // [tile] first step; one more at the end
	vectors []int   // [tile] first vector of words; one more at the end
}

// PackStraight packs a matrix of at most 65,536 columns. Rows are padded to a
// multiple of 8.
func PackStraight(m *Matrix) (*Straight, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536", m.Cols)
	}
	s := &Straight{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	for first := 0; first < s.rows; first += StraightGroups * lanes {
		s.begin()
		turns := straightTurns(m, first, min(first+StraightGroups*lanes, s.rows))
		s.counts.append(uint32(len(turns)))
		for k, t := range turns {
			if k%straightPlaces == 0 {
				s.packPlaces(turns[k:min(k+straightPlaces, len(turns))])
			}
			s.turns.append(uint32(t.step.base*StraightGroups + t.group))
			for lane, c := range t.step.columns {
				weight := float32(0)
				if c >= 0 {
					weight = m.Row(first + t.group*lanes + lane)[c]
				}
				s.words.append(math.Float32bits(weight))
			}
		}
	}
	s.begin()
	return s, nil
}

// begin notes where the next tile begins.
func (s *Straight) begin() {
	s.starts = append(s.starts, s.turns.len())
	s.vectors = append(s.vectors, s.words.len()/lanes)
}

// packPlaces appends the places of as many steps as share a vector, or fewer.
func (s *Straight) packPlaces(steps turns) {
	for lane := range lanes {
		word := uint32(0)
		for k, t := range steps {
			if c := t.step.columns[lane]; c >= 0 {
				word |= uint32(c-t.step.base) << (3 * k)
			}
		}
		s.words.append(word)
	}
}

// Rows is the number of rows with padding, a multiple of 8.
func (s *Straight) Rows() int { return s.rows }

// Cols is the number of columns.
func (s *Straight) Cols() int { return s.cols }

// NNZ is the number of weights that are not exactly zero.
func (s *Straight) NNZ() int { return s.nnz }

// Steps is the number of steps.
func (s *Straight) Steps() int { return s.turns.len() }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (s *Straight) Reach() int { return NarrowWindow - 1 }

// Sections are "words" (uint32: weights, 8 a step, and before every eighth step of
// a tile 8 of places), "turns" (uint32, one a step: 8 times its first column, plus
// the number of its group in the tile) and "counts" (uint32, the steps of each
// tile). Straight-line code reads the first.
func (s *Straight) Sections() []Section {
	return []Section{{"words", s.words}, {"turns", s.turns}, {"counts", s.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (s *Straight) Granule() int { return StraightGroups }

// Bytes is the number of bytes of all sections for a range of groups, which
// begins and ends with a tile.
func (s *Straight) Bytes(from, to int) int {
	first, end := s.Tiles(from, to)
	return (s.vectors[end]-s.vectors[first])*4*lanes + (s.Start(end)-s.Start(first))*4 + (end-first)*4
}

// Tiles is the range of tiles in a range of groups that begins and ends with a
// tile.
func (s *Straight) Tiles(from, to int) (first, end int) {
	return from / StraightGroups, (to + StraightGroups - 1) / StraightGroups
}

// TileGroups is the number of groups of a tile.
func (s *Straight) TileGroups(t int) int { return min(StraightGroups, s.rows/lanes-StraightGroups*t) }

// Start is the number of steps before tile t.
func (s *Straight) Start(t int) int { return s.starts[t] }

// Step is the first column of a step's window and the number of its group in the
// tile.
func (s *Straight) Step(k int) (base, group int) {
	turn := int(s.turns.at(k))
	return turn / StraightGroups, turn % StraightGroups
}

// TileVector is the number of vectors of words before tile t.
func (s *Straight) TileVector(t int) int { return s.vectors[t] }

// Vectors are the numbers, in the words of a tile, of the vector of weights of its
// i-th step and of the one that holds the step's places, from bit shift on.
func (s *Straight) Vectors(i int) (weights, places, shift int) {
	return besidePlaces(i, straightPlaces, 3)
}

// besidePlaces are the numbers of vectors in a stream in which the places of so
// many steps, bits each, share a vector that lies before those steps' weights: the
// vector of weights of step i, and the one with its places, from bit shift on.
func besidePlaces(i, steps, bits int) (weights, places, shift int) {
	places = i / steps * (steps + 1)
	return places + 1 + i%steps, places, i % steps * bits
}

// MulAdd computes dst = init + W·src, with one accumulator a row.
func (s *Straight) MulAdd(dst, init, src []float32) {
	sums := make([]float32, s.rows)
	s.each(func(row, column int, v float32) { sums[row] = fma(v, src[column], sums[row]) })
	for r, sum := range sums {
		dst[r] = sum + init[r]
	}
}

// each calls f for every lane of every step.
func (s *Straight) each(f func(row, column int, weight float32)) {
	for t := range s.counts.len() {
		tile := s.words[4*lanes*s.vectors[t]:]
		for i := range int(s.counts.at(t)) {
			base, g := s.Step(s.Start(t) + i)
			weights, places, shift := s.Vectors(i)
			for lane := range lanes {
				place := int(tile.at(lanes*places+lane) >> shift & (NarrowWindow - 1))
				f(lanes*(StraightGroups*t+g)+lane, base+place, math.Float32frombits(tile.at(lanes*weights+lane)))
			}
		}
	}
}

// StraightLoads is the number of vectors that straight-line code would load for a
// matrix: weights, places, and columns of src, which count twice where they lie across
// cache lines.
func StraightLoads(m *Matrix) int {
	loads := 0
	for from := 0; from < m.Rows; from += StraightGroups * lanes {
		turns := straightTurns(m, from, min(from+StraightGroups*lanes, roundUp(m.Rows, lanes)))
		loads += len(turns) + (len(turns)+straightPlaces-1)/straightPlaces
		held := -1
		for _, t := range turns {
			if base := t.step.base; base != held {
				held = base
				loads++
				if crosses(int32(base)) {
					loads++
				}
			}
		}
	}
	return loads
}

// Unpack is the matrix with its padded rows.
func (s *Straight) Unpack() *Matrix {
	m := NewMatrix(s.rows, s.cols)
	s.each(func(row, column int, v float32) {
		if v != 0 {
			m.Row(row)[column] = v
		}
	})
	return m
}
