package sparse

import "fmt"

// WindowSteps counts the steps of 8 rows and 8 columns that the window kernel
// makes for the rows of each span, or all rows as one span where none are given,
// without padding. It panics for spans out of order or range.
func (m *Mask) WindowSteps(spans ...Span) int {
	if err := checkSpans(spans, m.rows); err != nil {
		panic(fmt.Sprintf("sparse: window steps of a mask of %d×%d: %v", m.rows, m.cols, err))
	}
	return m.windowStats(wholeUnless(spans, m.rows)).Steps
}

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
