package sparse

import "fmt"

// Stats describes where a mask keeps weights.
type Stats struct {
	Rows, Cols int
	NNZ        int     // weights kept
	Density    float64 // NNZ over all weights; 0 for an empty matrix

	PerRow, PerCol Counts

	Blocks   []BlockStats // for the shapes of [BlockShapes]
	Windows  WindowStats  // of 8 rows and 8 columns
	Patterns []Pattern    // what [Recognise] finds
}

// Counts summarises the number of weights kept in the rows, or the columns.
type Counts struct {
	Min, Max int
	Mean     float64
	Empty    int // how many keep none
}

// BlockStats says how well R×C blocks would hold a mask.
type BlockStats struct {
	R, C     int
	Blocks   int // in the matrix, ragged ones included
	Occupied int // that keep at least one weight
	// Fill is the mean share of kept weights in occupied blocks: the share of
	// a block kernel's multiplications that are of use. 0 if none is occupied.
	Fill float64
}

// Occupancy is the share of blocks that keep at least one weight.
func (b BlockStats) Occupancy() float64 { return ratio(b.Occupied, b.Blocks) }

// WindowStats says how well a kernel that takes, in each step, one weight from
// each of 8 rows within 8 consecutive columns fills its lanes.
type WindowStats struct {
	Steps   int
	PerStep float64 // mean weights in a step, of 8; 0 without steps
}

// BlockShapes are the shapes that [StatsOf] counts: those that kernels use, in
// both orientations.
func BlockShapes() [][2]int {
	return [][2]int{{4, 1}, {1, 4}, {8, 1}, {1, 8}, {16, 1}, {1, 16}, {8, 4}, {4, 8}}
}

// StatsOf counts a mask's weights: in total, by row and by column those of the
// whole mask, by pattern, block and window those of the given spans of rows (all
// rows as one span where none are given). It panics for spans out of order or
// range.
func StatsOf(m *Mask, spans ...Span) Stats {
	if err := checkSpans(spans, m.rows); err != nil {
		panic(fmt.Sprintf("sparse: stats of a mask of %d×%d: %v", m.rows, m.cols, err))
	}
	perRow, perCol := m.counts()
	s := Stats{
		Rows: m.rows, Cols: m.cols, NNZ: m.Count(), Density: m.Density(),
		PerRow: summarise(perRow), PerCol: summarise(perCol),
		Patterns: Recognise(m, spans...),
	}
	spans = wholeUnless(spans, m.rows)
	for _, shape := range BlockShapes() {
		s.Blocks = append(s.Blocks, m.blockStats(shape[0], shape[1], spans))
	}
	s.Windows = m.windowStats(spans)
	return s
}

// counts are the weights kept in each row and in each column.
func (m *Mask) counts() (perRow, perCol []int) {
	perRow, perCol = make([]int, m.rows), make([]int, m.cols)
	for r := range perRow {
		for c := range m.Row(r) {
			perRow[r]++
			perCol[c]++
		}
	}
	return perRow, perCol
}

func summarise(counts []int) Counts {
	if len(counts) == 0 {
		return Counts{}
	}
	s := Counts{Min: counts[0]}
	total := 0
	for _, n := range counts {
		s.Min, s.Max = min(s.Min, n), max(s.Max, n)
		total += n
		if n == 0 {
			s.Empty++
		}
	}
	s.Mean = ratio(total, len(counts))
	return s
}

func (m *Mask) blockStats(height, width int, spans []Span) BlockStats {
	s := BlockStats{R: height, C: width}
	// Weights kept in each block of a group, and the number of weights there is
	// room for in all occupied blocks.
	inBlock := make([]int, (m.cols+width-1)/width)
	kept, room := 0, 0
	for _, span := range spans {
		for first := span.From; first < span.To; first += height {
			rows := Span{first, min(first+height, span.To)}
			clear(inBlock)
			for r := rows.From; r < rows.To; r++ {
				for c := range m.Row(r) {
					inBlock[c/width]++
				}
			}
			for b, n := range inBlock {
				s.Blocks++
				if n > 0 {
					s.Occupied++
					kept += n
					room += rows.Len() * (min((b+1)*width, m.cols) - b*width)
				}
			}
		}
	}
	s.Fill = ratio(kept, room)
	return s
}

// KeptEnergy is the share of a matrix's squared norm in the weights that a mask
// of its shape keeps: 1 for a matrix of zeros. It panics if the shapes differ.
func KeptEnergy(m *Mask, original *Matrix) float64 {
	if m.rows != original.Rows || m.cols != original.Cols {
		panic(fmt.Sprintf("sparse: mask of %d×%d on a matrix of %d×%d", m.rows, m.cols, original.Rows, original.Cols))
	}
	kept, total := 0.0, 0.0
	for r := range m.rows {
		row := original.Row(r)
		for c, w := range row {
			energy := float64(w) * float64(w)
			total += energy
			if m.At(r, c) {
				kept += energy
			}
		}
	}
	if total == 0 {
		return 1
	}
	return kept / total
}

// ratio is a/b, and 0 where there is nothing to divide by.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
