package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lockstepColumns is the number of columns that the dense lockstep kernel takes
// at a time: their weights of a panel and their part of src fill three quarters of
// the 32 KB of a small first-level cache.
//
// The weights lockstepAhead blocks further on are asked for meanwhile, each line
// once: a tile reads part of every second line, which the processor does not foresee.
// With that 1760×1760 weights for 16 streams take 0.91 instead of 1.15 ms, and
// 3072×3072, from memory, 2.9 instead of 4.0 ms. They come to the second level: the
// first has too few loads pending for those from memory, 3.2 ms. One block ahead is
// enough for 16 streams, not for 8: 1.9 instead of 1.6 ms.
const (
	lockstepColumns = 96
	lockstepAhead   = 2
)

// emitDenseLockstep emits the dense kernel for several vectors in lockstep, for
// panels of width groups of 8 rows. A tile of rows by one, two or three registers
// of 8 vectors stays in accumulators while columns pass: elements of src are
// loaded once for all rows, weights broadcast. Rows of a tile share what is left
// of the register file.
func emitDenseLockstep(f *File, name string, width, lanes int, bias bool) {
	k := &denseLockstep{
		fn: f.Func(name, "func(dst, init, src *float32, weights *byte, cols, panels int)", fmt.Sprintf(
			"%s computes dst = init + W·src for panels of %d dense rows;\nweights lie column by column inside a panel. %d vectors go in\n"+
				"lockstep: element after element, %d float32 each.\n%s", name, 8*width, lanes, lanes, initDoc(bias))),
		width: width, lanes: lanes, bias: bias,
		dst: reg.RDI, init: reg.RSI, src: reg.RDX, weights: reg.R8, cols: reg.R9, panels: reg.R11,
		x: reg.RBX, w: reg.R10, left: reg.R12, block: reg.RCX, begun: reg.R13,
		tileX: reg.RAX, tileW: reg.R15, n: reg.R14,
	}
	k.vectors, k.passes = lanes/8, 1
	if k.vectors == 4 {
		k.vectors, k.passes = 2, 2
	}
	for _, a := range []struct {
		name string
		reg  reg.GPPhysical
	}{
		{"dst", k.dst}, {"init", k.init}, {"src", k.src}, {"weights", k.weights}, {"cols", k.cols}, {"panels", k.panels},
	} {
		k.fn.Arg(a.name, a.reg)
	}
	k.emit()
}

// denseLockstep is the frame of the kernel.
type denseLockstep struct {
	fn              *Func
	width, lanes    int
	bias            bool // init is one element a row
	vectors, passes int  // registers across a tile, and tiles across all vectors

	dst, init, src, weights, cols, panels reg.GPPhysical

	x, w, left, block reg.GPPhysical // of a block of columns: src, weights, columns from it on and in it
	begun             reg.GPPhysical // 0 in the first block of a panel
	tileX, tileW, n   reg.GPPhysical // of a tile: src, weights, columns left
}

func (k *denseLockstep) emit() {
	fn := k.fn
	panel, block, full, end := fn.NewLabel("panel"), fn.NewLabel("block"), fn.NewLabel("full"), fn.NewLabel("end")
	rows := 8 * k.width
	fn.TESTQ(k.panels, k.panels)
	fn.JZ(operand.LabelRef(end))
	fn.Label(panel)
	fn.MOVQ(k.src, k.x)
	fn.MOVQ(k.weights, k.w)
	fn.MOVQ(k.cols, k.left)
	fn.XORL(k.begun.As32(), k.begun.As32())
	fn.Label(block)
	fn.MOVQ(operand.I32(lockstepColumns), k.block)
	fn.CMPQ(k.left, k.block)
	fn.JGE(operand.LabelRef(full))
	fn.MOVQ(k.left, k.block)
	fn.Label(full)
	for _, t := range k.tiles() {
		k.tile(t)
	}
	fn.MOVQ(operand.I32(1), k.begun)
	fn.ADDQ(operand.I32(lockstepColumns*4*k.lanes), k.x)
	fn.ADDQ(operand.I32(lockstepColumns*4*rows), k.w)
	fn.SUBQ(k.block, k.left)
	fn.JG(operand.LabelRef(block))
	fn.MOVQ(k.cols, k.n)
	fn.IMUL3Q(operand.I32(4*rows), k.n, k.n)
	fn.ADDQ(k.n, k.weights)
	fn.ADDQ(operand.I32(4*k.lanes*rows), k.dst)
	if k.bias {
		fn.ADDQ(operand.I32(4*rows), k.init)
	} else {
		fn.ADDQ(operand.I32(4*k.lanes*rows), k.init)
	}
	fn.DECQ(k.panels)
	fn.JNZ(operand.LabelRef(panel))
	fn.Label(end)
	fn.Return()
}

// height is the most rows of a tile: with its registers of src, and one for the
// broadcast, its accumulators fill the register file.
func (k *denseLockstep) height() int { return 12 / k.vectors }

// evenTiles cuts rows in as few tiles as a height allows, as equal as possible.
func evenTiles(rows, height int) []int {
	n := (rows + height - 1) / height
	tiles := make([]int, n)
	for i := range tiles {
		tiles[i] = rows / n
		if i < rows%n {
			tiles[i]++
		}
	}
	return tiles
}

// denseTile is rows [row, row+height) of a panel by the tile's registers of
// vectors, from the one given on.
type denseTile struct {
	row, height, vector int
	from, to            int // lines of the weights of denseUnroll columns that it asks for
}

