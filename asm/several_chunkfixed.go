package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitFixedChunkSeveral emits the kernel of chunks in the Fixed form for several
// vectors: words are loaded and turned into float32 once a pass, permuted for each
// vector.
func emitFixedChunkSeveral(f *File, name string, steps steps) {
	k := &fixedChunkSeveral{words: reg.R8, scales: reg.R9, bases: reg.R10, counts: reg.R11, n: reg.R13}
	k.several = newSeveral(f, name, "dst, init, src *float32, words, scales, bases, counts, patches *byte, groups int",
		name+" computes dst = init + W·src for groups of 16 rows in the\nchunk form of "+severalOne(name)+". It reads 32 elements of src at each\nbase.", steps,
		sectionPointer{"words", k.words}, sectionPointer{"scales", k.scales}, sectionPointer{"bases", k.bases}, sectionPointer{"counts", k.counts}, sectionPointer{"patches", patches})
	fn := k.fn
	k.waiting = fn.AllocLocal(64 * 2 * mostVectors)
	fn.Attributes(0) // a frame needs the check of the stack
	k.passes(mostVectors, func() {
		tile, rest := fn.NewLabel("tile"), fn.NewLabel("rest")
		fn.Label(tile)
		fn.Arg("counts", reg.RAX)
		fn.Arg("groups", reg.RBX)
		fn.SHRQ(operand.U8(2), reg.RBX)
		fn.SHLQ(operand.U8(5), reg.RBX) // bytes of counts
		fn.ADDQ(reg.RBX, reg.RAX)
		fn.CMPQ(k.counts, reg.RAX)
		fn.JGE(operand.LabelRef(rest))
		k.tile()
		fn.JMP(operand.LabelRef(tile))
		fn.Label(rest)
		k.rest()
	})
}

// fixedChunkSeveral emits the parts of the kernel. The accumulators are as those of
// the kernel for one vector, but only those of a pair of groups are in registers: of
// its first stream all along, of each other one until it is added.
type fixedChunkSeveral struct {
	*several
	words, scales, bases, counts, n reg.GPPhysical
	waiting                         operand.Mem // sums of the second pair while the first is computed
}

// sums are three sets of accumulators, one for each of two groups and each vector.
func (k *fixedChunkSeveral) sums(set int) []reg.VecPhysical {
	first := 8 + 2*mostVectors*set
	return zmm[first : first+2*k.vectors]
}

// matvec emits what kernels for one vector have too.
func (k *fixedChunkSeveral) matvec() *matvec { return &matvec{fn: k.fn} }

// half is the register of a half of the chunk of a vector.
func (k *fixedChunkSeveral) half(vector, half int) reg.VecPhysical { return zmm[26+2*vector+half] }

// tile emits four groups, the first and the second stream of pairs in turn.
func (k *fixedChunkSeveral) tile() {
	fn := k.fn
	k.matvec().zeroWide(k.sums(0))
	k.matvec().zeroWide(k.sums(1))
	k.shared(0, 4, 1, func(step int) int { return step / 2 }, func(step int) int { return step % 2 })
	for i, sum := range k.sums(1) {
		fn.VMOVUPS(sum, k.waiting.Offset(64*i))
	}
	for p := range 2 {
		if p > 0 {
			for i, sum := range k.sums(0) {
				fn.VMOVUPS(k.waiting.Offset(64*i), sum)
			}
		}
		k.pair(1+3*p, 2)
		for g := range 2 {
			fn.MOVBLZX(mem(k.counts, 4*(sparse.FixedChunkCounts-1)+2*p+g), reg.ECX)
			k.store(g)
		}
	}
	k.patch()
	k.behindRows(4, sparse.FixedChunkCounts)
}

// rest emits the last tile, if it has fewer groups.
func (k *fixedChunkSeveral) rest() {
	fn, end := k.fn, k.fn.NewLabel("end")
	for _, groups := range []int{2, 1} {
		none := fn.NewLabel("none")
		fn.Arg("groups", reg.RAX)
		fn.TESTL(operand.U32(groups), reg.EAX)
		fn.JZ(operand.LabelRef(none))
		k.matvec().zeroWide(k.sums(0))
		k.pair(1, groups)
		for g := range groups {
			fn.MOVL(operand.U32(8*g), reg.ECX)
			k.store(g)
		}
		k.behindRows(groups, 3) // to the counts of the next pair
		fn.Label(none)
	}
	fn.Arg("groups", reg.RAX)
	fn.ANDQ(operand.U8(3), reg.RAX)
	fn.JZ(operand.LabelRef(end))
	fn.SHLQ(operand.U8(6), reg.RAX)
	fn.SUBQ(reg.RAX, k.dst)
	k.patch()
	fn.Label(end)
}

