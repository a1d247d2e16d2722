package asm

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// chunkUnrolledParts are the calls of a range as straight-line code, one for each
// panel of columns.
func chunkUnrolledParts(matrix string, c *sparse.Chunk, r kernel.Range, suffix string) []part {
	list := chunkParts(c, r)
	for p := range list {
		name := fmt.Sprintf("matvecF32ChunkUnrolled%sP%dAVX512", suffix, p)
		list[p].name = name
		list[p].offsets, list[p].ints = list[p].offsets[:1], nil
		list[p].emit = func(f *File) { emitChunkUnrolled(f, name, matrix, c, r, p) }
	}
	return list
}

// emitChunkUnrolled emits the chunk steps of a range of groups and a panel as
// straight-line code: no bases to load, no steps that only pad, no loops, and src
// in registers as long as there are enough. A step takes 21 bytes of code. The
// name of the matrix is for the stub's comment.
func emitChunkUnrolled(f *File, name, matrix string, c *sparse.Chunk, r kernel.Range, panel int) {
	const signature = "func(dst, init, src *float32, words *byte)"
	doc := fmt.Sprintf("%s computes dst = init + W·src for rows %d to %d and\n%d columns of %s, padding counted, whose pattern\nis in the code. It may read %d elements of src. init may be dst.",
		name, 8*r.From, 8*r.To-1, c.Panels()[panel].Len(), strings.Join(strings.Fields(matrix), " "), c.Reads(panel))
	k := startMatVec(f, name, signature, doc, "", "", "", "")
	fn := k.fn
	u := chunkUnrolled{
		step:  chunkStep{matvec: k},
		words: &cursor{fn: fn, pointer: fn.Arg("words", k.weights), unit: 64},
	}
	first := c.Start(panel, r.From/c.Granule()).Vector
	for g := r.From / c.Granule(); g < r.To/c.Granule(); g++ {
		u.group(c, panel, g, first)
		row := 64 * (g - r.From/c.Granule())
		sum, ok := u.sum()
		if !ok {
			sum = zmm[0]
			fn.VMOVUPS(mem(k.init, row), sum)
		} else {
			fn.VADDPS(mem(k.init, row), sum, sum)
		}
		fn.VMOVUPS(sum, mem(k.dst, row))
	}
	fn.Return()
}

// chunkUnrolled is straight-line code of chunks under construction.
type chunkUnrolled struct {
	step    chunkStep
	words   *cursor
	held    sparse.ChunkRegisters
	started [4]bool // accumulators of the group
}

// group emits the steps of a group; words are counted from vector first.
func (u *chunkUnrolled) group(c *sparse.Chunk, panel, g, first int) {
	u.started = [4]bool{}
	at := c.Start(panel, g)
	pairs, singles := c.Counts(panel, g)
	for i := range 2*pairs + singles {
		base, acc := at.Base+i-pairs, 2+i%2
		if i < 2*pairs {
			base, acc = at.Base+i/2, i%2
		}
		weights, places, shift := c.Vectors(i)
		if shift == 0 {
			u.step.fn.VMOVDQU32(u.vector(at.Vector+places-first), chunkHeld)
		}
		lo, hi := u.chunk(c.Base(base))
		u.step.emit(u.vector(at.Vector+weights-first), shift, lo, hi, zmm[acc], !u.started[acc])
		u.started[acc] = true
	}
}

// vector is the operand of a vector of words.
func (u *chunkUnrolled) vector(i int) operand.Mem { return u.words.at(64 * i) }

// chunk is the two registers that hold the chunk at a base, loaded if they do
// not yet.
func (u *chunkUnrolled) chunk(base int) (lo, hi reg.VecPhysical) {
	return u.block(base / 16), u.block(base/16 + 1)
}

// block is the register that holds 16 elements of src, one behind those that single
// steps take.
func (u *chunkUnrolled) block(number int) reg.VecPhysical {
	register, load := u.held.Take(number)
	r := zmm[32-sparse.ChunkResident+register]
	if load {
		u.step.fn.VMOVUPS(mem(u.step.src, 64*number), r)
	}
	return r
}

// sum adds the accumulators that the group started, as (a0+a1)+(a2+a3), into the
// one that it returns; false if there is none.
func (u *chunkUnrolled) sum() (reg.VecPhysical, bool) {
	for _, pair := range [][2]int{{0, 1}, {2, 3}, {0, 2}} {
		a, b := pair[0], pair[1]
		if u.started[a] && u.started[b] {
			u.step.fn.VADDPS(zmm[b], zmm[a], zmm[a])
		}
	}
	switch {
	case u.started[0]:
		return zmm[0], true
	case u.started[2]:
		return zmm[2], true
	}
	return nil, false
}
