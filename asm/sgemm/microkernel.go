package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/asm"
)

// isa is what the micro-kernel of one instruction set needs to know: how large
// its tile of C is and which registers hold what.
//
// The tile is rows × 2 vectors. Every accumulator is one chain of FMAs over k,
// whatever the tile and the instruction set, so that an element of C has the
// same bits on each of them.
type isa struct {
	name      string
	function  string
	rows      int               // most rows of a tile
	lanes     int               // float32 a vector
	vectors   []reg.VecPhysical // accumulators, then 2 of B, then broadcasts of A
	broadcast int               // registers for broadcasts
}

// columns is the number of vectors across a tile of C.
const columns = 2

// rowsPerPointer rows of A are reached from one pointer: p, p+rs and p+2·rs.
const rowsPerPointer = 3

// unroll is the number of k steps in the main loop.
const unroll = 4

var avx2 = isa{
	name:     "AVX2",
	function: "sgemmAVX2",
	rows:     6,
	lanes:    8,
	vectors: []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14,
	},
	broadcast: 1,
}

var avx512 = isa{
	name:     "AVX-512",
	function: "sgemmAVX512",
	rows:     12,
	lanes:    16,
	vectors: []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29,
	},
	broadcast: 4,
}

func (s isa) accumulator(row, column int) reg.VecPhysical { return s.vectors[row*columns+column] }
func (s isa) b(column int) reg.VecPhysical                { return s.vectors[s.rows*columns+column] }
func (s isa) a(row int) reg.VecPhysical {
	return s.vectors[(s.rows+1)*columns+row%s.broadcast]
}

// bytes is the width of a vector.
func (s isa) bytes() int { return 4 * s.lanes }

// General registers of the micro-kernel. R14 (g), R15 (GOT), BP and SP are left alone.
var (
	regA   = []reg.GPPhysical{reg.RSI, reg.R8, reg.R9, reg.R10} // one for rowsPerPointer rows
	regRSA = reg.R11
	regCSA = reg.R12
	regB   = reg.RDI
	regRSB = reg.R13
	regC   = reg.RDX
	regRSC = reg.RBX
	regK   = reg.RCX
	regTmp = reg.RAX
)

// emitMicroKernel writes the function of one instruction set: a body for each
// number of rows and of vectors, chosen by a chain of compares.
func emitMicroKernel(ctx *build.Context, s isa) {
	asm.StartLeaf(ctx, s.function, "func(rows, vectors, k int, a *float32, rsa, csa int, b *float32, rsb int, c *float32, rsc int, alpha, beta float32)",
		fmt.Sprintf("%s computes one tile C = alpha·A·B + beta·C with %s:", s.function, s.name),
		"",
		fmt.Sprintf("\tC[i*rsc+j] = beta*C[i*rsc+j] + alpha*Σ_l A[i*rsa+l*csa]*B[l*rsb+j],  i < rows, j < %d*vectors, l < k", s.lanes),
		"",
		fmt.Sprintf("for 1 ≤ rows ≤ %d, 1 ≤ vectors ≤ %d and k ≥ 0. Strides count float32. With beta = 0 C is", s.rows, columns),
		"not read. Nothing needs to be aligned; C must not overlap A or B. The sum is one",
		"chain of fused multiply-adds in the order of l; then t = alpha*sum is rounded",
		"and beta*C + t is fused.")
	loadArguments(ctx)
	dispatch(ctx, s)
	for vectors := columns; vectors >= 1; vectors-- {
		for rows := s.rows; rows >= 1; rows-- {
			tile{ctx, s, rows, vectors}.emit()
		}
	}
}

func loadArguments(ctx *build.Context) {
	ctx.Load(ctx.Param("k"), regK)
	ctx.Load(ctx.Param("a"), regA[0])
	ctx.Load(ctx.Param("rsa"), regRSA)
	ctx.Load(ctx.Param("csa"), regCSA)
	ctx.Load(ctx.Param("b"), regB)
	ctx.Load(ctx.Param("rsb"), regRSB)
	ctx.Load(ctx.Param("c"), regC)
	ctx.Load(ctx.Param("rsc"), regRSC)
	scaleToBytes(ctx, regRSA, regCSA, regRSB, regRSC)
}

func dispatch(ctx *build.Context, s isa) {
	narrow := "narrow"
	ctx.Load(ctx.Param("vectors"), regTmp)
	ctx.CMPQ(regTmp, operand.Imm(columns))
	ctx.Load(ctx.Param("rows"), regTmp)
	ctx.JNE(operand.LabelRef(narrow))
	for vectors := columns; vectors >= 1; vectors-- {
		if vectors < columns {
			ctx.Label(narrow)
		}
		for rows := s.rows; rows > 1; rows-- {
			ctx.CMPQ(regTmp, operand.Imm(uint64(rows)))
			ctx.JEQ(operand.LabelRef(tile{ctx, s, rows, vectors}.label("")))
		}
		ctx.JMP(operand.LabelRef(tile{ctx, s, 1, vectors}.label("")))
	}
}

