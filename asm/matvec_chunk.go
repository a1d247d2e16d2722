package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// What chunks cost on a Zen 4 (one thread, 3.69 GHz, BenchmarkMatVec). A step is a
// multiply-add of 16 lanes.
//
//	kernel      cycles/step   bytes/step
//	chunk       2.75          75 + 1.3 of bases; 25 bytes/cycle from L3
//	unrolled    1.8           75 + 22 of code; 2.3 cycles where the words exceed the first level
//
// A row group adds about 4 cycles. Loads bind: one of 64 bytes a cycle, and a step
// has one of weights, a sixth of places, 1.15 to 1.3 of src and half a base; shift,
// permute and multiply-add alone take 2.0 cycles. µs at 10 and 5 % of the weights,
// beside the window kernel of AVX2 in the same run:
//
//	matrix     window, fixed  chunk  chunk lane 16×32  unrolled  unrolled lane 16×32
//	512×128    0.69           0.60   0.39              0.51      0.27
//	           0.51           0.40   0.20              0.36      0.12
//	1152×384   4.2            3.4    2.05
//	           2.9            2.3    1.16
//	1760×1760  30.4           27.0   17.7
//	           21.4           18.6   8.8
//	7680×2560  304            237    111               least of 40 rounds
//	           144            119    56
//
// See matvec_chunkfixed.go for weight and place in one word. With the index in exponent
// bits that scaling makes constant, in place of integers, that takes five instructions:
// 12 to 51 % more time in straight-line code, 1 to 12 % more as a stream from the first
// and the second level.
//
// Tried without gain: one loop over six steps, of two pairs that share a chunk and
// two steps that do not (groups padded to six take 1 to 13 % more steps, and steps
// as many cycles), with software prefetch into either level (2 to 8 % slower from
// the second, 15 to 30 % from the third), or with shifts by multiplying, on another
// port; three pairs in a turn, with one load of bases (1 % in cache); a third loop,
// of four steps that share a chunk (at 10 % of the weights 3 to 7 % less from the
// second level, 2 % more from the third); one chunk after the other for all groups,
// which spares the loads of src for loads and stores of dst and needs chunks side by
// side, a fifth to a quarter more steps; masks of the idle lanes, which would keep
// their 0·x out of the sums, 0.6 cycles a step.

// chunkParts are the calls of a range of a matrix in chunks: one for each panel
// of columns, all but the first adding to what is in dst.
func chunkParts(c *sparse.Chunk, r kernel.Range) []part {
	const name = "matvecF32ChunkAVX512"
	from, to := r.From/c.Granule(), r.To/c.Granule()
	var list []part
	for p, panel := range c.Panels() {
		start := c.Start(p, from)
		list = append(list, part{
			name: name, groups: r, level: AVX512,
			column: panel.From, reads: c.Reads(p), onto: p > 0,
			offsets: []int{sparse.ChunkRows * start.Vector, start.Base, 2 * (p*c.Groups() + from)},
			ints:    []int{to - from},
			emit:    func(f *File) { emitChunk(f, name) },
		})
	}
	return list
}

