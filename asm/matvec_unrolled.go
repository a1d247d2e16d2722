package asm

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// emitUnrolled emits the window steps of a range of groups as straight-line
// code: no bases to load, no steps that only pad, no loops. What bounds it is
// the supply of instructions, so operands are arranged to have displacements of
// one byte: a step takes 17 bytes of code, and 26 in the exact form. The name of the matrix is for the stub's comment.
func emitUnrolled(f *File, name, matrix string, w *sparse.Window, r kernel.Range) {
	const signature = "func(dst, init, src *float32, words *byte)"
	doc := fmt.Sprintf("%s computes dst = init + W·src for rows %d to %d of\n%s, padding counted, whose pattern is in the code.\n"+
		"It may read %d elements behind the last column of src. init may be dst.",
		name, 8*r.From, 8*r.To-1, strings.Join(strings.Fields(matrix), " "), w.Reach())
	k := startMatVec(f, name, signature, doc, "", "", "", "")
	fn := k.fn
	words := newCursor(fn, fn.Arg("words", reg.RAX))
	columns := newColumnBases(k, w.Cols())
	acc, step := windowChains, windowStep{matvec: k, width: w.Width(), form: w.Form()}
	if w.Form() == sparse.Exponent {
		step.mask, step.scale = ymm[14], ymm[15]
		fn.VMOVUPS(f.Splat8(exponentMask(w.Width())), step.mask)
		fn.VMOVUPS(f.Splat8F(w.Scale()), step.scale)
	}
	init, dst := newCursor(fn, k.init), newCursor(fn, k.dst)
	for g := r.From; g < r.To; g++ {
		first, row := w.Start(g), 32*(g-r.From)
		for i := range w.GroupSteps(g) {
			x := columns.element(w.Base(first + i))
			step.emit(words.at(32*(first-w.Start(r.From)+i)), x, acc[i%4], i < 4)
		}
		if used := min(4, w.GroupSteps(g)); used > 0 {
			step.finish(acc[:used], init.at(row), dst.at(row))
		} else {
			fn.VMOVUPS(init.at(row), ymm[0])
			fn.VMOVUPS(ymm[0], dst.at(row))
		}
	}
	fn.Return()
}

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
