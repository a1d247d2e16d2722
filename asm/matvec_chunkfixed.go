package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// fixedChunkPart is the call of a range of a matrix in chunks of the Fixed form.
func fixedChunkPart(c *sparse.FixedChunk, r kernel.Range) part {
	const name = "matvecF32ChunkFixedAVX512"
	start := c.Start(r.From)
	return part{
		name: name, groups: r, level: AVX512, reads: c.Cols() + c.Reach(),
		offsets: []int{sparse.ChunkRows * start.Vector, 8 * r.From, start.Base, sparse.FixedChunkCounts * c.Pair(r.From)},
		ints:    []int{(r.To - r.From + 1) / 2},
		emit:    func(f *File) { emitFixedChunk(f, name) },
	}
}

// emitFixedChunk emits the stream kernel of chunks in the Fixed form: take from the
// 32 elements of src in two registers what the low 5 bits of the words name, turn the
// words into float32, multiply and add. A pair of groups has accumulators of its own
// for each of its streams, so that their additions do not wait for each other.
func emitFixedChunk(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, scales, bases, counts *byte, groups int)"
	doc := name + " computes dst = init + W·src for groups of 16 rows in\nchunk form, weights and lane indices in integers; groups 2·i and 2·i+1 have\ncounts[3·i] quads of steps, two of each, that share a chunk, then counts[3·i+1]\ntwos, then counts[3·i+2] steps each with a chunk of its own, and scales for their\nrows. A last group alone has only those. It reads 32 elements of src at each base.\ninit may be dst."
	k := fixedChunk{startMatVec(f, name, signature, doc, "words", "bases", "counts", "groups")}
	fn := k.fn
	fn.Arg("scales", k.scales)
	fn.SHRQ(operand.U8(1), k.rows)
	k.loop(k.rows, func() {
		k.zeroWide(zmm[8:16])
		k.units(0, func(base reg.GPPhysical) {
			k.chunk(base, 0)
			for i := range 4 {
				k.step(i, 0, k.sum2(i/2, i%2))
			}
			k.behind(4, 1)
		})
		k.units(1, func(base reg.GPPhysical) {
			k.chunk(base, 0)
			for i := range 2 {
				k.step(i, 0, k.sum2(i, 2))
			}
			k.behind(2, 1)
		})
		k.units(2, func(base reg.GPPhysical) {
			k.chunk(base, 0)
			fn.MOVWLZX(mem(k.places, 2), base.As32())
			k.chunk(base, 2)
			for i := range 2 {
				k.step(i, 2*i, k.sum2(i, 3))
			}
			k.behind(2, 2)
		})
		k.finish(2)
	})
	end := fn.NewLabel("end")
	fn.Arg("groups", k.rows)
	fn.TESTL(operand.U32(1), k.rows.As32())
	fn.JZ(operand.LabelRef(end))
	k.zeroWide(zmm[8:12])
	k.units(2, func(base reg.GPPhysical) {
		k.chunk(base, 0)
		k.step(0, 0, k.sum2(0, 3))
		k.behind(1, 1)
	})
	k.finish(1)
	fn.Label(end)
	fn.Return()
}

// fixedChunk emits the parts of the kernel.
type fixedChunk struct{ *matvec }

// sum2 is an accumulator of a group of the pair.
func (k fixedChunk) sum2(group, i int) reg.VecPhysical { return zmm[8+4*group+i] }

// units emits the loop over the units of a kind, with the first base of each in a
// register.
func (k fixedChunk) units(kind int, body func(base reg.GPPhysical)) {
	n, base := reg.R13, reg.RAX
	k.fn.MOVL(mem(k.counts, 4*kind), n.As32())
	k.loop(n, func() {
		k.fn.MOVWLZX(mem(k.places, 0), base.As32())
		body(base)
	})
}

// chunk loads a chunk of src into the registers from the given one of four on.
func (k fixedChunk) chunk(base reg.GPPhysical, to int) {
	for half := range 2 {
		k.fn.VMOVUPS(k.element(base, 16*half), zmm[16+to+half])
	}
}

// step adds the i-th step from here, of the chunk in the given registers.
func (k fixedChunk) step(i, chunk int, acc reg.VecPhysical) {
	fn, word, weight := k.fn, zmm[i], zmm[4+i]
	fn.VMOVDQU32(mem(k.weights, 64*i), word)
	fn.VCVTDQ2PS(word, weight)
	fn.VPERMI2PS(zmm[16+chunk+1], zmm[16+chunk], word)
	fn.VFMADD231PS(weight, word, acc)
}

// behind moves behind so many steps and bases.
func (k fixedChunk) behind(steps, bases int) {
	k.fn.SUBQ(operand.I32(-64*steps), k.weights)
	k.fn.ADDQ(operand.U8(2*bases), k.places)
}

// finish stores the rows of as many groups and goes on to the next.
func (k fixedChunk) finish(groups int) {
	fn := k.fn
	for g := range groups {
		acc := zmm[8+4*g : 12+4*g]
		k.sum(acc)
		fn.VMOVUPS(mem(k.scales, 64*g), zmm[0])
		fn.VFMADD213PS(mem(k.init, 64*g), zmm[0], acc[0])
		fn.VMOVUPS(acc[0], mem(k.dst, 64*g))
	}
	for _, vectors := range []reg.GPPhysical{k.scales, k.init, k.dst} {
		fn.SUBQ(operand.I32(-64*groups), vectors)
	}
	fn.ADDQ(operand.U8(4*sparse.FixedChunkCounts), k.counts)
}
