package asm

import (
	"fmt"
	"math"
	"strings"

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
// in registers as long as there are enough. A step takes 25 bytes of code, and 38
// in the exact form. The name of the matrix is for the stub's comment.
func emitChunkUnrolled(f *File, name, matrix string, c *sparse.Chunk, r kernel.Range, panel int) {
	const signature = "func(dst, init, src *float32, words *byte)"
	doc := fmt.Sprintf("%s computes dst = init + W·src for rows %d to %d and\n%d columns of %s, padding counted, whose pattern\nis in the code. It may read %d elements of src. init may be dst.",
		name, 8*r.From, 8*r.To-1, c.Panels()[panel].Len(), strings.Join(strings.Fields(matrix), " "), c.Reads(panel))
	k := startMatVec(f, name, signature, doc, "", "", "", "")
	fn := k.fn
	u := chunkUnrolled{
		step:  chunkStep{matvec: k, form: c.Form()},
		words: &cursor{fn: fn, pointer: fn.Arg("words", k.weights), unit: 64},
	}
	if c.Form() == sparse.Exponent {
		u.step.constants()
		u.step.splat(math.Float32bits(c.Scale()), u.step.scale)
	}
	first := c.Start(panel, r.From/c.Granule()).Step
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
	step     chunkStep
	words    *cursor
	resident [chunkResident]int // number of the 16 elements in each register, from 1
	started  [4]bool            // accumulators of the group
}

// chunkResident is the number of registers that hold elements of src, 16 each:
// those from the 17th on that the exact form has no constants in.
const chunkResident = 14

// group emits the steps of a group; words are counted from step first.
func (u *chunkUnrolled) group(c *sparse.Chunk, panel, g, first int) {
	u.started = [4]bool{}
	at := c.Start(panel, g)
	pairs, singles := c.Counts(panel, g)
	for i := range 2*pairs + singles {
		base, acc := at.Base+i-pairs, 2+i%2
		if i < 2*pairs {
			base, acc = at.Base+i/2, i%2
		}
		words := u.words.at(64 * (at.Step + i - first))
		u.step.emit(words, u.chunk(c.Base(base)), zmm[acc], !u.started[acc])
		u.started[acc] = true
	}
}

// chunk is the two registers that hold the chunk at a base, loaded if they do
// not yet.
func (u *chunkUnrolled) chunk(base int) (chunk [2]reg.VecPhysical) {
	for half := range chunk {
		block := base/16 + half
		slot := block % chunkResident
		chunk[half] = zmm[16+slot]
		if u.resident[slot] != block+1 {
			u.resident[slot] = block + 1
			u.step.fn.VMOVUPS(mem(u.step.src, 64*block), chunk[half])
		}
	}
	return chunk
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
