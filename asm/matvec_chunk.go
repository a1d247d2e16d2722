package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// What chunks cost on a Zen 4 (one thread, 3.69 GHz, BenchmarkMatVec). A step is a
// multiply-add of 16 lanes.
//
//	kernel              cycles/step   bytes/step
//	chunk               2.5           64 + 1.3 of bases; 24 bytes/cycle from L3
//	chunk, exact        3.0           the same
//	unrolled            1.9           64 + 25 of code; 2.9 cycles where code exceeds 32 KB
//	unrolled, exact     2.8           64 + 38 of code; 3.4 cycles where code exceeds 32 KB
//
// A row group adds about 4 cycles. µs of the exact forms at 10 and 5 % of the
// weights, beside the window kernel of AVX2 in the same run:
//
//	matrix     window, exponent  chunk  chunk lane 16×32  unrolled  unrolled lane 16×32
//	512×128    0.79              0.61   0.38              0.53      0.33
//	           0.57              0.41   0.21              0.36      0.18
//	1152×384   4.8               3.7    2.3
//	           3.3               2.4    1.24
//	1760×1760  33.7              26.2   17.1
//	           23.3              18.0   8.6
//	7680×2560  360               192    107               least of 40 rounds, medians up to twice that
//	           156               116    56
//
// With the index in the mantissa 1760×1760 takes 23.0, 14.9 in lanes; 15.8, 7.2.
//
// Tried without gain: one chunk after the other for all groups, which spares the
// loads of src for loads and stores of dst and needs chunks side by side, a fifth
// to a quarter more steps; masks of the idle lanes, which would keep their 0·x out
// of the sums, 0.6 cycles a step; scaling src where it is loaded in place of the
// weights, which straight-line code gains 0.35 cycles from, at the price of a src
// below 2^64.

// chunkParts are the calls of a range of a matrix in chunks: one for each panel
// of columns, all but the first adding to what is in dst.
func chunkParts(c *sparse.Chunk, r kernel.Range) []part {
	from, to := r.From/c.Granule(), r.To/c.Granule()
	var list []part
	for p, panel := range c.Panels() {
		start := c.Start(p, from)
		name, ints := "matvecF32ChunkAVX512", []int{to - from}
		if c.Form() == sparse.Exponent {
			name, ints = "matvecF32ChunkExactAVX512", append(ints, int(math.Float32bits(c.Scale())))
		}
		list = append(list, part{
			name: name, groups: r, level: AVX512,
			column: panel.From, reads: c.Reads(p), onto: p > 0,
			offsets: []int{sparse.ChunkRows * start.Step, start.Base, 2 * (p*c.Groups() + from)},
			ints:    ints,
			emit:    func(f *File) { emitChunk(f, name, c.Form()) },
		})
	}
	return list
}

// emitChunk emits the stream kernel of chunks: load 16 words, take from the 32
// elements of src in two registers what the low 5 bits of each word name, multiply
// and add. Two steps at a time: first the pairs that share a chunk, then those
// that load one each.
func emitChunk(f *File, name string, form sparse.IndexForm) {
	signature := "func(dst, init, src *float32, words, bases, counts *byte, groups int)"
	doc := name + " computes dst = init + W·src for groups of 16 rows in\nchunk form, lane indices in the low mantissa bits; group i has counts[2·i] pairs\nof steps that share a chunk, then counts[2·i+1] pairs with a chunk each. It reads\n32 elements of src at each base. init may be dst."
	if form == sparse.Exponent {
		signature = "func(dst, init, src *float32, words, bases, counts *byte, groups int, scale uint32)"
		doc = name + " computes dst = init + W·src for groups of 16 rows in\nchunk form, lane indices below the exponent; group i has counts[2·i] pairs of\nsteps that share a chunk, then counts[2·i+1] pairs with a chunk each, and weights\nare multiplied by the float32 of bits scale. It reads 32 elements of src at each\nbase. init may be dst."
	}
	k := startMatVec(f, name, signature, doc, "words", "bases", "counts", "groups")
	fn := k.fn
	step := chunkStep{matvec: k, form: form}
	if form == sparse.Exponent {
		step.constants()
		fn.Arg("scale", reg.RAX)
		fn.VPBROADCASTD(reg.EAX, step.scale)
	}
	acc := zmm[:4]
	shared, others, base := reg.R12, reg.R13, reg.RAX
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), shared.As32())
		fn.MOVL(mem(k.counts, 4), others.As32())
		fn.ADDQ(operand.U8(8), k.counts)
		k.zeroWide(acc)
		k.loop(shared, func() {
			fn.MOVWLZX(mem(k.places, 0), base.As32())
			chunk := step.load(k.src, base, 0)
			step.emit(mem(k.weights, 0), chunk, acc[0], false)
			step.emit(mem(k.weights, 64), chunk, acc[1], false)
			fn.SUBQ(operand.I8(-128), k.weights)
			fn.ADDQ(operand.U8(2), k.places)
		})
		k.loop(others, func() {
			for i := range 2 {
				fn.MOVWLZX(mem(k.places, 2*i), base.As32())
				step.emit(mem(k.weights, 64*i), step.load(k.src, base, i), acc[2+i], false)
			}
			fn.SUBQ(operand.I8(-128), k.weights)
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

// chunkStep emits single steps of a chunk kernel.
type chunkStep struct {
	*matvec
	form  sparse.IndexForm
	mask  reg.VecPhysical // of Exponent
	scale reg.VecPhysical // of Exponent: of weights
	taken int             // steps
}

// constants takes the registers that decoding needs, and loads the mask.
func (s *chunkStep) constants() {
	s.mask, s.scale = zmm[30], zmm[31]
	s.splat(sparse.ChunkExponentMask, s.mask)
}

// splat fills a register with copies of a word.
func (s *chunkStep) splat(word uint32, r reg.VecPhysical) {
	s.fn.MOVL(operand.U32(word), reg.EAX)
	s.fn.VPBROADCASTD(reg.EAX, r)
}

// load loads the chunk at a base into the i-th of two pairs of registers.
func (s *chunkStep) load(src, base reg.GPPhysical, i int) [2]reg.VecPhysical {
	chunk := [2]reg.VecPhysical{zmm[4+2*i], zmm[5+2*i]}
	for half, r := range chunk {
		s.fn.VMOVUPS(operand.Mem{Base: src, Index: base, Scale: 4, Disp: 64 * half}, r)
	}
	return chunk
}

// emit adds one step to an accumulator, or starts it with the step. The words are
// loaded once, and copied because the permute destroys its indices.
func (s *chunkStep) emit(words operand.Mem, chunk [2]reg.VecPhysical, acc reg.VecPhysical, start bool) {
	fn := s.fn
	w, x := zmm[8+s.taken%4], zmm[12+s.taken%4]
	s.taken++
	fn.VMOVUPS(words, x)
	if s.form == sparse.Mantissa {
		fn.VMOVAPS(x, w)
		fn.VPERMI2PS(chunk[1], chunk[0], x)
	} else {
		fn.VPSRAD(operand.U8(5), x, w)
		fn.VPERMI2PS(chunk[1], chunk[0], x)
		fn.VPANDD(s.mask, w, w)
		fn.VMULPS(s.scale, w, w)
	}
	if start {
		fn.VMULPS(w, x, acc)
	} else {
		fn.VFMADD231PS(w, x, acc)
	}
}
