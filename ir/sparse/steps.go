package sparse

import (
	"math"
	"slices"
)

// addSteps makes each step of each cell a unit: the largest weight of each of
// its rows, the second largest, and so on. Among equal weights of a row the
// left one is larger.
func (u *Units) addSteps(m *Matrix, p Pattern) {
	u.unit = make([]int32, len(m.Data))
	width := min(p.C, m.Cols)
	order, energy := make([]uint64, width), make([]float64, width)
	for cell := range p.cells(m.Cols, u.spans) {
		first := int32(len(u.sizes))
		energy := energy[:cell.cols.Len()]
		clear(energy)
		for r := cell.rows.From; r < cell.rows.To; r++ {
			chunk := m.Row(r)[cell.cols.From:cell.cols.To]
			unit := u.unit[r*m.Cols+cell.cols.From:]
			for k, c := range byMagnitude(order, chunk) {
				w := float64(chunk[c])
				energy[k] += w * w
				unit[c] = first + int32(k)
			}
		}
		for _, e := range energy {
			step := rootMean(e, cell.rows.Len())
			u.magnitudes = append(u.magnitudes, step)
			u.sizes = append(u.sizes, int32(cell.rows.Len()))
		}
	}
	u.worths = u.magnitudes
}

// byMagnitude returns an iterator over the weights' positions, larger
// magnitudes first, the left one first among equals. It sorts in the given
// memory, which has at least one element for each weight.
func byMagnitude(memory []uint64, weights []float32) func(yield func(k, position int) bool) {
	// Flipped bits of a magnitude rise as it falls; the position breaks ties.
	keys := memory[:len(weights)]
	for i, w := range weights {
		keys[i] = uint64(^math.Float32bits(magnitude(w)))<<32 | uint64(i)
	}
	slices.Sort(keys)
	return func(yield func(k, position int) bool) {
		for k, key := range keys {
			if !yield(k, int(uint32(key))) {
				return
			}
		}
	}
}
