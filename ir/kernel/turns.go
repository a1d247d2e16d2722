package kernel

import "github.com/sparsec/sparsec/ir/sparse"

// Weights that do not quite fit into the second level of the cache push each other
// out: what a step reads first, the step before read first too, and everything since
// has come after. A step that goes the other way finds the last rows still there. On
// a Zen 4, with 1 MiB, 1760×1760 in 1.3 MB takes 4 to 7 % less time so, in 0.65 MB,
// which share it with the pages that lie in its way, 3 to 10 %; 4 MB take as long in
// either direction, or 3 % longer.
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
	whole := map[int]bool{} // matrices that turns have not cut yet
	for i := range p.Matrices {
		whole[i] = true
	}
	for i := range p.Layers {
		l := &p.Layers[i]
		for from := 0; from < len(l.Instrs); {
			run := p.sideBySide(l.Instrs[from:])
			if p.canTurn(run, levels) {
				shares := p.shares(run, turnShares(run))
				l.Turns = append(l.Turns, Phase{From: from, To: from + len(run), Shares: shares})
				for _, in := range run {
					if whole[in.Matrix] {
						p.Matrices[in.Matrix].uncut()
						whole[in.Matrix] = false
					}
				}
				p.cutAt(run, shares)
			}
			from += max(1, len(run))
		}
	}
}

// uncut has each form of the matrix be one range: a share is none that is too long.
func (m *Matrix) uncut() {
	for _, f := range m.Forms() {
		f.Ranges = []Range{{0, f.Packed.Rows() / 8}}
	}
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
