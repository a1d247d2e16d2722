package sparse

// windowStats counts the steps of the window kernel's schedule (see
// [GroupSteps]) for the rows of each span, in groups of 8 from its first one.
func (m *Mask) windowStats(spans []Span) WindowStats {
	var columns [lanes][]int32
	steps, kept := 0, 0
	for _, span := range spans {
		for first := span.From; first < span.To; first += lanes {
			for lane := range columns {
				columns[lane] = columns[lane][:0]
				if first+lane < span.To {
					for c := range m.Row(first + lane) {
						columns[lane] = append(columns[lane], int32(c))
					}
				}
				kept += len(columns[lane])
			}
			steps += GroupSteps(&columns, NarrowWindow)
		}
	}
	return WindowStats{Steps: steps, PerStep: ratio(kept, steps)}
}
