package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// ahead reads a later frame.
func (l *lowerer) ahead(n ir.Node, op ir.Ahead) {
	size := l.types[n.Name].Len()
	src := l.value(n.Inputs[0])
	l.emit(kernel.Ahead{Dst: l.result(n), Src: src, By: op.By, Size: size})
	l.layer.Doc = fmt.Sprintf("%s by %d, %d elements", op.Kind(), op.By, size)
}

// hold reads the frame at an end of the sequence.
func (l *lowerer) hold(n ir.Node, op ir.Hold) {
	size := l.types[n.Name].Len()
	src := l.value(n.Inputs[0])
	at := kernel.First
	if op.At == ir.Last {
		at = kernel.Last
	}
	l.emit(kernel.Hold{Dst: l.result(n), Src: src, At: at, Size: size})
	l.layer.Doc = fmt.Sprintf("%s of the %s frame, %d elements", op.Kind(), at, size)
}

// mask leaves the layer of a cell with a second input out where that is 0. The
// value of the cell is then zeros, while its state stays: where it was the state's
// buffer it becomes a copy.
func (l *lowerer) mask(n ir.Node) {
	if len(ir.StateNames(n.Op)) == 0 || len(n.Inputs) < 2 {
		return
	}
	value, size := l.values[n.Name], l.types[n.Name].Len()
	for _, state := range ir.StateNames(n.Op) {
		if h := ref(l.states[state]); value == h {
			value = l.result(n)
			l.emit(kernel.Copy{Dst: value, Src: h, Size: size})
		}
	}
	masked := kernel.Masked{Mask: l.value(n.Inputs[1]), Value: value, Size: size}
	l.layer.Instrs = append([]kernel.Instr{masked}, l.layer.Instrs...)
	l.layer.Doc += fmt.Sprintf("; where %s is not 0", n.Inputs[1])
}
