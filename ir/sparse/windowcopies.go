package sparse

import (
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// WindowCopies is a matrix packed in windows of 8 columns over [Copies] copies of
// src, each in another order, which a kernel makes before it begins. Where lanes of
// windows would idle, more windows to choose from leave fewer of them: a matrix
// drawn at random takes 21 % fewer steps at 5 % density, 18 % at 10 and 14 % at 20.
//
// It has panels of columns, one after the other, whose copies take [CopiesRoom];
// weights are in the Fixed form. Each weight multiplies its element in one of the
// copies. Lanes that find no weight multiply 0 by the first element of the window:
// an infinity or NaN in src may reach any row whose group has weights.
type WindowCopies struct {
	rows, cols, nnz int
	panels          []CopiesPanel
}

// CopiesPanel are some columns of a matrix, and windows over the copies of them.
type CopiesPanel struct {
	Columns Span
	Windows *Window // of Places columns
	copies  *columnCopies
}

// Places is the number of elements of all copies.
func (p CopiesPanel) Places() int { return len(p.copies.columns) }

// Tiles is the number of 8×8 tiles of all copies but the first.
func (p CopiesPanel) Tiles() int { return p.copies.tiles.len() / lanes }

// Sections are those of the windows and "tiles" (uint16, 8 for each tile: the
// columns of the panel at which its vectors begin).
func (p CopiesPanel) Sections() []Section {
	return append(p.Windows.Sections(), Section{"tiles", p.copies.tiles})
}

// PackWindowCopies packs a matrix of normal float32.
func PackWindowCopies(m *Matrix) (*WindowCopies, error) {
	w := &WindowCopies{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	panels := copyPanels(m.Cols)
	for _, columns := range panels {
		panel := CopiesPanel{Columns: columns, copies: newColumnCopies(columns.Len())}
		var err error
		if panel.Windows, err = panel.copies.pack(m.Columns(columns), copyTrials/len(panels)); err != nil {
			return nil, fmt.Errorf("columns %d to %d: %w", columns.From, columns.To-1, err)
		}
		w.panels = append(w.panels, panel)
	}
	return w, nil
}

// pack packs the columns of a panel, group by group in a matrix of all places.
func (c *columnCopies) pack(m *Matrix, trials int) (*Window, error) {
	if _, err := newGroupCodes(m, Fixed, NarrowWindow); err != nil {
		return nil, err
	}
	w := &Window{rows: roundUp(m.Rows, lanes), cols: len(c.columns), nnz: m.NNZ(), width: NarrowWindow, form: Fixed}
	for group := range c.groups(m, trials) {
		if group.fault != nil {
			return nil, group.fault
		}
		w.packGroup(group.places, 0, group.steps, group.code)
	}
	w.starts = append(w.starts, w.bases.len()/windowQuad)
	return w, nil
}

// copiesGroup is a group of 8 rows over the places of all copies.
type copiesGroup struct {
	places *Matrix
	steps  []windowStep
	code   groupCode
	fault  error // of the code
}

// groups yields the groups of rows, whose matrix is good until the next, after as
// many trials for all of them.
func (c *columnCopies) groups(m *Matrix, trials int) iter.Seq[copiesGroup] {
	return func(yield func(copiesGroup) bool) {
		places := NewMatrix(lanes, len(c.columns))
		codes := &groupCodes{m: places, form: Fixed, width: NarrowWindow}
		for i, steps := range c.schedule(m, trials) {
			clear(places.Data)
			for _, s := range steps {
				for lane, p := range s.columns {
					if p >= 0 {
						places.Row(lane)[p] = m.Row(lanes*i + lane)[c.columns[p]]
					}
				}
			}
			group := copiesGroup{places: places, steps: steps}
			if group.code, group.fault = codes.group(0, steps); group.fault != nil {
				group.fault = fmt.Errorf("rows %d to %d: %w", lanes*i, lanes*i+lanes-1, group.fault)
			}
			if !yield(group) {
				return
			}
		}
	}
}

// schedule chooses the steps of all groups, as many at a time as there are
// processors.
func (c *columnCopies) schedule(m *Matrix, trials int) [][]windowStep {
	schedules := make([][]windowStep, roundUp(m.Rows, lanes)/lanes)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(schedules)) {
		workers.Go(func() {
			choice := newCopyChoice(c)
			var rows rowGroup
			for i := int(next.Add(1)) - 1; i < len(schedules); i = int(next.Add(1)) - 1 {
				rows.load(m, lanes*i)
				schedules[i] = choice.choose(&rows, trials/len(schedules))
			}
		})
	}
	workers.Wait()
	return schedules
}

// CopiesSteps counts what packing a matrix would make at most: groups of rows in all
// panels, steps with padding, and those of them whose group the Fixed form cannot
// hold. Packing searches for fewer.
func CopiesSteps(m *Matrix) (groups, steps, shifted int) {
	for _, columns := range copyPanels(m.Cols) {
		for group := range newColumnCopies(columns.Len()).groups(m.Columns(columns), 0) {
			n := roundUp(len(group.steps), windowQuad)
			groups, steps = groups+1, steps+n
			if group.fault != nil || group.code.shifted() {
				shifted += n
			}
		}
	}
	return groups, steps, shifted
}

// Panels are the ranges of columns that are multiplied one after the other.
func (w *WindowCopies) Panels() []CopiesPanel { return w.panels }

// Rows is the number of rows with padding, a multiple of 8.
func (w *WindowCopies) Rows() int { return w.rows }

// Cols is the number of columns.
func (w *WindowCopies) Cols() int { return w.cols }

// NNZ is the number of weights that are not exactly zero.
func (w *WindowCopies) NNZ() int { return w.nnz }

// Steps is the number of steps with padding.
func (w *WindowCopies) Steps() int {
	steps := 0
	for _, p := range w.panels {
		steps += p.Windows.Steps()
	}
	return steps
}

// Sections are those of the panels, one panel after the other in each.
func (w *WindowCopies) Sections() []Section {
	var all []Section
	for i, p := range w.panels {
		for k, s := range p.Sections() {
			if i == 0 {
				all = append(all, Section{Name: s.Name})
			}
			all[k].Data = append(all[k].Data, s.Data...)
		}
	}
	return all
}

// SectionStart is the number of bytes of a section before those of a panel.
func (w *WindowCopies) SectionStart(panel, section int) int {
	n := 0
	for _, p := range w.panels[:panel] {
		n += len(p.Sections()[section].Data)
	}
	return n
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *WindowCopies) Granule() int { return 1 }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *WindowCopies) Bytes(from, to int) int {
	bytes := 0
	for _, p := range w.panels {
		bytes += p.Windows.Bytes(from, to) + len(p.copies.tiles)
	}
	return bytes
}

// MulAdd computes dst = init + W·src, as the windows of each panel do over the
// copies of its part of src, from the sum of those before.
func (w *WindowCopies) MulAdd(dst, init, src []float32) {
	for _, p := range w.panels {
		p.Windows.MulAdd(dst, init, p.copies.spread(src[p.Columns.From:]))
		init = dst
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows.
func (w *WindowCopies) Unpack() *Matrix {
	m := NewMatrix(w.rows, w.cols)
	for _, p := range w.panels {
		p.Windows.each(func(row, place int, v float32) {
			m.Row(row)[p.Columns.From+int(p.copies.columns[place])] = v
		})
	}
	return m
}