// tile is one body: a fixed number of rows and vectors.
type tile struct {
	*build.Context
	isa
	rows, vectors int
}

func (t tile) label(part string) string { return fmt.Sprintf("tile%dx%d%s", t.rows, t.vectors, part) }

// pointers is the number of pointers that walk over A.
func (t tile) pointers() int { return (t.rows + rowsPerPointer - 1) / rowsPerPointer }

func (t tile) emit() {
	t.Label(t.label(""))
	t.pointAtRows()
	t.clear()
	t.prefetchC()
	t.loop()
	t.scale()
	t.MOVL(t.argument("beta"), reg.EAX)
	t.SHLL(operand.Imm(1), reg.EAX) // zero for both zeros: the sign is shifted out
	t.JZ(operand.LabelRef(t.label("store")))
	t.accumulate()
	t.Label(t.label("store"))
	t.store()
	t.VZEROUPPER()
	t.RET()
}

func (t tile) argument(name string) operand.Op {
	b, err := t.Param(name).Resolve()
	if err != nil {
		panic(err) // the signature above names it
	}
	return b.Addr
}

func (t tile) pointAtRows() {
	for p := 1; p < t.pointers(); p++ {
		t.LEAQ(operand.Mem{Base: regA[p-1], Index: regRSA, Scale: 2}, regA[p])
		t.ADDQ(regRSA, regA[p])
	}
}

func (t tile) clear() {
	for i := range t.rows {
		for j := range t.vectors {
			acc := t.accumulator(i, j)
			if t.lanes == 16 {
				t.VPXORD(acc, acc, acc)
			} else {
				t.VXORPS(acc, acc, acc)
			}
		}
	}
}

// prefetchC starts the loads of C that the end of the tile waits for.
func (t tile) prefetchC() {
	t.MOVQ(regC, regTmp)
	for i := range t.rows {
		t.PREFETCHT0(operand.Mem{Base: regTmp})
		t.PREFETCHT0(operand.Mem{Base: regTmp, Disp: t.vectors*t.bytes() - 4})
		if i < t.rows-1 {
			t.ADDQ(regRSC, regTmp)
		}
	}
}

// loop runs k steps, unroll at a time and then one at a time.
func (t tile) loop() {
	single, done := t.label("single"), t.label("done")
	t.SUBQ(operand.Imm(unroll), regK)
	t.JLT(operand.LabelRef(single))
	t.Label(t.label("loop"))
	for range unroll {
		t.step()
	}
	t.SUBQ(operand.Imm(unroll), regK)
	t.JGE(operand.LabelRef(t.label("loop")))

	t.Label(single)
	t.ADDQ(operand.Imm(unroll), regK)
	t.JZ(operand.LabelRef(done))
	t.Label(t.label("tail"))
	t.step()
	t.DECQ(regK)
	t.JNZ(operand.LabelRef(t.label("tail")))
	t.Label(done)
}

// step adds the outer product of one column of A and one row of B.
func (t tile) step() {
	for j := range t.vectors {
		t.VMOVUPS(operand.Mem{Base: regB, Disp: j * t.bytes()}, t.b(j))
	}
	t.ADDQ(regRSB, regB)
	for i := range t.rows {
		element := operand.Mem{Base: regA[i/rowsPerPointer]}
		if r := i % rowsPerPointer; r > 0 {
			element.Index, element.Scale = regRSA, uint8(r)
		}
		t.VBROADCASTSS(element, t.a(i))
		for j := range t.vectors {
			t.VFMADD231PS(t.a(i), t.b(j), t.accumulator(i, j))
		}
	}
	for p := range t.pointers() {
		t.ADDQ(regCSA, regA[p])
	}
}

// scale multiplies the sums by alpha.
func (t tile) scale() {
	alpha := t.b(0)
	t.VBROADCASTSS(t.argument("alpha"), alpha)
	for i := range t.rows {
		for j := range t.vectors {
			t.VMULPS(t.accumulator(i, j), alpha, t.accumulator(i, j))
		}
	}
}

// accumulate adds beta·C.
func (t tile) accumulate() {
	beta := t.b(0)
	t.VBROADCASTSS(t.argument("beta"), beta)
	t.MOVQ(regC, regTmp)
	t.eachRow(func(row int, c func(column int) operand.Mem) {
		for j := range t.vectors {
			t.VFMADD231PS(c(j), beta, t.accumulator(row, j))
		}
	})
}

func (t tile) store() {
	t.MOVQ(regC, regTmp)
	t.eachRow(func(row int, c func(column int) operand.Mem) {
		for j := range t.vectors {
			t.VMOVUPS(t.accumulator(row, j), c(j))
		}
	})
}

// eachRow walks regTmp, which the caller has set to C, over the rows of the tile.
func (t tile) eachRow(visit func(row int, c func(column int) operand.Mem)) {
	for i := range t.rows {
		visit(i, func(j int) operand.Mem { return operand.Mem{Base: regTmp, Disp: j * t.bytes()} })
		if i < t.rows-1 {
			t.ADDQ(regRSC, regTmp)
		}
	}
}
