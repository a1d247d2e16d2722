package asm

import (
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// windowPanelParts are the calls of a range of a matrix in panels of columns:
// one for each panel, all but the first adding to what is in dst.
func windowPanelParts(w *sparse.WindowPanels, r kernel.Range) []part {
	var list []part
	columns, windows := w.Panels()
	for p, window := range windows {
		call := windowPart(window, r)
		call.column, call.onto = columns[p].From, p > 0
		for i, s := range window.Sections() {
			call.offsets[i] += w.SectionStart(p, i) / kernel.SectionElem(s).Size()
		}
		list = append(list, call)
	}
	return list
}
