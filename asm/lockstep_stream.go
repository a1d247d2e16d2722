package asm

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// emitStream emits the kernel for a tile of a sparse.Stream: for each row, four
// weights at a time, one load of four offsets and one of four weights, splat by
// a shuffle each; the elements of src are memory operands. All rows of a run
// have the same length, so that the loops are predicted.
func emitStream(f *File, name string, lanes int, bias bool) {
	k := &streamKernel{
		Func: f.Func(name, "func(dst, init, src *float32, weights, offsets, ids, runs *byte)", fmt.Sprintf(
			"%s computes dst = init + W·src for the rows of a sparse tile,\n"+
				"with %d vectors in lockstep: element after element, %d float32 each.\n%s",
			name, lanes, lanes, initDoc(bias))),
		lanes: lanes, bias: bias,
		dst: reg.RDI, init: reg.RSI, src: reg.RDX, weights: reg.R8, offsets: reg.R9, ids: reg.R10, runs: reg.R11,
		row: reg.R13, left: reg.R14, rows: reg.R15,
	}
	for _, a := range []struct {
		name string
		reg  reg.GPPhysical
	}{
		{"dst", k.dst}, {"init", k.init}, {"src", k.src},
		{"weights", k.weights}, {"offsets", k.offsets}, {"ids", k.ids}, {"runs", k.runs},
	} {
		k.Arg(a.name, a.reg)
	}
	vectors, chains := lanes/8, sparse.StreamChains(lanes)
	for v := range vectors {
		k.acc = append(k.acc, ymm[v*chains:][:chains])
	}
	k.emit()
}

// initDoc says what the init of a lockstep kernel is.
func initDoc(bias bool) string {
	if bias {
		return "init has one element a row, the same for all vectors."
	}
	return "init may be dst."
}

// streamKernel is the frame of the kernel.
type streamKernel struct {
	*Func
	lanes int
	bias  bool // init is one element a row

	dst, init, src, weights, offsets, ids, runs reg.GPPhysical

	row, left, rows reg.GPPhysical      // address of the row in dst; weights left; rows left of a run
	acc             [][]reg.VecPhysical // [vector][chain]
}

func (k *streamKernel) emit() {
	run, next, end := k.NewLabel("run"), k.NewLabel("row"), k.NewLabel("end")
	k.Label(run)
	k.MOVL(mem(k.runs, 8), k.rows.As32())
	k.TESTQ(k.rows, k.rows)
	k.JZ(operand.LabelRef(end))
	k.Label(next)
	k.start()
	k.quads()
	k.rest()
	k.store()
	k.DECQ(k.rows)
	k.JNZ(operand.LabelRef(next))
	k.ADDQ(operand.U8(12), k.runs)
	k.JMP(operand.LabelRef(run))
	k.Label(end)
	k.Return()
}

// start finds the row and puts its init in the first accumulators.
func (k *streamKernel) start() {
	id := reg.RAX
	k.MOVWLZX(mem(k.ids, 0), id.As32())
	k.ADDQ(operand.U8(2), k.ids)
	if k.bias {
		k.VBROADCASTSS(operand.Mem{Base: k.init, Index: id, Scale: 4}, k.acc[0][0])
		for _, a := range k.acc[1:] {
			k.VMOVAPS(k.acc[0][0], a[0])
		}
	}
	k.scale(id, 4*k.lanes)
	for v, a := range k.acc {
		if !k.bias {
			k.VMOVUPS(operand.Mem{Base: k.init, Index: id, Scale: 1, Disp: 32 * v}, a[0])
		}
		for _, chain := range a[1:] {
			k.VXORPS(chain, chain, chain)
		}
	}
	k.LEAQ(operand.Mem{Base: k.dst, Index: id, Scale: 1}, k.row)
}

// scale multiplies by a constant.
func (fn *Func) scale(r reg.GPPhysical, by int) {
	if by&(by-1) == 0 {
		fn.SHLQ(operand.U8(bits.TrailingZeros(uint(by))), r)
	} else {
		fn.IMUL3Q(operand.I32(by), r, r)
	}
}

// quads takes four weights at a time.
func (k *streamKernel) quads() {
	loop, done := k.NewLabel("loop"), k.NewLabel("done")
	k.MOVL(mem(k.runs, 0), k.left.As32())
	k.TESTQ(k.left, k.left)
	k.JZ(operand.LabelRef(done))
	k.Label(loop)
	four, o := ymm[8], reg.R12
	k.VBROADCASTF128(mem(k.weights, 0), four)
	k.MOVQ(mem(k.offsets, 0), o)
	at := [4]reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, o}
	k.MOVWLZX(o.As16(), at[0].As32())
	for i := 1; i < 3; i++ {
		k.RORXQ(operand.U8(16*i), o, at[i])
		k.MOVWLZX(at[i].As16(), at[i].As32())
	}
	k.SHRQ(operand.U8(48), o)
	for i, r := range at {
		w := ymm[9+i]
		k.VPERMILPS(operand.U8(0x55*i), four, w)
		k.add(w, r, i)
	}
	k.ADDQ(operand.U8(16), k.weights)
	k.ADDQ(operand.U8(8), k.offsets)
	k.DECQ(k.left)
	k.JNZ(operand.LabelRef(loop))
	k.Label(done)
}

// rest takes the last weights, at most three.
func (k *streamKernel) rest() {
	done := k.NewLabel("done")
	k.MOVL(mem(k.runs, 4), k.left.As32())
	for i := range 3 {
		w, o := ymm[9+i], reg.RAX
		k.SUBQ(operand.U8(1), k.left)
		k.JLT(operand.LabelRef(done))
		k.VBROADCASTSS(mem(k.weights, 0), w)
		k.MOVWLZX(mem(k.offsets, 0), o.As32())
		k.ADDQ(operand.U8(4), k.weights)
		k.ADDQ(operand.U8(2), k.offsets)
		k.add(w, o, i)
	}
	k.Label(done)
}

// add multiplies weight i of four with an element of all vectors.
func (k *streamKernel) add(w reg.VecPhysical, offset reg.GPPhysical, i int) {
	for v, a := range k.acc {
		k.VFMADD231PS(operand.Mem{Base: k.src, Index: offset, Scale: 8, Disp: 32 * v}, w, a[i%len(a)])
	}
}

// store adds the accumulators pairwise.
func (k *streamKernel) store() {
	for v, a := range k.acc {
		for i := 0; i < len(a); i += 2 {
			k.VADDPS(a[i+1], a[i], a[i])
		}
		if len(a) == 4 {
			k.VADDPS(a[2], a[0], a[0])
		}
		k.VMOVUPS(a[0], mem(k.row, 32*v))
	}
}
