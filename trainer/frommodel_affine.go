package trainer

import (
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// affine recognises a product and a sum with constants whatever these nodes are
// called, as of a normalisation in a model that was not trained here, and returns how
// many nodes that are.
func (i *importer) affine(nodes []ir.Node) (nn.Layer[float32], int) {
	const written = 4
	if len(nodes) < written {
		return nil, 0
	}
	factor, ok := nodes[0].Op.(ir.Constant)
	shift, ok2 := nodes[2].Op.(ir.Constant)
	if !ok || !ok2 || !isBinary(nodes[1], ir.Mul, i.value, nodes[0].Name) || !isBinary(nodes[3], ir.Add, nodes[1].Name, nodes[2].Name) {
		return nil, 0
	}
	l := nn.NewScale[float32](nodes[3].Name, i.width())
	i.fill(l, factor.Value, shift.Value)
	return l, written
}

func isBinary(n ir.Node, f ir.BinaryFunc, a, b string) bool {
	op, ok := n.Op.(ir.Binary)
	return ok && op.Func == f && n.Inputs[0] == a && n.Inputs[1] == b
}

// affineOf is a scale by the numbers of the function, which are not trained.
func affineOf(name string, width int, op ir.Activation) nn.Layer[float32] {
	l := nn.NewScale[float32](name, width).Fix()
	for i := range width {
		l.Factor.Value[i], l.Shift.Value[i] = op.Alpha, op.Beta
	}
	return l
}