// cacheLine is the number of bytes that one prefetch asks for.
const cacheLine = 64

// tiles are those of a panel, in their order, with as equal shares of the lines.
func (k *denseLockstep) tiles() []denseTile {
	var tiles []denseTile
	for pass := range k.passes {
		row := 0
		for _, height := range evenTiles(8*k.width, k.height()) {
			tiles = append(tiles, denseTile{row: row, height: height, vector: pass * k.vectors})
			row += height
		}
	}
	lines := denseUnroll * k.columnBytes() / cacheLine
	for i := range tiles {
		tiles[i].from, tiles[i].to = i*lines/len(tiles), (i+1)*lines/len(tiles)
	}
	return tiles
}

// columnBytes are those of a column's weights of a panel.
func (k *denseLockstep) columnBytes() int { return 4 * 8 * k.width }

// tile emits a tile over a block of columns.
func (k *denseLockstep) tile(t denseTile) {
	fn := k.fn
	begun, ready := fn.NewLabel("begun"), fn.NewLabel("ready")
	place := func(base reg.GPPhysical, r, v int) operand.Mem {
		return mem(base, 4*k.lanes*(t.row+r)+32*(t.vector+v))
	}
	each := func(do func(r, v int)) {
		for r := range t.height {
			for v := range k.vectors {
				do(r, v)
			}
		}
	}
	fn.TESTQ(k.begun, k.begun)
	fn.JNZ(operand.LabelRef(begun))
	each(func(r, v int) {
		switch {
		case !k.bias:
			fn.VMOVUPS(place(k.init, r, v), k.acc(r, v))
		case v == 0:
			fn.VBROADCASTSS(mem(k.init, 4*(t.row+r)), k.acc(r, v))
		default:
			fn.VMOVAPS(k.acc(r, 0), k.acc(r, v))
		}
	})
	fn.JMP(operand.LabelRef(ready))
	fn.Label(begun)
	each(func(r, v int) { fn.VMOVUPS(place(k.dst, r, v), k.acc(r, v)) })
	fn.Label(ready)

	fn.LEAQ(mem(k.x, 32*t.vector), k.tileX)
	fn.LEAQ(mem(k.w, 4*t.row), k.tileW)
	k.columns(t)
	each(func(r, v int) { fn.VMOVUPS(k.acc(r, v), place(k.dst, r, v)) })
}

// acc is the accumulator of row r of a tile and register v of its vectors.
func (k *denseLockstep) acc(r, v int) reg.VecPhysical { return ymm[r*k.vectors+v] }

// column multiplies weights of the tile by a column of src. With one register of
// vectors the loads, one a row and one of src, would bind and not the multiply-adds:
// four weights come in one load and are splat, which takes 5 % off.
func (k *denseLockstep) column(t denseTile, c int) {
	fn := k.fn
	x, w, four := ymm[12:12+k.vectors], ymm[15], ymm[14]
	for v := range x {
		fn.VMOVUPS(mem(k.tileX, 4*k.lanes*c+32*v), x[v])
	}
	quad := t.height
	if k.vectors == 1 && t.height >= 8 { // of an aligned quadruple
		quad = (4 - t.row%4) % 4
	}
	for r := range t.height {
		weight := mem(k.tileW, k.columnBytes()*c+4*r)
		switch in := r - quad; {
		case in == 0:
			fn.VBROADCASTF128(weight, four)
			fallthrough
		case in > 0 && in < 4:
			fn.VPERMILPS(operand.U8(0x55*in), four, w)
		default:
			fn.VBROADCASTSS(weight, w)
		}
		for v := range x {
			fn.VFMADD231PS(x[v], w, k.acc(r, v))
		}
	}
}

// ahead asks for a column's part of the tile's share of the weights further on.
func (k *denseLockstep) ahead(t denseTile, c int) {
	for line := t.from; line < t.to; line++ {
		if line%denseUnroll == c {
			k.fn.PREFETCHT1(mem(k.tileW, lockstepAhead*lockstepColumns*k.columnBytes()+cacheLine*line-4*t.row))
		}
	}
}

// denseUnroll is the number of columns that a tile takes in a turn of its loop.
const denseUnroll = 4

// columns emits the loop over the columns of a block: denseUnroll of them at a time,
// then one.
func (k *denseLockstep) columns(t denseTile) {
	fn := k.fn
	many, one, rest, done := fn.NewLabel("many"), fn.NewLabel("one"), fn.NewLabel("rest"), fn.NewLabel("done")
	advance := func(n int) {
		fn.ADDQ(operand.I32(4*k.lanes*n), k.tileX)
		fn.ADDQ(operand.I32(k.columnBytes()*n), k.tileW)
	}
	fn.MOVQ(k.block, k.n)
	fn.SUBQ(operand.U8(denseUnroll), k.n)
	fn.JLT(operand.LabelRef(rest))
	fn.Label(many)
	for c := range denseUnroll {
		k.ahead(t, c)
		k.column(t, c)
	}
	advance(denseUnroll)
	fn.SUBQ(operand.U8(denseUnroll), k.n)
	fn.JGE(operand.LabelRef(many))
	fn.Label(rest)
	fn.ADDQ(operand.U8(denseUnroll), k.n)
	fn.JZ(operand.LabelRef(done))
	fn.Label(one)
	k.column(t, 0)
	advance(1)
	fn.DECQ(k.n)
	fn.JNZ(operand.LabelRef(one))
	fn.Label(done)
}
