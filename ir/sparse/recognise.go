package sparse

import "fmt"

// Matches reports whether a mask follows the pattern in the given spans of
// rows, or in all rows as one span where none are given. It panics for an
// invalid pattern and for spans out of order or range.
func (p Pattern) Matches(m *Mask, spans ...Span) bool {
	if err := p.Validate(); err != nil {
		panic("sparse: " + err.Error())
	}
	if err := checkSpans(spans, m.rows); err != nil {
		panic(fmt.Sprintf("sparse: %v in a mask of %d×%d: %v", p, m.rows, m.cols, err))
	}
	spans = wholeUnless(spans, m.rows)
	switch p.Kind {
	case KindElement:
		return true
	case KindDense:
		return m.full(spans)
	case KindSlide:
		return p.matchesSlides(m, spans)
	}
	for cell := range p.cells(m.cols, spans) {
		if !p.matchesCell(m, cell) {
			return false
		}
	}
	return true
}

// matchesCell: each row of a cell keeps equally many weights, and all or none
// of them in a block.
func (p Pattern) matchesCell(m *Mask, c cell) bool {
	kept := m.CountRow(c.rows.From, c.cols.From, c.cols.To)
	if p.Kind == KindBlock && kept != 0 && kept != c.cols.Len() {
		return false
	}
	for r := c.rows.From + 1; r < c.rows.To; r++ {
		if m.CountRow(r, c.cols.From, c.cols.To) != kept {
			return false
		}
	}
	return true
}

func (m *Mask) full(spans []Span) bool {
	for _, s := range spans {
		for r := s.From; r < s.To; r++ {
			if m.CountRow(r, 0, m.cols) != m.cols {
				return false
			}
		}
	}
	return true
}

// recognised are the patterns that [Recognise] looks for, the narrower before
// the wider: whoever takes the first that matches takes the one that says most.
var recognised = [...]Pattern{
	{Kind: KindDense},
	{KindBlock, 16, 4}, {KindBlock, 8, 4}, {KindBlock, 16, 1}, {KindBlock, 8, 1}, {KindBlock, 4, 1},
	{KindLane, 16, 8}, {KindLane, 8, 8}, {KindSlide, 8, 8}, {KindLane, 16, 32}, {KindLane, 8, 32},
	{},
}

// Recognise lists the patterns, of those that pruning and kernels commonly
// use, that a mask follows in the given spans of rows (all rows as one span
// where none are given): narrower ones first, the element-wise pattern, which
// every mask follows, last. Panics as [Pattern.Matches] does.
//
// A matrix's mask is [MaskOf] it: a kept weight that happens to be exactly zero
// hides the pattern.
func Recognise(m *Mask, spans ...Span) []Pattern {
	var found []Pattern
	for _, p := range recognised {
		if p.Matches(m, spans...) {
			found = append(found, p)
		}
	}
	return found
}
