package sparse

import "fmt"

const (
	// windowPanel is the largest number of columns of a panel, 7 KiB of src: of more,
	// lines that a few groups in a row pass over leave the first level.
	windowPanel = 1792
	// windowCache is the number of bytes that a group may stream, together with
	// src, before it pushes src out of a first level of 32 KiB.
	windowCache = 27_000
	// panelSteps is how many steps of a group make a panel worth its loop and its
	// sum, on average.
	panelSteps = 40
)

// WindowPanels is a wide matrix cut into panels of columns, each packed as a
// [Window] of its own, that are added to the sum of those before: the columns of
// a panel stay in the first level of the cache while the words of many groups
// stream through it.
type WindowPanels struct {
	rows, cols, nnz int
	columns         []Span
	windows         []*Window
}

// PanelsOf are the panels of columns, of about the same width, in which matrices
// of the same columns are packed together in windows of the given width: so many
// that src of a panel stays in the first level of the cache, but no more than the
// steps of a group are worth. Groups of rows without weights do not count.
func PanelsOf(blocks []*Matrix, width int) []Span {
	cols := blocks[0].Cols
	if cols <= windowPanel/2 {
		return []Span{{0, cols}}
	}
	groups, steps := 0, 0
	for _, m := range blocks {
		for first := 0; first < m.Rows; first += lanes {
			rows := &Matrix{Rows: min(lanes, m.Rows-first), Cols: cols, Data: m.Data[first*cols : min(first+lanes, m.Rows)*cols]}
			if n, _ := WindowSteps(rows, width); n > 0 {
				groups++
				steps += n
			}
		}
	}
	return panelsOf(cols, steps/max(1, groups))
}

// panelsOf are the panels for groups of so many steps.
func panelsOf(cols, steps int) []Span {
	n := (cols + windowPanel - 1) / windowPanel
	n = max(n, (steps*(4*lanes+2)+4*cols+windowCache-1)/windowCache)
	n = max(1, min(n, steps/panelSteps))
	width := roundUp((cols+n-1)/n, 2*lanes)
	var panels []Span
	for from := 0; from < cols; from += width {
		panels = append(panels, Span{from, min(from+width, cols)})
	}
	return panels
}

// PackWindowPanels packs each panel of a matrix as [PackWindow] does, or
// [PackWideWindow] for wide windows.
func PackWindowPanels(m *Matrix, panels []Span, form IndexForm, width int) (*WindowPanels, error) {
	w := &WindowPanels{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ(), columns: panels}
	for _, panel := range panels {
		window, err := packWindow(m.Columns(panel), form, width)
		if err != nil {
			return nil, fmt.Errorf("columns %d to %d: %w", panel.From, panel.To-1, err)
		}
		w.windows = append(w.windows, window)
	}
	return w, nil
}

// Columns is a copy of some columns of the matrix.
func (m *Matrix) Columns(s Span) *Matrix {
	part := NewMatrix(m.Rows, s.Len())
	for r := range m.Rows {
		copy(part.Row(r), m.Row(r)[s.From:s.To])
	}
	return part
}

// Form says where the index is inside a word.
func (w *WindowPanels) Form() IndexForm { return w.windows[0].form }

// Panels are the ranges of columns that are multiplied one after the other, and
// their windows.
func (w *WindowPanels) Panels() ([]Span, []*Window) { return w.columns, w.windows }

// Rows is the number of rows with padding, a multiple of 8.
func (w *WindowPanels) Rows() int { return w.rows }

// Cols is the number of columns.
func (w *WindowPanels) Cols() int { return w.cols }

// NNZ is the number of weights that are not exactly zero.
func (w *WindowPanels) NNZ() int { return w.nnz }

// Steps is the number of steps with padding.
func (w *WindowPanels) Steps() int {
	steps := 0
	for _, window := range w.windows {
		steps += window.Steps()
	}
	return steps
}

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (w *WindowPanels) Reach() int { return w.windows[0].Reach() }

// Sections are those of the panels' windows, one panel after the other in each.
func (w *WindowPanels) Sections() []Section {
	var all []Section
	for p, window := range w.windows {
		for i, s := range window.Sections() {
			if p == 0 {
				all = append(all, Section{Name: s.Name})
			}
			all[i].Data = append(all[i].Data, s.Data...)
		}
	}
	return all
}

// SectionStart is the number of bytes of a section before those of a panel.
func (w *WindowPanels) SectionStart(panel, section int) int {
	n := 0
	for _, window := range w.windows[:panel] {
		n += len(window.Sections()[section].Data)
	}
	return n
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *WindowPanels) Granule() int { return 1 }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *WindowPanels) Bytes(from, to int) int {
	bytes := 0
	for _, window := range w.windows {
		bytes += window.Bytes(from, to)
	}
	return bytes
}

// MulAdd computes dst = init + W·src, as the window of each panel does, from the
// sum of those before.
func (w *WindowPanels) MulAdd(dst, init, src []float32) {
	for p, panel := range w.columns {
		w.windows[p].MulAdd(dst, init, src[panel.From:])
		init = dst
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows.
func (w *WindowPanels) Unpack() *Matrix {
	m := NewMatrix(w.rows, w.cols)
	for p, panel := range w.columns {
		part := w.windows[p].Unpack()
		for r := range m.Rows {
			copy(m.Row(r)[panel.From:], part.Row(r))
		}
	}
	return m
}
