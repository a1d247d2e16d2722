package sparse

import "math/bits"

// windowWidth is the number of columns that a step of the window kernel sees.
const windowWidth = 8

// windowStats counts the steps of the greedy schedule: a window of 8 columns
// stands at the leftmost weight that none of the earlier steps of its 8 rows
// has taken, and takes the first untaken weight of each row that lies in it.
// For given orders of rows and columns no schedule of one weight a row has
// fewer steps.
func (m *Mask) windowStats(spans []Span) WindowStats {
	steps, kept := 0, 0
	for _, span := range spans {
		for first := span.From; first < span.To; first += lanes {
			rows := Span{first, min(first+lanes, span.To)}
			steps += m.windowSteps(rows)
			for r := rows.From; r < rows.To; r++ {
				kept += m.CountRow(r, 0, m.cols)
			}
		}
	}
	return WindowStats{Steps: steps, PerStep: ratio(kept, steps)}
}

func (m *Mask) windowSteps(rows Span) int {
	var next [lanes]int // of each row, the first untaken column
	for lane := range rows.Len() {
		next[lane] = m.from(rows.From+lane, 0)
	}
	for steps := 0; ; steps++ {
		base := m.cols
		for _, c := range next[:rows.Len()] {
			base = min(base, c)
		}
		if base == m.cols {
			return steps
		}
		for lane, c := range next[:rows.Len()] {
			if c < base+windowWidth && c < m.cols {
				next[lane] = m.from(rows.From+lane, c+1)
			}
		}
	}
}

// from is the first column at or after c that row r keeps, or the number of
// columns.
func (m *Mask) from(r, c int) int {
	if c >= m.cols {
		return m.cols
	}
	words := m.row(r)
	i := c / wordBits
	w := words[i] >> (c % wordBits) << (c % wordBits)
	for w == 0 {
		if i++; i == len(words) {
			return m.cols
		}
		w = words[i]
	}
	return i*wordBits + bits.TrailingZeros64(w)
}
