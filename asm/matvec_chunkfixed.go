package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// What chunks of integers take beside those with places next to the weights, in µs at
// 10 and 5 % of the weights (`sparsec bench kernels -all`, Zen 4 at 3.69 GHz):
//
//	matrix     iid, copies  chunk  fixed  lane 16×32, chunk  fixed
//	1152×384   3.48         2.89   2.62   2.20               1.83
//	           2.41         1.87   1.68   1.14               0.99
//	1760×1760  27.5         24.3   22.1   16.8               14.3
//	           19.4         15.4   14.0   8.0                6.8 to 7.6
//	3072×3072                             49.9               43.6
//	                                      26.1               24.0
//
// A step is 64 bytes and 2.3 cycles from the second level, of which its arithmetic takes
// 1.9 and reading 64 bytes 2.0; from beyond, 2.6 and 2.15 of reading. Besides words it
// loads 0.65 to 0.85 vectors of src; groups by themselves would load 1.2 to 1.3. Fours
// take 2 % less than pairs in the second level, 3 % more where a tile is longer than the
// first level holds beside src. Eights, two steps of each of four groups, load about
// half as much of src and take as long, or up to 3 % more. Words that begin half a cache line off cost 6 %: see inLines of codegen/rt. Loops
// aligned to 32 or 64 bytes are no faster.

// fixedChunkPart is the call of a range of a matrix in chunks of the Fixed form.
func fixedChunkPart(c *sparse.FixedChunk, r kernel.Range) part {
	const name = "matvecF32ChunkFixedAVX512"
	start := c.Start(r.From)
	return part{
		name: name, groups: r, level: AVX512, reads: c.Cols() + c.Reach(),
		offsets: []int{sparse.ChunkRows * start.Step, 8 * r.From, start.Base, sparse.FixedChunkCounts * c.Tile(r.From), start.Patch},
		ints:    []int{(r.To - r.From + 1) / 2},
		emit:    func(f *File) { emitFixedChunk(f, name) },
		several: emitFixedChunkSeveral,
	}
}

// emitFixedChunk emits the stream kernel of chunks in the Fixed form: take from the
// 32 elements of src in two registers what the low 5 bits of the words name, turn the
// words into float32, multiply and add. The groups of a tile have an accumulator for
// each of their streams, so that no addition waits for another.
func emitFixedChunk(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, scales, bases, counts, patches *byte, groups int)"
	doc := name + " computes dst = init + W·src for groups of 16 rows in\nchunk form, weights and lane indices in integers, and scales for the rows. Tile i of\nfour groups has counts[8·i] fours of steps that share a chunk, one of each group;\nfor its first two groups, in the order of the bytes of counts[8·i+7], counts[8·i+1]\nquads, two of each, counts[8·i+2] twos and counts[8·i+3] steps each with a chunk of\nits own; for the others the next three counts. A last tile of fewer groups has no\nfours, and one group alone only steps of its own. Behind each tile follow the\nproducts of patches: their number and 0, then row in the tile and column, and weight\nof each. It reads 32 elements of src at each base. init may be dst."
	k := fixedChunk{startMatVec(f, name, signature, doc, "words", "bases", "counts", "groups")}
	fn := k.fn
	fn.Arg("scales", k.scales)
	fn.Arg("patches", patches)
	fn.SHRQ(operand.U8(2), k.rows)
	k.loop(k.rows, func() {
		k.clear(4)
		k.shared(0, 0, 4, 1, 0)
		for p := range 2 {
			k.pair(1+3*p, 2*p)
		}
		for g := range 4 {
			at := scratch[0]
			fn.MOVBLZX(mem(k.counts, 4*(sparse.FixedChunkCounts-1)+g), at.As32())
			k.store(g, func(vector reg.GPPhysical) operand.Mem { return operand.Mem{Base: vector, Index: at, Scale: 8} })
		}
		k.patch()
		k.behindRows(4, sparse.FixedChunkCounts)
	})
	k.rest(2, func() { k.pair(1, 0) })
	k.rest(1, func() { k.own(3, 0, 1) })
	end := fn.NewLabel("end")
	fn.Arg("groups", k.rows)
	fn.ANDQ(operand.U8(3), k.rows)
	fn.JZ(operand.LabelRef(end))
	fn.SHLQ(operand.U8(6), k.rows)
	fn.SUBQ(k.rows, k.dst)
	k.patch()
	fn.Label(end)
	fn.Return()
}

// fixedChunk emits the parts of the kernel.
type fixedChunk struct{ *matvec }

// pair emits the streams of two groups, the first of their counts and of their
// accumulators given.
func (k fixedChunk) pair(count, first int) {
	k.shared(count, first, 2, 2, 0)
	k.shared(count+1, first, 2, 1, 2)
	k.own(count+2, first, 2)
}

