package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/asm"
)

// A row of a panel is panelVectors vectors of 8 float32, used or not: offsets of
// rows then do not depend on how many columns a product has.
const (
	panelVectors  = 4
	panelRowBytes = 32 * panelVectors
)

// sparseUnroll values of a row are multiplied at once, into accumulators of their
// own: a chain of fused multiply-adds alone would wait for itself.
const sparseUnroll = 2

// General registers of the sparse rows.
var (
	regRows    = reg.RCX
	regStarts  = reg.RSI
	regOffsets = reg.R8
	regValues  = reg.R9
	regX       = reg.RDI
	regY       = reg.RDX
	regAt      = reg.R10 // the value that is next
	regLeft    = reg.R11 // values that are left of the row
	regOffset  = reg.R12
	regWidth   = reg.R13
)

func sparseAccumulator(k, vector int) reg.VecPhysical { return ymm[k*panelVectors+vector] }

// emitSparse writes the product of a compressed matrix and a panel. One broadcast
// serves a whole row of the panel; each number of vectors has a body of its own.
func emitSparse(ctx *build.Context) {
	asm.StartLeaf(ctx, "sparseRowsAVX2",
		"func(rows int, starts *int32, offsets *int32, values *float32, x *float32, y *float32, vectors int)",
		"sparseRowsAVX2 multiplies rows of a compressed matrix by a panel whose rows are 32",
		"float32, of which it reads and writes 8*vectors:",
		"",
		"\ty[r*32+j] = Σ_i values[i]*x[offsets[i]/4+j],  starts[r] ≤ i < starts[r+1], j < 8*vectors",
		"",
		"for rows ≥ 1 and 1 ≤ vectors ≤ 4. The sum is that of two chains of fused multiply-adds, of",
		"the values at even and at odd places of the row.")
	for _, a := range []struct {
		name string
		to   reg.GPPhysical
	}{
		{"rows", regRows}, {"starts", regStarts}, {"offsets", regOffsets}, {"values", regValues},
		{"x", regX}, {"y", regY}, {"vectors", regWidth},
	} {
		ctx.Load(ctx.Param(a.name), a.to)
	}
	for vectors := 1; vectors < panelVectors; vectors++ {
		ctx.CMPQ(regWidth, operand.Imm(uint64(vectors)))
		ctx.JEQ(operand.LabelRef(fmt.Sprintf("row%d", vectors)))
	}
	for vectors := panelVectors; vectors > 0; vectors-- {
		emitSparseRows(ctx, vectors)
	}
}

// emitSparseRows writes the body for a number of vectors.
func emitSparseRows(ctx *build.Context, vectors int) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, vectors) }
	ctx.Label(label("row"))
	ctx.MOVLQSX(operand.Mem{Base: regStarts}, regAt)
	ctx.MOVLQSX(operand.Mem{Base: regStarts, Disp: 4}, regLeft)
	ctx.SUBQ(regAt, regLeft)
	for k := range sparseUnroll {
		for v := range vectors {
			acc := sparseAccumulator(k, v)
			ctx.VXORPS(acc, acc, acc)
		}
	}
	ctx.SUBQ(operand.Imm(sparseUnroll), regLeft)
	ctx.JLT(operand.LabelRef(label("rest")))
	ctx.Label(label("pair"))
	for k := range sparseUnroll {
		multiplySparseValue(ctx, k, vectors)
	}
	ctx.ADDQ(operand.Imm(sparseUnroll), regAt)
	ctx.SUBQ(operand.Imm(sparseUnroll), regLeft)
	ctx.JGE(operand.LabelRef(label("pair")))
	ctx.Label(label("rest"))
	ctx.ADDQ(operand.Imm(sparseUnroll), regLeft)
	ctx.JEQ(operand.LabelRef(label("store")))
	multiplySparseValue(ctx, 0, vectors)
	ctx.Label(label("store"))
	for v := range vectors {
		even, odd := sparseAccumulator(0, v), sparseAccumulator(1, v)
		ctx.VADDPS(odd, even, even)
		ctx.VMOVUPS(even, operand.Mem{Base: regY, Disp: 32 * v})
	}
	ctx.ADDQ(operand.Imm(4), regStarts)
	ctx.ADDQ(operand.Imm(panelRowBytes), regY)
	ctx.DECQ(regRows)
	ctx.JNE(operand.LabelRef(label("row")))
	ctx.VZEROUPPER()
	ctx.RET()
}

// multiplySparseValue adds value k from the next on, times its row of the panel, to
// the accumulators k.
func multiplySparseValue(ctx *build.Context, k, vectors int) {
	weight := ymm[sparseUnroll*panelVectors+k]
	ctx.MOVLQSX(operand.Mem{Base: regOffsets, Index: regAt, Scale: 4, Disp: 4 * k}, regOffset)
	ctx.VBROADCASTSS(operand.Mem{Base: regValues, Index: regAt, Scale: 4, Disp: 4 * k}, weight)
	for v := range vectors {
		ctx.VFMADD231PS(operand.Mem{Base: regX, Index: regOffset, Scale: 1, Disp: 32 * v}, weight, sparseAccumulator(k, v))
	}
}
