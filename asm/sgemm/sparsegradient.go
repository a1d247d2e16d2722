package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/asm"
)

// More general registers of the gradient of sparse rows.
var (
	regD    = reg.RDX
	regSums = reg.R9
)

// emitSparseGradient writes the gradient of a compressed matrix for one panel of
// vectors. A row of D stays in registers for all weights of a row of the matrix.
func emitSparseGradient(ctx *build.Context) {
	asm.StartLeaf(ctx, "sparseGradientAVX2",
		"func(rows int, starts *int32, offsets *int32, d *float32, x *float32, sums *float32)",
		"sparseGradientAVX2 adds the products of rows of two panels, whose rows are 32 float32, for",
		"the weights of rows of a compressed matrix, in 8 partial sums a weight:",
		"",
		"\tsums[i*8+j] += Σ_v d[r*32+8*v+j]*x[offsets[i]/4+8*v+j],  starts[r] ≤ i < starts[r+1], j < 8, v < 4",
		"",
		"for rows ≥ 1. The sum is one chain of fused multiply-adds.")
	ctx.Load(ctx.Param("rows"), regRows)
	ctx.Load(ctx.Param("starts"), regStarts)
	ctx.Load(ctx.Param("offsets"), regOffsets)
	ctx.Load(ctx.Param("d"), regD)
	ctx.Load(ctx.Param("x"), regX)
	ctx.Load(ctx.Param("sums"), regSums)
	const sum = panelVectors // register behind those of the row of D

	// Weights lie one behind the other, also across rows.
	ctx.MOVLQSX(operand.Mem{Base: regStarts}, regAt)
	ctx.LEAQ(operand.Mem{Base: regOffsets, Index: regAt, Scale: 4}, regOffsets)
	ctx.MOVQ(regAt, regOffset)
	ctx.SHLQ(operand.Imm(5), regOffset)
	ctx.ADDQ(regOffset, regSums)
	ctx.Label("row")
	ctx.MOVLQSX(operand.Mem{Base: regStarts, Disp: 4}, regLeft)
	ctx.MOVLQSX(operand.Mem{Base: regStarts}, regAt)
	ctx.SUBQ(regAt, regLeft)
	ctx.JEQ(operand.LabelRef("next"))
	for v := range panelVectors {
		ctx.VMOVUPS(operand.Mem{Base: regD, Disp: 32 * v}, ymm[v])
	}
	ctx.Label("weight")
	ctx.MOVLQSX(operand.Mem{Base: regOffsets}, regOffset)
	ctx.VMOVUPS(operand.Mem{Base: regSums}, ymm[sum])
	for v := range panelVectors {
		ctx.VFMADD231PS(operand.Mem{Base: regX, Index: regOffset, Scale: 1, Disp: 32 * v}, ymm[v], ymm[sum])
	}
	ctx.VMOVUPS(ymm[sum], operand.Mem{Base: regSums})
	ctx.ADDQ(operand.Imm(4), regOffsets)
	ctx.ADDQ(operand.Imm(32), regSums)
	ctx.DECQ(regLeft)
	ctx.JNE(operand.LabelRef("weight"))
	ctx.Label("next")
	ctx.ADDQ(operand.Imm(4), regStarts)
	ctx.ADDQ(operand.Imm(panelRowBytes), regD)
	ctx.DECQ(regRows)
	ctx.JNE(operand.LabelRef("row"))
	ctx.VZEROUPPER()
	ctx.RET()
}
