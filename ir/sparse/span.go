package sparse

import "fmt"

// Span is the range of rows from From up to, not including, To: a gate of a
// stacked matrix, where groups of rows and blocks begin again; or a range of columns.
type Span struct{ From, To int }

// Len is the number of rows or columns.
func (s Span) Len() int { return s.To - s.From }

// cutColumns cuts columns into spans of a width, the last one of what is left.
func cutColumns(cols, width int) []Span {
	var spans []Span
	for from := 0; from < cols; from += width {
		spans = append(spans, Span{from, min(from+width, cols)})
	}
	return spans
}

// wholeUnless gives the one span of all rows where none were given.
func wholeUnless(spans []Span, rows int) []Span {
	if len(spans) == 0 {
		return []Span{{0, rows}}
	}
	return spans
}

// checkSpans wants spans in order, without overlap and inside a matrix.
func checkSpans(spans []Span, rows int) error {
	last := 0
	for _, s := range spans {
		if s.From < last || s.To < s.From || s.To > rows {
			return fmt.Errorf("rows %d to %d: want a range in %d to %d", s.From, s.To, last, rows)
		}
		last = s.To
	}
	return nil
}

func countRows(spans []Span) int {
	n := 0
	for _, s := range spans {
		n += s.Len()
	}
	return n
}
