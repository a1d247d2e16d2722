package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/asm"
)

// General registers of the packing routines.
var (
	regN   = reg.RCX
	regSrc = reg.RSI
	regLD  = reg.R8
	regDst = reg.RDI
	regRSD = reg.R9

	regAhead = reg.R10
)

// Short pieces of rows that lie far apart are what a hardware prefetcher does
// not follow: the copies ask for the row 1<<prefetchRowsLog2 rows further down,
// the transposition for the columns prefetchColumns further on.
const (
	prefetchRowsLog2 = 4
	prefetchColumns  = 32
)

// emitPack writes the routines that bring a panel of B into the order in which
// the micro-kernels read it. They use AVX only and serve both instruction sets.
func emitPack(ctx *build.Context) {
	emitCopyRows(ctx, "copyRows16", 16)
	emitCopyRows(ctx, "copyRows32", 32)
	emitTransposeRows8(ctx)
}

func loadPackArguments(ctx *build.Context) {
	ctx.Load(ctx.Param("n"), regN)
	ctx.Load(ctx.Param("src"), regSrc)
	ctx.Load(ctx.Param("ld"), regLD)
	ctx.Load(ctx.Param("dst"), regDst)
}

var ymm = []reg.VecPhysical{
	reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
	reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14,
}

var xmm = []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3}

func emitCopyRows(ctx *build.Context, name string, width int) {
	w := map[int]string{16: "16", 32: "32"}[width]
	asm.StartLeaf(ctx, name, "func(n int, src *float32, ld int, dst *float32)",
		name+" packs n ≥ 1 rows of "+w+" float32, ld apart, one after the other:",
		"",
		"\tdst[i*"+w+"+j] = src[i*ld+j],  i < n, j < "+w)
	loadPackArguments(ctx)
	scaleToBytes(ctx, regLD)
	ctx.MOVQ(regLD, regAhead)
	ctx.SHLQ(operand.Imm(prefetchRowsLog2), regAhead)
	ctx.Label("row")
	for j := range width / 16 {
		ctx.PREFETCHT0(operand.Mem{Base: regSrc, Disp: 64 * j, Index: regAhead, Scale: 1})
	}
	for j := range width / 8 {
		ctx.VMOVUPS(operand.Mem{Base: regSrc, Disp: 32 * j}, ymm[j])
	}
	for j := range width / 8 {
		ctx.VMOVUPS(ymm[j], operand.Mem{Base: regDst, Disp: 32 * j})
	}
	ctx.ADDQ(regLD, regSrc)
	ctx.ADDQ(operand.Imm(uint64(4*width)), regDst)
	ctx.DECQ(regN)
	ctx.JNZ(operand.LabelRef("row"))
	ctx.VZEROUPPER()
	ctx.RET()
}

// emitTransposeRows8 writes the 8×4 transposition: each 256-bit register takes
// four elements of row r in its low half and of row r+4 in its high half, so
// that the two rounds of in-lane unpacking finish the work and no shuffle
// crosses lanes.
func emitTransposeRows8(ctx *build.Context) {
	asm.StartLeaf(ctx, "transposeRows8", "func(n int, src *float32, ld int, dst *float32, rsd int)",
		"transposeRows8 packs the first n elements of 8 rows, ld apart, as columns:",
		"",
		"\tdst[j*rsd+i] = src[i*ld+j],  i < 8, j < n",
		"",
		"n must be a positive multiple of 4.")
	loadPackArguments(ctx)
	ctx.Load(ctx.Param("rsd"), regRSD)
	scaleToBytes(ctx, regLD, regRSD)

	rows3, rows4 := reg.R10, reg.R11 // 3·ld, and the fifth row
	ctx.LEAQ(operand.Mem{Base: regLD, Index: regLD, Scale: 2}, rows3)
	ctx.LEAQ(operand.Mem{Base: regSrc, Index: regLD, Scale: 4}, rows4)
	row := func(r int) operand.Mem {
		m := operand.Mem{Base: []reg.GPPhysical{regSrc, rows4}[r/4]}
		switch r % 4 {
		case 1:
			m.Index, m.Scale = regLD, 1
		case 2:
			m.Index, m.Scale = regLD, 2
		case 3:
			m.Index, m.Scale = rows3, 1
		}
		return m
	}

	ctx.SUBQ(operand.Imm(transposeUnroll), regN)
	ctx.JLT(operand.LabelRef("single"))
	ctx.Label("loop")
	for r := range 8 {
		m := row(r)
		m.Disp = 4 * prefetchColumns
		ctx.PREFETCHT0(m)
	}
	for c := 0; c < transposeUnroll; c += 4 {
		transpose4(ctx, row, c)
	}
	ctx.ADDQ(operand.Imm(4*transposeUnroll), regSrc)
	ctx.ADDQ(operand.Imm(4*transposeUnroll), rows4)
	ctx.SUBQ(operand.Imm(transposeUnroll), regN)
	ctx.JGE(operand.LabelRef("loop"))

	ctx.Label("single")
	ctx.ADDQ(operand.Imm(transposeUnroll), regN)
	ctx.JZ(operand.LabelRef("done"))
	ctx.Label("block")
	transpose4(ctx, row, 0)
	ctx.ADDQ(operand.Imm(16), regSrc)
	ctx.ADDQ(operand.Imm(16), rows4)
	ctx.SUBQ(operand.Imm(4), regN)
	ctx.JNZ(operand.LabelRef("block"))
	ctx.Label("done")
	ctx.VZEROUPPER()
	ctx.RET()
}

// transposeUnroll is the number of columns in the main loop: one cache line.
const transposeUnroll = 16

// transpose4 transposes 4 columns of 8 rows, from column c on.
func transpose4(ctx *build.Context, row func(int) operand.Mem, c int) {
	at := func(r int) operand.Mem {
		m := row(r)
		m.Disp = 4 * c
		return m
	}
	for r := range 4 {
		ctx.VMOVUPS(at(r), xmm[r])
		ctx.VINSERTF128(operand.Imm(1), at(r+4), ymm[r], ymm[r])
	}
	ctx.VUNPCKLPS(ymm[1], ymm[0], ymm[4])
	ctx.VUNPCKHPS(ymm[1], ymm[0], ymm[5])
	ctx.VUNPCKLPS(ymm[3], ymm[2], ymm[6])
	ctx.VUNPCKHPS(ymm[3], ymm[2], ymm[7])
	ctx.VUNPCKLPD(ymm[6], ymm[4], ymm[8])
	ctx.VUNPCKHPD(ymm[6], ymm[4], ymm[9])
	ctx.VUNPCKLPD(ymm[7], ymm[5], ymm[10])
	ctx.VUNPCKHPD(ymm[7], ymm[5], ymm[11])
	for j := range 4 {
		ctx.VMOVUPS(ymm[8+j], operand.Mem{Base: regDst})
		ctx.ADDQ(regRSD, regDst)
	}
}
