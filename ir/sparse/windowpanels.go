package sparse

// windowPanel is the largest number of columns of a panel: 4 KiB of src, that
// stay in the first level of the cache while the words of many groups stream
// through it. Matrices of up to twice as many are one panel.
const windowPanel = 1024

// WindowPanels is a wide matrix cut into panels of columns, each packed as a
// [Window] of its own, that are added to the sum of those before.
type WindowPanels struct {
	rows, cols, nnz int
	columns         []Span
	windows         []*Window
}

// ColumnPanels cuts columns into the panels of a [WindowPanels], of about the same
// width; there is but one where panels gain nothing.
func ColumnPanels(cols int) []Span {
	n := 1
	if cols > 2*windowPanel {
		n = (cols + windowPanel - 1) / windowPanel
	}
	width := roundUp((cols+n-1)/n, 2*lanes)
	var panels []Span
	for from := 0; from < cols; from += width {
		panels = append(panels, Span{from, min(from+width, cols)})
	}
	return panels
}

// PackWindowPanels packs a matrix as [PackWindow] does, panel by panel.
func PackWindowPanels(m *Matrix, form IndexForm) (*WindowPanels, error) {
	return packPanels(m, func(panel *Matrix) (*Window, error) { return PackWindow(panel, form) })
}

// PackWideWindowPanels packs a matrix as [PackWideWindow] does, panel by panel.
func PackWideWindowPanels(m *Matrix) (*WindowPanels, error) { return packPanels(m, PackWideWindow) }

func packPanels(m *Matrix, pack func(*Matrix) (*Window, error)) (*WindowPanels, error) {
	w := &WindowPanels{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ(), columns: ColumnPanels(m.Cols)}
	for _, panel := range w.columns {
		window, err := pack(m.Columns(panel))
		if err != nil {
			return nil, err
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
