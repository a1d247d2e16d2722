package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

func (l *lowerer) linear(n ir.Node, op ir.Linear) error {
	rows := l.types[n.Name].Len()
	matrix, err := l.product(op.Weight, 0, rows, rows)
	if err != nil {
		return err
	}
	l.emit(kernel.MatVec{Dst: l.result(n), Init: l.bias(op.Bias, 0, rows, rows),
		Src: l.values[n.Inputs[0]], Matrix: matrix})
	l.describe(n, op.Weight)
	return nil
}

// embedding copies a row of the table, whose rows are padded.
func (l *lowerer) embedding(n ir.Node, op ir.Embedding) error {
	w := l.m.Param(op.Weight)
	table := l.constant(constKey{tensor: op.Weight}, op.Weight, w.Shape[0], w.Shape[1], w.Data)
	l.emit(kernel.Lookup{Dst: l.result(n), Table: table, Input: l.ports[n.Inputs[0]]})
	l.layer.Doc = fmt.Sprintf("%s, %d rows of %d", op.Kind(), w.Shape[0], w.Shape[1])
	return nil
}
