package kernel

import "github.com/sparsec/sparsec/ir/sparse"

// PortableShare is how the portable kernels compute the groups of rows of a share
// of a matrix. It returns false where the matrix is in a form that does not keep the
// rows of a group together.
func PortableShare(p *Program, l Layout, matrix int, r Range) (calls []Call, ok bool) {
	parts := []sparse.Packed{p.Matrices[matrix].Packed}
	if w, ok := parts[0].(*sparse.Panels); ok {
		parts = panelParts(w)
	}
	if sectionStarts(parts[0], 0) == nil {
		return nil, false
	}
	for k, c := range PortableCalls(p, l, matrix) {
		from, to := sectionStarts(parts[k], r.From), sectionStarts(parts[k], r.To)
		section := 0
		for i := range c.Args {
			switch a := &c.Args[i]; a.Kind {
			case DstArg, InitArg:
				a.Off, a.Len = a.Off+8*r.From, 8*(r.To-r.From)
			case WeightsArg:
				if section >= len(from) {
					continue // every share makes all copies of src
				}
				a.Off += from[section] * a.Elem.Size()
				a.Len = to[section] - from[section]
				section++
			}
		}
		calls = append(calls, c)
	}
	return calls, true
}

// panelParts are what the panels of a matrix are packed as.
func panelParts(w *sparse.Panels) (parts []sparse.Packed) {
	_, panels := w.Parts()
	for _, part := range panels {
		parts = append(parts, part)
	}
	return parts
}

// sectionStarts is the number of elements before group g of rows in each section
// of a packed matrix that has some for each group; nil for a form that does not keep
// the rows of a group together.
func sectionStarts(packed sparse.Packed, g int) []int {
	row := 8 * g
	switch m := packed.(type) {
	case *sparse.Dense:
		return []int{row * m.Cols(), row}[:len(m.Sections())]
	case *sparse.Block:
		r, _ := m.BlockRows(g, g)
		return []int{m.Start(r) * m.Height(), m.Start(r), r, row}[:len(m.Sections())]
	case *sparse.CSR:
		return []int{m.Start(g), m.Start(g), row, g}
	case *sparse.Window:
		if m.Form() == sparse.Fixed {
			return []int{8 * m.Start(g), row, m.Start(g), g}
		}
		return []int{8 * m.Start(g), m.Start(g), g}
	case *sparse.WindowCopies:
		return sectionStarts(m.Windows(), g)
	case *sparse.FixedChunk:
		start := m.Start(g)
		return []int{sparse.ChunkRows * start.Step, row, start.Base, sparse.FixedChunkCounts * m.Tile(g), start.Patch}
	case *sparse.ReducedWindow:
		if m.Precision() == sparse.Fixed16 {
			return []int{4 * m.Start(g), m.Start(g), g, row}
		}
		return []int{8 * m.Start(g), 2 * m.Start(g), m.Start(g), g, row}[:len(m.Sections())]
	}
	return nil
}
