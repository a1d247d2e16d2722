package sparse

import "fmt"

const (
	// panelColumns is the largest number of columns of a panel, 7 KiB of src: lines of
	// 10 KiB that a few groups in a row pass over leave the first level, of 8 not yet.
	panelColumns = 1792
	// panelCache is the number of bytes that a group may stream, together with
	// src, before it pushes src out of a first level of 32 KiB.
	panelCache = 27_000
	// panelSteps is how many steps of a group make a panel worth its loop and its
	// sum, on average.
	panelSteps = 40
)

// Panels is a matrix cut into panels of columns, each packed on its own and added to
// the sum of those before: the columns of a panel stay in the first level of the
// cache while the weights of many groups of rows stream through it.
type Panels struct {
	rows, cols, nnz int
	columns         []Span
	parts           []Panel
}

// Panel is what a panel of columns is packed as.
type Panel interface {
	Packed
	Granule() int           // groups of 8 rows between places where it can be cut
	Bytes(from, to int) int // that a kernel reads for a range of groups
}

// WindowPanels are the panels of columns, of about the same width, in which matrices
// of the same columns are packed together in windows of the given width: so many
// that src of a panel stays in the first level of the cache, but no more than the
// steps of a group are worth. Groups of rows without weights do not count.
func WindowPanels(blocks []*Matrix, width int) []Span {
	return panelsOf(blocks, lanes, 4*lanes+2, func(rows *Matrix) int {
		steps, _ := WindowSteps(rows, width, Fixed)
		return steps
	})
}

// BlockPanels are the same for blocks of height rows by one column.
func BlockPanels(blocks []*Matrix, height int) []Span {
	return panelsOf(blocks, height, 4*height+2, func(rows *Matrix) int { return OccupiedColumns(rows, 0, height) })
}

// panelsOf are the panels for groups of so many rows, whose steps, counted by a
// function, read so many bytes.
func panelsOf(blocks []*Matrix, height, stepBytes int, count func(rows *Matrix) int) []Span {
	cols := blocks[0].Cols
	if cols <= panelColumns/2 { // one panel, unless nearly all columns are full
		return []Span{{0, cols}}
	}
	groups, steps := 0, 0
	for _, m := range blocks {
		for first := 0; first < m.Rows; first += height {
			rows := &Matrix{Rows: min(height, m.Rows-first), Cols: cols, Data: m.Data[first*cols : min(first+height, m.Rows)*cols]}
			if n := count(rows); n > 0 {
				groups++
				steps += n
			}
		}
	}
	steps /= max(1, groups)
	n := (cols + panelColumns - 1) / panelColumns
	n = max(n, (steps*stepBytes+4*cols+panelCache-1)/panelCache)
	n = max(1, min(n, steps/panelSteps))
	return cutColumns(cols, roundUp((cols+n-1)/n, 2*lanes))
}

// packPanels packs each panel of a matrix.
func packPanels[P Panel](m *Matrix, columns []Span, pack func(*Matrix) (P, error)) (*Panels, error) {
	w := &Panels{cols: m.Cols, nnz: m.NNZ(), columns: columns}
	for _, panel := range columns {
		part, err := pack(m.Columns(panel))
		if err != nil {
			return nil, fmt.Errorf("columns %d to %d: %w", panel.From, panel.To-1, err)
		}
		w.rows = part.Rows()
		w.parts = append(w.parts, part)
	}
	return w, nil
}

// PackWindowPanels packs each panel of a matrix as [PackWindow] does, or
// [PackWideWindow] for wide windows.
func PackWindowPanels(m *Matrix, columns []Span, form IndexForm, width int) (*Panels, error) {
	return packPanels(m, columns, func(m *Matrix) (*Window, error) { return packWindow(m, form, width) })
}

// PackBlockPanels packs each panel of a matrix as [PackBlock] does.
func PackBlockPanels(m *Matrix, columns []Span, height int) (*Panels, error) {
	return packPanels(m, columns, func(m *Matrix) (*Block, error) { return PackBlock(m, height) })
}

// Columns is a copy of some columns of the matrix.
func (m *Matrix) Columns(s Span) *Matrix {
	part := NewMatrix(m.Rows, s.Len())
	for r := range m.Rows {
		copy(part.Row(r), m.Row(r)[s.From:s.To])
	}
	return part
}

// Parts are the ranges of columns that are multiplied one after the other, and what
// they are packed as: all of the same type.
func (w *Panels) Parts() ([]Span, []Panel) { return w.columns, w.parts }

// Rows is the number of rows with padding, a multiple of 8.
func (w *Panels) Rows() int { return w.rows }

// Cols is the number of columns.
func (w *Panels) Cols() int { return w.cols }

// NNZ is the number of weights that are not exactly zero.
func (w *Panels) NNZ() int { return w.nnz }

// Steps is the number of steps with padding.
func (w *Panels) Steps() int {
	steps := 0
	for _, part := range w.parts {
		steps += part.Steps()
	}
	return steps
}

// Sections are those of the panels, one panel after the other in each.
func (w *Panels) Sections() []Section {
	var all []Section
	for p, part := range w.parts {
		for i, s := range part.Sections() {
			if p == 0 {
				all = append(all, Section{Name: s.Name})
			}
			all[i].Data = append(all[i].Data, s.Data...)
		}
	}
	return all
}

// SectionStart is the number of bytes of a section before those of a panel.
func (w *Panels) SectionStart(panel, section int) int {
	n := 0
	for _, part := range w.parts[:panel] {
		n += len(part.Sections()[section].Data)
	}
	return n
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *Panels) Granule() int { return w.parts[0].Granule() }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *Panels) Bytes(from, to int) int {
	bytes := 0
	for _, part := range w.parts {
		bytes += part.Bytes(from, to)
	}
	return bytes
}

// MulAdd computes dst = init + W·src, each panel from the sum of those before.
func (w *Panels) MulAdd(dst, init, src []float32) {
	for p, panel := range w.columns {
		w.parts[p].MulAdd(dst, init, src[panel.From:])
		init = dst
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows.
func (w *Panels) Unpack() *Matrix {
	m := NewMatrix(w.rows, w.cols)
	for p, panel := range w.columns {
		part := w.parts[p].Unpack()
		for r := range m.Rows {
			copy(m.Row(r)[panel.From:panel.To], part.Row(r))
		}
	}
	return m
}
