package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Kernels for weights with less than float32, on the same machine
// (BenchmarkReduced; 512×128 at 20, 10 and 5 %, in cache):
//
//	kernel          cycles/step          bytes/step
//	                f32   q16   f16   int8
//	dense           1.03  1.00  0.67  1.00   32, 16, 16, 8
//	block 4×1       1.18  1.34  1.22  1.34   18, 10, 10, 6
//	block 8×1       1.30  1.35  1.22  1.35   34, 18, 18, 10
//	block 16×1      1.03  1.08  0.88  1.08   33, 17, 17, 9
//	window, exact   1.54  1.42  1.46  1.74   34, 18, 22, 14
//
// From memory the bytes decide. µs in one run each, the processor shared with
// others:
//
//	matrix, density        f32 exact  q16   f16   int8
//	7680×2560    20 %      1161       505   791   408
//	             10 %      510        245   393   257
//	10704×3568   10 %      2796       1263  1696  819
//	              5 %      1615       589   773   457
//	7680×2560    dense     7130       1490  3050  750
//
// Tried without gain: the 8-bit weights of four steps in one word, shifted to its
// top instead of loaded and widened each, 1.83 cycles.

// reducedPart is the call for a range of groups of a reduced window.
func reducedPart(w *sparse.ReducedWindow, r kernel.Range) part {
	precision := w.Precision()
	name := fmt.Sprintf("matvec%sWindowAVX2", precisionNames[precision])
	p := part{
		name: name, groups: r, reads: w.Cols() + w.Reach(),
		offsets: []int{8 * w.Start(r.From), w.Start(r.From), r.From, 8 * r.From},
		ints:    []int{r.To - r.From},
		emit:    func(f *File) { emitReducedWindow(f, name, precision) },
	}
	if precision == sparse.Fixed16 {
		p.emit = func(f *File) { emitFixedWindow(f, name) }
		p.offsets[0] = 4 * w.Start(r.From)
	} else {
		p.offsets = append([]int{p.offsets[0], 2 * w.Start(r.From)}, p.offsets[1:]...)
	}
	return p
}

// emitFixedWindow emits the window kernel for 16-bit words that hold a weight and
// its place. One load takes the words of two steps: those in the low halves are
// indices as they are and weights, 2^16 times too large, after a shift to the
// left; a shift to the right makes those in the high halves both.
func emitFixedWindow(f *File, name string) {
	const signature = "func(dst, init, src *float32, words, bases, counts, scales *byte, groups int)"
	k := startMatVec(f, name, signature, name+" computes dst = init + W·src for groups of 8 rows in\nwindow form, 16-bit weights with the lane index in the low bits, a scale a row;\ngroup i has 4·counts[i] steps. It may read 7 elements behind the last column of\nsrc. init may be dst.",
		"words", "bases", "counts", "groups")
	fn := k.fn
	k.rowScales(sparse.Fixed16)
	acc, half := windowChains, ymm[12]
	fn.VMOVUPS(f.Splat8F(0x1p-16), half)
	n := reg.R13
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		k.loop(n, func() {
			for i, x := range k.quadPlaces() {
				words, weight, value := ymm[i/2], ymm[2+i%2], ymm[4+i]
				if i%2 == 0 {
					fn.VMOVUPS(mem(k.weights, 16*i), words)
					fn.VPERMPS(x, words, value)
					fn.VPSLLD(operand.U8(16), words, weight)
				} else {
					fn.VPSRAD(operand.U8(16), words, weight)
					fn.VPERMPS(x, weight, value)
				}
				fn.VCVTDQ2PS(weight, weight)
				fn.VFMADD231PS(weight, value, acc[i])
			}
			fn.ADDQ(operand.U8(64), k.weights)
			fn.ADDQ(operand.U8(8), k.places)
		})
		fn.VADDPS(acc[2], acc[0], acc[0])
		fn.VADDPS(acc[3], acc[1], acc[1])
		fn.VFMADD213PS(acc[1], half, acc[0])
		k.store(sparse.Fixed16, acc[0], acc[1], 0)
		k.nextRows(sparse.Fixed16, 8)
	})
	fn.Return()
}

// emitReducedWindow emits the window kernel for weights whose places lie apart,
// 12 bits for a lane of four steps: one load brings the places of all four, and a
// shift those of the next step into the low bits.
func emitReducedWindow(f *File, name string, p sparse.Precision) {
	section := map[sparse.Precision]string{sparse.Float16: "halves", sparse.Int8: "bytes"}[p]
	signature := matvecSignature(p, section+", places, bases, counts", "groups")
	k := startMatVec(f, name, signature, fmt.Sprintf("%s computes dst = init + W·src for groups of 8 rows in\nwindow form, lane indices in places, apart from the weights; group i has\n4·counts[i] steps. It may read 7 elements behind the last column of src. init may\nbe dst.%s", name, precisionDoc(p)),
		section, "bases", "counts", "groups")
	fn := k.fn
	k.rowScales(p)
	indices := fn.Arg("places", reg.R14)
	acc, n := windowChains, reg.R13
	k.loop(k.rows, func() {
		fn.MOVL(mem(k.counts, 0), n.As32())
		fn.ADDQ(operand.U8(4), k.counts)
		k.zero(acc)
		k.loop(n, func() {
			fn.VPMOVZXWD(mem(indices, 0), ymm[12])
			fn.ADDQ(operand.U8(16), indices)
			for i, x := range k.quadPlaces() {
				weight, value, place := ymm[i], ymm[4+i], ymm[12]
				if i > 0 {
					place = ymm[12+i]
					fn.VPSRLD(operand.U8(3*i), ymm[12], place)
				}
				fn.VPERMPS(x, place, value)
				k.convert(p, mem(k.weights, 8*p.Bytes()*i), weight)
				fn.VFMADD231PS(weight, value, acc[i])
			}
			fn.ADDQ(operand.U8(32*p.Bytes()), k.weights)
			fn.ADDQ(operand.U8(8), k.places)
		})
		k.sum(acc)
		k.store(p, acc[0], acc[1], 0)
		k.nextRows(p, 8)
	})
	fn.Return()
}
