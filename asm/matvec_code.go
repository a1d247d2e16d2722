package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// cursor addresses ascending offsets behind a pointer, which it advances so
// that displacements take one byte.
type cursor struct {
	fn      *Func
	pointer reg.GPPhysical
	offset  int // of the pointer
	unit    int // bytes that displacements of one byte count in: the width of a vector in EVEX encodings
}

func newCursor(fn *Func, pointer reg.GPPhysical) *cursor {
	return &cursor{fn: fn, pointer: pointer, unit: 1}
}

func (c *cursor) at(offset int) operand.Mem {
	if offset-c.offset > 127*c.unit {
		next := offset + 128*c.unit
		c.fn.ADDQ(operand.I32(next-c.offset), c.pointer)
		c.offset = next
	}
	return mem(c.pointer, offset-c.offset)
}

// columnBases keeps pointers into src, 64 elements apart, as long as there are
// registers; columns beyond the last take displacements of four bytes.
type columnBases []reg.GPPhysical

func newColumnBases(k *matvec, cols int) columnBases {
	// R12 as a base would cost a byte.
	free := []reg.GPPhysical{k.src, reg.RBX, reg.RCX, reg.R8, reg.R9, reg.R10, reg.R11, reg.R13, reg.R15}
	bases := columnBases(free[:max(1, min((cols+63)/64, len(free)))])
	for i := len(bases) - 1; i >= 0; i-- {
		k.fn.LEAQ(mem(k.src, 128+256*i), bases[i])
	}
	return bases
}

func (b columnBases) element(c int) operand.Mem {
	i := min(c/64, len(b)-1)
	return mem(b[i], 4*c-128-256*i)
}
