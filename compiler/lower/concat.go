package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// placeParts makes the buffers of the concatenations and finds the parts that
// their producers can write in place: values of one node that makes its own
// buffer, at an offset and of a size that are multiples of kernel.Lanes, or at
// the end, so that the padding written behind them harms nothing. States,
// inputs and values of several concatenations are copied.
func (l *lowerer) placeParts() {
	l.parts = map[string]kernel.Ref{}
	placed := map[string]bool{}
	for _, n := range l.m.Nodes {
		if _, ok := n.Op.(ir.Concat); !ok {
			continue
		}
		whole := ref(l.buffer(n.Name, l.types[n.Name].Len()))
		l.parts[n.Name] = whole
		off := 0
		for i, name := range n.Inputs {
			size := l.types[name].Len()
			last := i == len(n.Inputs)-1
			if off%kernel.Lanes == 0 && (size%kernel.Lanes == 0 || last) && l.writesOwnBuffer(name) && !placed[name] {
				placed[name] = true
				l.parts[name] = kernel.Ref{Space: kernel.Buf, ID: whole.ID, Off: off}
			}
			off += size
		}
	}
}

// writesOwnBuffer reports whether the value is made by a node in a buffer that
// nothing else decides.
func (l *lowerer) writesOwnBuffer(value string) bool {
	n := l.m.Node(value)
	if n == nil {
		return false
	}
	switch op := n.Op.(type) {
	case ir.Linear:
		return op.Rows <= 1 || l.m.Param(op.Weight).Shape[0]%kernel.Lanes == 0
	case ir.Embedding, ir.Binary, ir.Softmax, ir.Ahead, ir.Hold, ir.Pick, ir.Reduce, ir.Normalize:
		return true
	case ir.Activation:
		return op.Func != ir.Identity
	}
	return false
}

// concat copies the parts that are not in place already.
func (l *lowerer) concat(n ir.Node) error {
	whole := l.result(n)
	off := 0
	for _, name := range n.Inputs {
		size := l.types[name].Len()
		at := kernel.Ref{Space: kernel.Buf, ID: whole.ID, Off: whole.Off + off}
		if part := l.value(name); part != at {
			l.emit(kernel.Copy{Dst: at, Src: part, Size: size})
		}
		off += size
	}
	l.layer.Doc = fmt.Sprintf("%s, %d elements", n.Op.Kind(), off)
	return nil
}