// rest emits what is done for so many groups, a power of two, if the last tile has
// them.
func (k fixedChunk) rest(groups int, streams func()) {
	fn, none := k.fn, k.fn.NewLabel("none")
	fn.Arg("groups", k.rows)
	fn.TESTL(operand.U32(groups), k.rows.As32())
	fn.JZ(operand.LabelRef(none))
	k.clear(groups)
	streams()
	for g := range groups {
		k.store(g, func(vector reg.GPPhysical) operand.Mem { return mem(vector, 64*g) })
	}
	k.behindRows(groups, 3) // to the counts of the next pair
	fn.Label(none)
}

// patches is the register that points to the patches to come.
var patches = reg.R12

// patch emits the products of the patches of a tile.
func (k fixedChunk) patch() {
	fn, n, column, row, sum := k.fn, reg.R13, reg.RAX, reg.RBX, zmm[0].AsX()
	k.eachPatch(n, row, column, func() {
		at := operand.Mem{Base: k.dst, Index: row, Scale: 4}
		fn.VMOVSS(mem(patches, 4), zmm[1].AsX())
		fn.VMOVSS(at, sum)
		fn.VFMADD231SS(k.element(column, 0), zmm[1].AsX(), sum)
		fn.VMOVSS(sum, at)
	})
}

// eachPatch emits the loop over the patches of a tile, with the row of each and its
// column in registers.
func (k *matvec) eachPatch(n, row, column reg.GPPhysical, body func()) {
	fn := k.fn
	fn.MOVL(mem(patches, 0), n.As32())
	fn.ADDQ(operand.U8(8), patches)
	k.loop(n, func() {
		fn.MOVL(mem(patches, 0), row.As32())
		fn.MOVWLZX(row.As16(), column.As32())
		fn.SHRL(operand.U8(16), row.As32())
		body()
		fn.ADDQ(operand.U8(8), patches)
	})
}

// acc is an accumulator of a group of the tile.
func (k fixedChunk) acc(group, i int) reg.VecPhysical { return zmm[8+4*group+i] }

func (k fixedChunk) clear(groups int) { k.zeroWide(zmm[8 : 8+4*groups]) }

// shared emits the loop over the units in which so many groups, from the first given
// on, take some steps each with one chunk.
func (k fixedChunk) shared(count, first, groups, each, acc int) {
	k.units(count, func() {
		k.chunk(0, 0)
		for i := range groups * each {
			k.step(i, 0, k.acc(first+i/each, acc+i%each))
		}
		k.behind(groups*each, 1)
	})
}

// own emits the loop over the steps that groups take with a chunk each.
func (k fixedChunk) own(count, first, groups int) {
	k.units(count, func() {
		for i := range groups {
			k.chunk(i, 2*i)
		}
		for i := range groups {
			k.step(i, 2*i, k.acc(first+i, 3))
		}
		k.behind(groups, groups)
	})
}

// units emits a loop, of as many turns as a count says.
func (k fixedChunk) units(count int, body func()) {
	n := reg.R13
	k.fn.MOVL(mem(k.counts, 4*count), n.As32())
	k.loop(n, body)
}

// chunk loads the chunk of the i-th base from here into two registers, from the
// given one on.
func (k fixedChunk) chunk(i, to int) {
	base := scratch[i]
	k.fn.MOVWLZX(mem(k.places, 2*i), base.As32())
	for half := range 2 {
		k.fn.VMOVUPS(k.element(base, 16*half), zmm[24+to+half])
	}
}

// step adds the i-th step from here, of the chunk in the given registers.
func (k fixedChunk) step(i, chunk int, acc reg.VecPhysical) {
	fn, word, weight := k.fn, zmm[i], zmm[4+i]
	fn.VMOVDQU32(mem(k.weights, 64*i), word)
	fn.VCVTDQ2PS(word, weight)
	fn.VPERMI2PS(zmm[24+chunk+1], zmm[24+chunk], word)
	fn.VFMADD231PS(weight, word, acc)
}

// behind moves behind so many steps and bases.
func (k fixedChunk) behind(steps, bases int) {
	k.fn.SUBQ(operand.I32(-64*steps), k.weights)
	k.fn.ADDQ(operand.U8(2*bases), k.places)
}

// store finishes the rows of a group, that lie where a function says in the vectors
// with an element a row.
func (k fixedChunk) store(group int, rows func(vector reg.GPPhysical) operand.Mem) {
	fn, sum := k.fn, k.acc(group, 0)
	k.sum(zmm[8+4*group : 12+4*group])
	fn.VMOVUPS(rows(k.scales), zmm[0])
	fn.VFMADD213PS(rows(k.init), zmm[0], sum)
	fn.VMOVUPS(sum, rows(k.dst))
}

// behindRows moves behind the rows of so many groups, and behind counts.
func (k fixedChunk) behindRows(groups, counts int) {
	for _, vector := range []reg.GPPhysical{k.scales, k.init, k.dst} {
		k.fn.SUBQ(operand.I32(-64*groups), vector)
	}
	k.fn.ADDQ(operand.U8(4*counts), k.counts)
}
