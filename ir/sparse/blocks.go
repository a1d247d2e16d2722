package sparse

import "math"

// addBlocks makes each cell a unit.
func (u *Units) addBlocks(m *Matrix, p Pattern) {
	u.unit = make([]int32, len(m.Data))
	for cell := range p.cells(m.Cols, u.spans) {
		index := int32(len(u.sizes))
		largest, energy := float32(0), 0.0
		for r := cell.rows.From; r < cell.rows.To; r++ {
			row, unit := m.Row(r), u.unit[r*m.Cols:]
			for c := cell.cols.From; c < cell.cols.To; c++ {
				w := magnitude(row[c])
				largest = max(largest, w)
				energy += float64(w) * float64(w)
				unit[c] = index
			}
		}
		u.magnitudes = append(u.magnitudes, largest)
		u.worths = append(u.worths, rootMean(energy, cell.size()))
		u.sizes = append(u.sizes, int32(cell.size()))
	}
}

func rootMean(energy float64, n int) float32 {
	return magnitude(float32(math.Sqrt(energy / float64(n)))) // a NaN may have a sign
}
