package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// panelParts are the calls of a range of a matrix in panels of columns: one for
// each panel, all but the first adding to what is in dst.
func panelParts(w *sparse.Panels, r kernel.Range) []part {
	var list []part
	columns, parts := w.Parts()
	for p, packed := range parts {
		call := panelPart(packed, r)
		call.column, call.onto = columns[p].From, p > 0
		for i := range call.offsets {
			elem := kernel.SectionElem(packed.Sections()[i])
			call.offsets[i] += w.SectionStart(p, i) / elem.Size()
		}
		list = append(list, call)
	}
	return list
}

// panelPart is the call of a range for what a panel of columns is packed as.
func panelPart(packed sparse.Panel, r kernel.Range) part {
	switch packed := packed.(type) {
	case *sparse.Block:
		return blockPart(packed, r)
	case *sparse.Window:
		return windowPart(packed, r)
	case *sparse.WindowCopies:
		return windowCopiesPart(packed, r)
	case *sparse.FixedChunk:
		return fixedChunkPart(packed, r)
	}
	panic(fmt.Sprintf("asm: no kernel for a panel of type %T", packed))
}
