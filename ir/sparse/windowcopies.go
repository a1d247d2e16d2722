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
// Weights are in the Fixed form. Each weight multiplies its element in one of the
// copies. Lanes that find no weight multiply 0 by the first element of the window:
// an infinity or NaN in src may reach any row whose group has weights.
type WindowCopies struct {
	windows *Window // of all places
	copies  *columnCopies
}

// PackWindowCopies packs a matrix of normal float32, in panels of columns whose
// copies take [CopiesRoom].
func PackWindowCopies(m *Matrix) (*Panels, error) {
	columns := copyPanels(m.Cols)
	return packPanels(m, columns, func(m *Matrix) (*WindowCopies, error) {
		c := newColumnCopies(m.Cols)
		windows, err := c.pack(m, copyTrials/len(columns))
		if err != nil {
			return nil, err
		}
		return &WindowCopies{windows: windows, copies: c}, nil
	})
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
	w.starts = append(w.starts, w.bases.len())
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
			n := roundUp(len(group.steps), windowPair)
			groups, steps = groups+1, steps+n
			if group.fault != nil || group.code.shifted() {
				shifted += n
			}
		}
	}
	return groups, steps, shifted
}

// Windows are those over the places of all copies.
func (w *WindowCopies) Windows() *Window { return w.windows }

// Tiles is the number of 8×8 tiles of all copies but the first.
func (w *WindowCopies) Tiles() int { return w.copies.tiles.len() / lanes }

// Rows is the number of rows with padding, a multiple of 8.
func (w *WindowCopies) Rows() int { return w.windows.Rows() }

// Cols is the number of columns.
func (w *WindowCopies) Cols() int { return w.copies.cols }

// NNZ is the number of weights that are not exactly zero.
func (w *WindowCopies) NNZ() int { return w.windows.NNZ() }

// Steps is the number of steps with padding.
func (w *WindowCopies) Steps() int { return w.windows.Steps() }

// Sections are those of the windows and "tiles" (uint16, 8 for each tile: the
// columns at which its vectors begin).
func (w *WindowCopies) Sections() []Section {
	return append(w.windows.Sections(), Section{"tiles", w.copies.tiles})
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *WindowCopies) Granule() int { return w.windows.Granule() }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *WindowCopies) Bytes(from, to int) int {
	return w.windows.Bytes(from, to) + len(w.copies.tiles)
}

// MulAdd computes dst = init + W·src, as the windows do over the copies of src.
func (w *WindowCopies) MulAdd(dst, init, src []float32) {
	w.windows.MulAdd(dst, init, w.copies.spread(src))
}

// Unpack is the matrix of the weights as stored, with its padded rows.
func (w *WindowCopies) Unpack() *Matrix {
	m := NewMatrix(w.Rows(), w.Cols())
	w.windows.each(func(row, place int, v float32) {
		m.Row(row)[w.copies.columns[place]] = v
	})
	return m
}
