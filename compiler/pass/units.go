package pass

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// dropUnits removes the hidden units that no output depends on: a unit lives if
// an output is made of it or a living unit has a weight for it. Requires
// fold-constants, which clears the weights for units that never change. One
// unit of every axis stays, because no vector is empty; where a matrix has a
// pattern of cells, units go by whole cells, so that the others keep theirs.
func dropUnits(m *ir.Model, r *Report) (*ir.Model, error) {
	l := liveness{axes: analyse(m), live: map[int][]bool{}}
	l.run()
	out := m
	for _, x := range l.roots() {
		keep := l.keep(x)
		none := len(keep) == 0
		if none {
			keep = []int{0}
		}
		if size := l.nodes[x].size; len(keep) < size {
			r.note("%d of %d units of %q are read by nothing", size-len(keep), size, l.nodes[x].name)
			// The segments of other axes shrink with every axis done.
			out = analyse(out).reorder(x, keep, r)
		}
		if none {
			l.placeholders(x, r)
		}
	}
	return out, nil
}

// keep lists the units of an axis that live or share a cell with one that does.
func (l *liveness) keep(x int) []int {
	lives := l.live[x]
	if !slices.Contains(lives, false) {
		return identity(len(lives))
	}
	size := l.cellSize(x)
	var keep []int
	for from := 0; from < len(lives); from += size {
		to := min(from+size, len(lives))
		if !slices.Contains(lives[from:to], true) {
			continue
		}
		for u := from; u < to; u++ {
			keep = append(keep, u)
		}
	}
	return keep
}

// placeholders records that the states of an axis are of no use: what its last
// unit reads may be gone.
func (a *axes) placeholders(x int, r *Report) {
	for _, s := range a.m.States {
		if a.root(a.state[s.Name]) == x {
			r.placeholder(s.Name)
		}
	}
}

// liveness marks units from the outputs backwards.
type liveness struct {
	*axes
	live    map[int][]bool // [axis][unit]
	pending []unit
	readers map[int][]reader // by axis of the rows
}

type unit struct{ axis, index int }

// reader is a matrix with rows on an axis: at is the first row of the axis'
// segment in a gate block of so many rows.
type reader struct {
	param     *ir.Param
	use       use
	at, block int
}

func (l *liveness) run() {
	l.readers = map[int][]reader{}
	for _, x := range l.roots() {
		l.live[x] = make([]bool, l.nodes[x].size)
	}
	for _, p := range l.m.Params {
		for _, u := range l.uses[p.Name] {
			l.addReader(p, u)
		}
	}
	for _, x := range l.roots() {
		if l.nodes[x].pinned || l.nodes[x].kept {
			for i := range l.nodes[x].size {
				l.mark(x, i)
			}
		}
	}
	for len(l.pending) > 0 {
		u := l.pending[len(l.pending)-1]
		l.pending = l.pending[:len(l.pending)-1]
		for _, rd := range l.readers[u.axis] {
			l.reads(rd, u.index)
		}
	}
}

func (l *liveness) addReader(p *ir.Param, u use) {
	if u.rows == nil || u.cols == nil {
		return
	}
	at := 0
	for _, s := range u.rows {
		x := l.root(s.axis)
		l.readers[x] = append(l.readers[x], reader{p, u, at, p.Shape[0] / u.gates})
		at += s.size
	}
}

// reads marks what the rows of a living unit have weights for.
func (l *liveness) reads(rd reader, index int) {
	cols := rd.param.Shape[1]
	for g := range rd.use.gates {
		row := rd.param.Data[(g*rd.block+rd.at+index)*cols:][:cols]
		c := 0
		for _, s := range rd.use.cols {
			for k := range s.size {
				if row[c] != 0 {
					l.mark(l.root(s.axis), k)
				}
				c++
			}
		}
	}
}

func (l *liveness) mark(x, index int) {
	if !l.live[x][index] {
		l.live[x][index] = true
		l.pending = append(l.pending, unit{x, index})
	}
}
