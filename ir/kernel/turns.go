package kernel

import (
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Weights that do not quite fit into the second level of the cache push each other
// out: what a step reads first, the step before read first too, and everything since
// has come after. A step that goes the other way finds the last rows still there. On a
// Zen 4, with 1 MiB, `sparsec bench kernels` takes so of one matrix of 1.0 MB 8 to 9 %
// less time, of 1.3 MB 4 to 7 %, of 0.5 to 0.7 MB up to 5 %; a step of an LSTM of 0.95
// MB 5 to 9 %, of GRUs of 1.4 and 1.6 MB as much as without. Matrices of 2 MB, in
// panels of columns, took 2 to 8 % more: each range begins a stream anew.
const (
	turnFrom    = 1 << 19 // bytes of all matrices
	turnTo      = 1600 << 10
	turnedLeast = 1 << 18 // bytes of the products of a turn
	turnCalls   = 4       // ranges of all products of a turn
)

// Turn has runs of products of a layer go through the rows of all their matrices
// from the last to the first in every other step, where a level finds more of the
// weights in the cache so. It sets the turns of the layers and cuts the ranges of
// their matrices for it.
func (p *Program) Turn() {
	var levels []Level
	for _, l := range p.Levels() {
		if p.turnsAt(l) {
			levels = append(levels, l)
		}
	}
	if len(levels) == 0 || !p.Streaming() {
		return
	}
	whole := map[*Form]bool{} // that turns have not cut yet
	for i := range p.Matrices {
		for _, f := range p.turning(&p.Matrices[i]) {
			whole[f] = true
		}
	}
	for i := range p.Layers {
		l := &p.Layers[i]
		for from := 0; from < len(l.Instrs); {
			run := p.sideBySide(l.Instrs[from:])
			if p.canTurn(run, levels) {
				shares := p.shares(run, turnShares(run))
				l.Turns = append(l.Turns, Phase{From: from, To: from + len(run), Shares: shares})
				for _, in := range run {
					for _, f := range p.turning(&p.Matrices[in.Matrix]) {
						if whole[f] { // a share is none that is too long
							f.Ranges, whole[f] = []Range{{0, f.Packed.Rows() / 8}}, false
						}
						f.cutAt(shares)
					}
				}
			}
			from += max(1, len(run))
		}
	}
}

// turning are the forms of a matrix that levels with turns read.
func (p *Program) turning(m *Matrix) (forms []*Form) {
	for _, l := range p.Levels() {
		if f := m.At(l); p.turnsAt(l) && !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	return forms
}

// TurnsAt are the turns of a layer at a level.
func (p *Program) TurnsAt(layer int, l Level) []Phase {
	if !p.turnsAt(l) {
		return nil
	}
	return p.Layers[layer].Turns
}

// turnsAt reports whether the weights of a level are as many as turns are for.
func (p *Program) turnsAt(l Level) bool {
	total := 0
	for i := range p.Matrices {
		total += p.Matrices[i].At(l).Size()
	}
	return total > turnFrom && total <= turnTo
}

// canTurn reports whether a run of products is large enough, in forms that can be
// cut further: copies of src would be made for each range.
func (p *Program) canTurn(run []MatVec, levels []Level) bool {
	for _, l := range levels {
		bytes := 0
		for _, in := range run {
			f := p.Matrices[in.Matrix].At(l)
			_, panels := f.Packed.(*sparse.Panels)
			if panels || f.Strategy == Unrolled || f.Strategy == ChunkUnrolled {
				return false
			}
			bytes += f.Size()
		}
		if bytes < turnedLeast {
			return false
		}
	}
	return len(p.shares(run, turnShares(run))) > 1
}

// turnShares is the number of shares that a run is cut into.
func turnShares(run []MatVec) int { return max(2, turnCalls/max(1, len(run))) }
