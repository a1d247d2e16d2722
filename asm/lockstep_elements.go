package asm

import (
	"github.com/sparsec/sparsec/ir/kernel"
)

// LockstepElementCalls are the calls of [ElementCalls] for several streams in
// lockstep, as many float32 an element. Kernels that work element by element take
// all streams as one long vector; N, the vectors' lengths and the offsets of
// their places count float32.
func LockstepElementCalls(in kernel.Instr, streams int) ([]ElementCall, error) {
	calls, err := ElementCalls(in)
	for i := range calls {
		c := &calls[i]
		for j := range c.Vectors {
			c.Vectors[j].Ref.Off *= streams
			c.Vectors[j].Len *= streams
		}
		switch {
		case c.Func == "softmax":
			c.Func, c.Streams = "softmaxLockstep", streams
			continue
		case c.Streams > 0:
			c.Streams = streams
		}
		c.N *= streams
	}
	return calls, err
}