// emitChunk emits the stream kernel of chunks: bring the places of a step down to
// the low 5 bits of each word, take from the 32 elements of src in two registers
// what they name, multiply and add. Two steps at a time: first the pairs that
// share a chunk, then those that load one each. A vector of places lasts for three
// such turns of either loop, which a branch counts that is foreseen.
func emitChunk(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, bases, counts *byte, groups int)"
	doc := name + " computes dst = init + W·src for groups of 16 rows in\nchunk form; group i has counts[2·i] pairs of steps that share a chunk, then\ncounts[2·i+1] pairs with a chunk each. It reads 32 elements of src at each base.\ninit may be dst."
	k := startMatVec(f, name, signature, doc, "words", "bases", "counts", "groups")
	fn := k.fn
	step := chunkStep{matvec: k}
	acc := zmm[:4]
	shared, others, base, second, turns := reg.R12, reg.R13, reg.RAX, reg.RBX, reg.RCX
	lo, hi := zmm[9], zmm[10]
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), shared.As32())
		fn.MOVL(mem(k.counts, 4), others.As32())
		fn.ADDQ(operand.U8(8), k.counts)
		fn.MOVL(operand.U32(1), turns.As32())
		k.zeroWide(acc)
		k.loop(shared, func() {
			step.nextPlaces(turns)
			fn.MOVWLZX(mem(k.places, 0), base.As32())
			fn.VMOVUPS(k.element(base, 0), lo)
			fn.VMOVUPS(k.element(base, 16), hi)
			for i := range 2 {
				step.emit(mem(k.weights, 64*i), sparse.ChunkPlaceBits*i, lo, hi, acc[i], false)
			}
			step.finishTurn()
			fn.ADDQ(operand.U8(2), k.places)
		})
		k.loop(others, func() {
			step.nextPlaces(turns)
			fn.MOVL(mem(k.places, 0), second.As32())
			fn.MOVWLZX(second.As16(), base.As32())
			fn.SHRL(operand.U8(16), second.As32())
			for i, at := range []reg.GPPhysical{base, second} {
				fn.VMOVUPS(k.element(at, 0), zmm[9+i])
				step.emit(mem(k.weights, 64*i), sparse.ChunkPlaceBits*i, zmm[9+i], k.element(at, 16), acc[2+i], false)
			}
			step.finishTurn()
			fn.ADDQ(operand.U8(4), k.places)
		})
		k.sum(acc)
		fn.VADDPS(mem(k.init, 0), acc[0], acc[0])
		fn.VMOVUPS(acc[0], mem(k.dst, 0))
		fn.ADDQ(operand.U8(64), k.init)
		fn.ADDQ(operand.U8(64), k.dst)
	})
	fn.Return()
}

// zeroWide clears registers that may have no VEX encoding.
func (k *matvec) zeroWide(acc []reg.VecPhysical) {
	for _, a := range acc {
		k.fn.VPXORD(a, a, a)
	}
}

// element is the operand of the elements of src from so many behind an index on.
func (k *matvec) element(index reg.GPPhysical, behind int) operand.Mem {
	return operand.Mem{Base: k.src, Index: index, Scale: 4, Disp: 4 * behind}
}

// chunkHeld holds the places of six steps.
var chunkHeld = zmm[4]

// chunkStep emits single steps of a chunk kernel.
type chunkStep struct {
	*matvec
	taken int // steps
}

// nextPlaces loads places if those held are used up, and counts the turns of two
// steps that they last for.
func (s *chunkStep) nextPlaces(turns reg.GPPhysical) {
	fn, held := s.fn, s.fn.NewLabel("held")
	fn.DECL(turns.As32())
	fn.JNZ(operand.LabelRef(held))
	fn.MOVL(operand.U32(sparse.ChunkPlaces/2), turns.As32())
	fn.VMOVDQU32(mem(s.weights, 0), chunkHeld)
	fn.ADDQ(operand.U8(64), s.weights)
	fn.Label(held)
}

// finishTurn goes on by two steps.
func (s *chunkStep) finishTurn() {
	s.fn.VPSRLD(operand.U8(2*sparse.ChunkPlaceBits), chunkHeld, chunkHeld)
	s.fn.SUBQ(operand.I8(-128), s.weights)
}

// emit adds one step, whose places begin at a bit of those held and whose chunk
// is lo and hi, to an accumulator, or starts it with the step. The permute
// destroys its indices.
func (s *chunkStep) emit(weights operand.Mem, shift int, lo reg.VecPhysical, hi operand.Op, acc reg.VecPhysical, start bool) {
	fn, x := s.fn, zmm[5+s.taken%4]
	s.taken++
	if shift == 0 {
		fn.VMOVDQA32(chunkHeld, x)
	} else {
		fn.VPSRLD(operand.U8(shift), chunkHeld, x)
	}
	fn.VPERMI2PS(hi, lo, x)
	if start {
		fn.VMULPS(weights, x, acc)
	} else {
		fn.VFMADD231PS(weights, x, acc)
	}
}
