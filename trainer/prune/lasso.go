package prune

import (
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Shrink is the step of a block group lasso: of every block of a part with a
// block pattern the root mean square of the weights falls by an amount, and a
// block that has no more is zero. It is called after an update of the optimiser
// and before [Pruner.AfterStep], with by the learning rate times the strength λ.
//
// That is the proximal step for the penalty λ·Σ√N·‖w‖ over blocks w of N weights
// (Yuan and Lin 2006, and as a complement of pruning Narang, Undersander, Diamos
// 2017). It is decoupled from the optimiser, as weight decay is in AdamW: the
// moments of Adam would scale a gradient of the penalty to nothing like λ.
func (p *Pruner) Shrink(by float64, params []Param) error {
	found, err := p.find(params)
	if err != nil {
		return err
	}
	for i, t := range p.tensors {
		for k := range t.parts {
			if part := &t.parts[k]; part.pattern.Kind == sparse.KindBlock {
				part.shrink(by, found[i].matrix())
			}
		}
	}
	return nil
}

func (p *part) shrink(by float64, value *sparse.Matrix) {
	for rows, cols := range p.pattern.Cells(value.Rows, value.Cols, p.spans...) {
		energy := 0.0
		for r := rows.From; r < rows.To; r++ {
			for _, w := range value.Row(r)[cols.From:cols.To] {
				energy += float64(w) * float64(w)
			}
		}
		if energy == 0 {
			continue
		}
		size := math.Sqrt(energy / float64(rows.Len()*cols.Len()))
		factor := float32(max(0, 1-by/size))
		for r := rows.From; r < rows.To; r++ {
			row := value.Row(r)[cols.From:cols.To]
			for c := range row {
				row[c] *= factor
			}
		}
	}
}
