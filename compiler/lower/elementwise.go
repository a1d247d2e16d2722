package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// activation applies the function; the identity is another name of its input.
func (l *lowerer) activation(n ir.Node, op ir.Activation) error {
	src := l.values[n.Inputs[0]]
	if op.Func == ir.Identity {
		l.values[n.Name] = src
		return nil
	}
	f, err := function(op.Func)
	if err != nil {
		return err
	}
	l.emit(kernel.Activate{Func: f, Clip: op.Clip, Dst: l.result(n), Src: src, Size: l.types[n.Name].Len()})
	l.layer.Doc = fmt.Sprintf("%s %s, %d elements", op.Kind(), f, l.types[n.Name].Len())
	return nil
}

func (l *lowerer) binary(n ir.Node, op ir.Binary) error {
	var f kernel.BinaryFunc
	switch op.Func {
	case ir.Add:
		f = kernel.Add
	case ir.Sub:
		f = kernel.Sub
	case ir.Mul:
		f = kernel.Mul
	default:
		return fmt.Errorf("binary function %v has no kernel", op.Func)
	}
	l.emit(kernel.Binary{Func: f, Dst: l.result(n), A: l.values[n.Inputs[0]], B: l.values[n.Inputs[1]],
		Size: l.types[n.Name].Len()})
	l.layer.Doc = fmt.Sprintf("%s %s, %d elements", op.Kind(), f, l.types[n.Name].Len())
	return nil
}

func (l *lowerer) softmax(n ir.Node) error {
	l.emit(kernel.Softmax{Dst: l.result(n), Src: l.values[n.Inputs[0]], Size: l.types[n.Name].Len()})
	l.layer.Doc = fmt.Sprintf("%s, %d elements", n.Op.Kind(), l.types[n.Name].Len())
	return nil
}

// function is the kernel's name for an element-wise function.
func function(f ir.Func) (kernel.Func, error) {
	switch f {
	case ir.Tanh:
		return kernel.Tanh, nil
	case ir.Sigmoid:
		return kernel.Sigmoid, nil
	case ir.ReLU:
		return kernel.ReLU, nil
	case ir.ClippedReLU:
		return kernel.ClippedReLU, nil
	}
	return 0, fmt.Errorf("function %v has no kernel", f)
}
