package sparse

import "fmt"

// StraightGroups is the number of row groups of a tile.
const StraightGroups = 8

// Straight is a matrix packed for straight-line code: the window steps of the
// Fixed form of a [Window], without padding, in another order. A tile of 64 rows
// has an accumulator for each of its 8 groups; their steps take turns from left
// to right, so that none waits for the one before, and those of several groups
// that read the same columns stand together and share one load of them.
//
// Because of idle lanes, a row multiplies 0 by elements of src that it has no
// weight for, less than a window's width before a weight of its group. No
// element behind the last column is multiplied, though [Straight.Reach] of them
// are read.
type Straight struct {
	rows, cols, nnz int

	words  uint32s  // [step][8]; see wordCode
	scales float32s // [row] decoded weights are w/scale
	turns  uint32s  // [step] base·8 + number of the group in its tile
	counts uint32s  // [tile] steps·2^8, plus a bit for each group that is in the Exponent form
	starts []int    // [tile] first step; one more at the end
}

// PackStraight packs a matrix of at most 65,536 columns whose weights are zero
// or normal float32, those of a row within a range of 2^31 and below 2^32. Rows
// are padded to a multiple of 8.
func PackStraight(m *Matrix) (*Straight, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536", m.Cols)
	}
	codes, err := newGroupCodes(m, Fixed, NarrowWindow)
	if err != nil {
		return nil, err
	}
	s := &Straight{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	for first := 0; first < s.rows; first += StraightGroups * lanes {
		if err := s.packTile(m, first, codes); err != nil {
			return nil, err
		}
	}
	s.starts = append(s.starts, s.turns.len())
	return s, nil
}

// packTile appends the tile that begins at row first.
func (s *Straight) packTile(m *Matrix, first int, codes *groupCodes) error {
	s.starts = append(s.starts, s.turns.len())
	turns := straightTurns(m, first, min(first+StraightGroups*lanes, s.rows))
	count := uint32(len(turns)) << StraightGroups
	var code [StraightGroups]groupCode
	for g := range min(StraightGroups, (s.rows-first)/lanes) {
		var err error
		if code[g], err = codes.group(first+g*lanes, turns.of(g)); err != nil {
			return err
		}
		if code[g].shifted() {
			count |= 1 << g
		}
		for _, c := range code[g] {
			s.scales.append(c.scale())
		}
	}
	s.counts.append(count)
	for _, t := range turns {
		s.turns.append(uint32(t.step.base*StraightGroups + t.group))
		for lane, c := range t.step.columns {
			s.words.append(code[t.group][lane].word(m, first+t.group*lanes+lane, c, t.step.base))
		}
	}
	return nil
}

// Form is Fixed.
func (s *Straight) Form() IndexForm { return Fixed }

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

// Sections are "words" (uint32, 8 a step), "scales" (float32, one a row),
// "turns" (uint32, one a step: 8 times its first column, plus the number of its
// group in the tile) and "counts" (uint32, one a tile: steps·2^8, plus a bit for
// each group whose words are in the Exponent form). Straight-line code reads the
// first two.
func (s *Straight) Sections() []Section {
	return []Section{{"words", s.words}, {"scales", s.scales}, {"turns", s.turns}, {"counts", s.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (s *Straight) Granule() int { return StraightGroups }

// Bytes is the number of bytes of all sections for a range of groups, which
// begins and ends with a tile.
func (s *Straight) Bytes(from, to int) int {
	first, end := s.Tiles(from, to)
	return (s.Start(end)-s.Start(first))*(4*lanes+4) + (to-from)*4*lanes + (end-first)*4
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

// Decoding says in which form the words of row group g are, Fixed or Exponent.
func (s *Straight) Decoding(g int) IndexForm {
	if s.counts.at(g/StraightGroups)>>(g%StraightGroups)&1 != 0 {
		return Exponent
	}
	return Fixed
}

// RowScale is what the sum of a row's decoded weights is multiplied by.
func (s *Straight) RowScale(r int) float32 { return s.scales.at(r) }

// MulAdd computes dst = init + W·src, with one accumulator a row, which is
// multiplied by the scale and added to init in one rounding.
func (s *Straight) MulAdd(dst, init, src []float32) {
	sums := make([]float32, s.rows)
	s.each(func(row, column int, v float32) { sums[row] = fma(v, src[column], sums[row]) })
	for r, sum := range sums {
		dst[r] = fma(sum, s.RowScale(r), init[r])
	}
}

// each calls f for every lane of every step.
func (s *Straight) each(f func(row, column int, decoded float32)) {
	for t := range s.counts.len() {
		for k := s.Start(t); k < s.Start(t+1); k++ {
			base, g := s.Step(k)
			g += StraightGroups * t
			form := s.Decoding(g)
			for lane := range lanes {
				word := s.words.at(lanes*k + lane)
				f(lanes*g+lane, base+decodePlace(word, NarrowWindow), decodeWord(word, form, NarrowWindow))
			}
		}
	}
}

// Unpack is the matrix with its padded rows.
func (s *Straight) Unpack() *Matrix {
	m := NewMatrix(s.rows, s.cols)
	s.each(func(row, column int, v float32) {
		if v != 0 {
			// The product is exact, but its factors need float64.
			m.Row(row)[column] = float32(float64(v) * float64(s.RowScale(row)))
		}
	})
	return m
}
