package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// linear multiplies as many vectors as the op has rows. Their products lie apart by
// the padded rows of the matrix.
func (l *lowerer) linear(n ir.Node, op ir.Linear) error {
	out, vectors := l.m.Param(op.Weight).Shape[0], max(1, op.Rows)
	matrix, err := l.product(op.Weight, 0, out, out)
	if err != nil {
		return err
	}
	src, step := l.vectors(n.Inputs[0], vectors)
	in := kernel.MatVec{Init: l.bias(op.Bias, 0, out, out), Src: src, Matrix: matrix}
	if vectors > 1 {
		in.Vectors, in.SrcStep, in.DstStep = vectors, step, kernel.Pad(out)
	}
	if in.DstStep > out {
		l.rows[n.Name] = rows{vectors, out, in.DstStep}
		l.values[n.Name] = ref(l.buffer(n.Name, vectors*in.DstStep))
		in.Dst = l.values[n.Name]
	} else {
		in.Dst = l.result(n)
	}
	l.emit(in)
	l.describe(n, op.Weight)
	if vectors > 1 {
		l.layer.Doc += fmt.Sprintf(", %d vectors", vectors)
	}
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
