package asm

import (
	"reflect"

	"github.com/sparsec/sparsec/ir/kernel"
)

// LayerLevel is the lowest level of the program whose layer i multiplies by the
// calls that level l multiplies by. The whole layer is that of this level, its cells
// too: 512-bit registers are for layers that use them for their products, since some
// processors lower their clock for a while after the first of them.
func LayerLevel(p *kernel.Program, layout kernel.Layout, i int, l kernel.Level) kernel.Level {
	for lower := p.Base; lower < l; lower++ {
		same := true
		for _, in := range p.Layers[i].Instrs {
			if m, ok := in.(kernel.MatVec); ok {
				same = same && reflect.DeepEqual(MatVecCalls(p, layout, m.Matrix, lower), MatVecCalls(p, layout, m.Matrix, l)) &&
					(m.Vectors <= 1 || reflect.DeepEqual(RowsCalls(p, layout, m, lower), RowsCalls(p, layout, m, l)))
			}
		}
		if same {
			return lower
		}
	}
	return l
}
