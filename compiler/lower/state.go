package lower

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// recall is the state's buffer, or a copy of it where a Store comes before the last
// reader.
func (l *lowerer) recall(n ir.Node, op ir.Recall) error {
	state, size := ref(l.states[op.State]), l.types[n.Name].Len()
	if !l.readBehindStore(n.Name, op.State) {
		l.values[n.Name] = state
		return nil
	}
	l.emit(kernel.Copy{Dst: l.result(n), Src: state, Size: size})
	l.layer.Doc = fmt.Sprintf("%s, %d elements", op.Kind(), size)
	return nil
}

// store copies its input to the state.
func (l *lowerer) store(n ir.Node, op ir.Store) error {
	src, state, size := l.value(n.Inputs[0]), ref(l.states[op.State]), l.types[n.Name].Len()
	l.values[n.Name] = src
	if src != state {
		l.emit(kernel.Copy{Dst: state, Src: src, Size: size})
	}
	l.layer.Doc = fmt.Sprintf("%s, %d elements", op.Kind(), size)
	return nil
}

// readBehindStore reports whether something that lies in the state's buffer, as the
// value does, is read when the state has been stored.
func (l *lowerer) readBehindStore(value, state string) bool {
	there := map[string]bool{value: true}
	stored := false
	for _, n := range l.m.Nodes {
		if slices.ContainsFunc(n.Inputs, func(in string) bool { return there[in] }) {
			if stored {
				return true
			}
			there[n.Name] = forwards(n.Op)
		}
		if op, ok := n.Op.(ir.Store); ok && op.State == state {
			stored = true
		}
	}
	return stored && slices.ContainsFunc(l.m.Outputs, func(out string) bool { return there[out] })
}

// forwards reports whether the value of an op may lie where its input does.
func forwards(op ir.Op) bool {
	switch op := op.(type) {
	case ir.Pick, ir.Store:
		return true
	case ir.Activation:
		return op.Func == ir.Identity
	}
	return false
}

// constantValue is a value that is the same in every frame.
func (l *lowerer) constantValue(n ir.Node, op ir.Constant) error {
	l.values[n.Name] = con(l.vector(constKey{tensor: op.Value, blockRows: wholeTensor}, op.Value, l.m.Param(op.Value).Data))
	return nil
}

// wholeTensor keeps the elements of a tensor apart from its rows.
const wholeTensor = -1