// pair emits the streams of two groups, of which the counts begin at one, or of a
// group alone, and leaves the sums in the first set.
func (k *fixedChunkSeveral) pair(count, groups int) {
	m := k.matvec()
	if groups == 2 {
		m.zeroWide(k.sums(1))
		k.shared(count, 2, 2, func(step int) int { return step % 2 }, func(step int) int { return step / 2 })
		k.add(0, 1)
	}
	m.zeroWide(k.sums(1))
	m.zeroWide(k.sums(2))
	if groups == 2 {
		k.shared(count+1, 2, 1, func(int) int { return 1 }, func(step int) int { return step })
	}
	k.units(count+2, func() {
		for g := range groups {
			k.chunk(g)
			k.step(g, 2, g)
		}
		k.behind(groups, groups)
	})
	k.add(1, 2)
	k.add(0, 1)
}

// shared emits the loop over the units in which so many groups take some steps each
// with one chunk; set and group say where a step is added.
func (k *fixedChunkSeveral) shared(count, groups, each int, set, group func(step int) int) {
	k.units(count, func() {
		k.chunk(0)
		for i := range groups * each {
			k.step(i, set(i), group(i))
		}
		k.behind(groups*each, 1)
	})
}

// units emits a loop, of as many turns as a count says.
func (k *fixedChunkSeveral) units(count int, body func()) {
	k.fn.MOVL(mem(k.counts, 4*count), k.n.As32())
	k.matvec().loop(k.n, body)
}

// chunk loads the chunk of the i-th base from here of each vector.
func (k *fixedChunkSeveral) chunk(i int) {
	k.fn.MOVWLZX(mem(k.bases, 2*i), reg.EAX)
	for v := range k.vectors {
		for half := range 2 {
			k.fn.VMOVUPS(operand.Mem{Base: k.src[v], Index: reg.RAX, Scale: 4, Disp: 64 * half}, k.half(v, half))
		}
	}
}

// step adds the i-th step from here to the sums of a group in a set.
func (k *fixedChunkSeveral) step(i, set, group int) {
	fn, weight := k.fn, zmm[mostVectors]
	fn.VMOVDQU32(mem(k.words, 64*i), zmm[0])
	fn.VCVTDQ2PS(zmm[0], weight)
	for v := 1; v < k.vectors; v++ {
		fn.VMOVDQA32(zmm[0], zmm[v])
	}
	for v := range k.vectors {
		fn.VPERMI2PS(k.half(v, 1), k.half(v, 0), zmm[v])
		fn.VFMADD231PS(weight, zmm[v], k.sums(set)[group*k.vectors+v])
	}
}

// behind moves behind so many steps and bases.
func (k *fixedChunkSeveral) behind(steps, bases int) {
	k.fn.SUBQ(operand.I32(-64*steps), k.words)
	k.fn.ADDQ(operand.U8(2*bases), k.bases)
}

// add adds one set of sums to another.
func (k *fixedChunkSeveral) add(to, set int) {
	for i, sum := range k.sums(to) {
		k.fn.VADDPS(k.sums(set)[i], sum, sum)
	}
}

// store finishes the rows of a group of the pair; RCX is 8 times its number in the
// tile.
func (k *fixedChunkSeveral) store(group int) {
	fn, step, initStep := k.fn, reg.RAX, reg.RBX
	init, dst := reg.RCX, k.n
	fn.Arg(k.steps.dst, step)
	fn.Arg(k.steps.init, initStep)
	fn.VMOVUPS(operand.Mem{Base: k.scales, Index: reg.RCX, Scale: 8}, zmm[0])
	fn.LEAQ(operand.Mem{Base: k.dst, Index: reg.RCX, Scale: 8}, dst)
	fn.LEAQ(operand.Mem{Base: k.init, Index: reg.RCX, Scale: 8}, init)
	for v := range k.vectors {
		sum := k.sums(0)[group*k.vectors+v]
		fn.VFMADD213PS(nth(init, initStep, v), zmm[0], sum)
		fn.VMOVUPS(sum, nth(dst, step, v))
	}
}

// patch emits the products of the patches of a tile.
func (k *fixedChunkSeveral) patch() {
	fn, column, row, step := k.fn, reg.RAX, reg.RBX, reg.RCX
	weight, sum := zmm[1].AsX(), zmm[0].AsX()
	fn.Arg(k.steps.dst, step)
	k.matvec().eachPatch(k.n, row, column, func() {
		fn.LEAQ(operand.Mem{Base: k.dst, Index: row, Scale: 4}, row)
		fn.VMOVSS(mem(patches, 4), weight)
		for v := range k.vectors {
			fn.VMOVSS(nth(row, step, v), sum)
			fn.VFMADD231SS(operand.Mem{Base: k.src[v], Index: column, Scale: 4}, weight, sum)
			fn.VMOVSS(sum, nth(row, step, v))
		}
	})
}

// behindRows moves behind the rows of so many groups, and behind counts.
func (k *fixedChunkSeveral) behindRows(groups, counts int) {
	for _, vector := range []reg.GPPhysical{k.scales, k.init, k.dst} {
		k.fn.SUBQ(operand.I32(-64*groups), vector)
	}
	k.fn.ADDQ(operand.U8(4*counts), k.counts)
}
