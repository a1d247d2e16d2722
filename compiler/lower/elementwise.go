package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// activation applies the function; the identity is another name of its input.
func (l *lowerer) activation(n ir.Node, op ir.Activation) error {
	input := n.Inputs[0]
	if op.Func == ir.Identity {
		l.values[n.Name] = l.values[input]
		if r, ok := l.rows[input]; ok {
			l.rows[n.Name] = r
		}
		return nil
	}
	dst, size := l.elementWise(n, total(op.Func))
	in, err := applied(op.Function(), dst, l.values[input], size)
	if err != nil {
		return err
	}
	l.emit(in)
	l.layer.Doc = fmt.Sprintf("%s %s, %d elements", op.Kind(), op.Func, l.types[n.Name].Len())
	return nil
}

func (l *lowerer) binary(n ir.Node, op ir.Binary) error {
	f, ok := binaries[op.Func]
	if !ok {
		return fmt.Errorf("binary function %v has no kernel", op.Func)
	}
	dst, size := l.elementWise(n, f.Total())
	l.emit(kernel.Binary{Func: f, Dst: dst, A: l.values[n.Inputs[0]], B: l.values[n.Inputs[1]], Size: size})
	l.layer.Doc = fmt.Sprintf("%s %s, %d elements", op.Kind(), f, l.types[n.Name].Len())
	return nil
}

// elementWise is where the value of an element-wise node goes, and the number of
// elements that it takes of all its inputs. Where those lie in rows with the same
// gaps and the function is total, so does the value.
func (l *lowerer) elementWise(n ir.Node, total bool) (kernel.Ref, int) {
	_, part := l.parts[n.Name]
	if r, ok := l.sameRows(n.Inputs); ok && total && !part {
		l.rows[n.Name] = r
		l.values[n.Name] = ref(l.buffer(n.Name, r.extent()))
		return l.values[n.Name], r.extent()
	}
	for _, in := range n.Inputs {
		l.value(in)
	}
	return l.result(n), l.types[n.Name].Len()
}

func (l *lowerer) softmax(n ir.Node, op ir.Softmax) error {
	size := l.types[n.Name].Len()
	in := kernel.Softmax{Dst: l.result(n), Src: l.value(n.Inputs[0]), Size: size}
	l.layer.Doc = fmt.Sprintf("%s, %d elements", op.Kind(), size)
	if op.Size > 0 && op.Size < size {
		in.Size, in.Groups = op.Size, size/op.Size
		l.layer.Doc = fmt.Sprintf("%s, %d of %d elements", op.Kind(), in.Groups, in.Size)
	}
	l.emit(in)
	return nil
}

func (l *lowerer) reduce(n ir.Node, op ir.Reduce) error {
	f, ok := reductions[op.Func]
	if !ok {
		return fmt.Errorf("reduction %v has no kernel", op.Func)
	}
	groups := l.types[n.Name].Len()
	l.emit(kernel.Reduce{Func: f, Dst: l.result(n), Src: l.value(n.Inputs[0]), Size: op.Size, Groups: groups})
	l.layer.Doc = fmt.Sprintf("%s %s, %d of %d elements", op.Kind(), f, groups, op.Size)
	return nil
}

func (l *lowerer) normalize(n ir.Node, op ir.Normalize) error {
	groups := l.types[n.Name].Len() / op.Size
	l.emit(kernel.Normalize{Dst: l.result(n), Src: l.value(n.Inputs[0]), Size: op.Size, Groups: groups, Epsilon: op.Epsilon})
	l.layer.Doc = fmt.Sprintf("%s, %d of %d elements", op.Kind(), groups, op.Size)
	return nil
}
