package asm

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// straightPart is a range of tiles of a matrix as straight-line code.
func straightPart(matrix string, s *sparse.Straight, r kernel.Range, suffix string) part {
	name := fmt.Sprintf("matvecF32Straight%sAVX2", suffix)
	first, _ := s.Tiles(r.From, r.To)
	return part{
		name: name, groups: r, reads: s.Cols() + s.Reach(),
		offsets: []int{8 * s.Start(first), 8 * r.From},
		emit:    func(f *File) { emitStraight(f, name, matrix, s, r) },
	}
}

// emitStraight emits a range of row groups, whole tiles, as straight-line code:
// no bases to load, no steps that only pad, no loops, and no sums of several
// accumulators, since the 8 groups of a tile have one each. Long code is bound by
// the supply of instructions, so operands are arranged to have displacements of
// one byte: a step takes 21 bytes, or 29 where it falls back to the Exponent
// form. The name of the matrix is for the stub's comment.
func emitStraight(f *File, name, matrix string, s *sparse.Straight, r kernel.Range) {
	const signature = "func(dst, init, src *float32, words, scales *byte)"
	doc := fmt.Sprintf("%s computes dst = init + W·src for rows %d to %d of\n%s, padding counted, whose pattern is in the code.\n"+
		"It may read %d elements behind the last column of src. init may be dst.",
		name, 8*r.From, 8*r.To-1, strings.Join(strings.Fields(matrix), " "), s.Reach())
	k := startMatVec(f, name, signature, doc, "", "", "", "")
	fn := k.fn
	words, scales := newCursor(fn, fn.Arg("words", reg.RAX)), newCursor(fn, fn.Arg("scales", reg.R12))
	init, dst := newCursor(fn, k.init), newCursor(fn, k.dst)
	columns := newColumnBases(k, s.Cols())
	first, end := s.Tiles(r.From, r.To)
	for t := first; t < end; t++ {
		tile := straightTile{matvec: k, columns: columns, mask: f.Splat8(sparse.ExponentMask), held: -1}
		for i := s.Start(t); i < s.Start(t+1); i++ {
			base, group := s.Step(i)
			if next, _ := s.Step(min(i+1, s.Start(t+1)-1)); next == base && i+1 < s.Start(t+1) {
				tile.hold(base)
			}
			tile.emit(words.at(32*(i-s.Start(first))), base, group, s.Decoding(sparse.StraightGroups*t+group))
		}
		for g := range s.TileGroups(t) {
			row := 32 * (sparse.StraightGroups*t + g - r.From)
			tile.finish(g, scales.at(row), init.at(row), dst.at(row))
		}
	}
	fn.Return()
}

// straightTile emits the steps of a tile. Registers below 8 have the shorter
// encodings where they matter.
type straightTile struct {
	*matvec
	columns columnBases
	mask    operand.Mem // of the Exponent form
	held    int         // base of the columns of src in a register
	begun   [sparse.StraightGroups]bool
	taken   int // steps
}

var (
	straightSums = ymm[8:16] // of the groups of a tile
	straightHeld = ymm[7]    // columns of src that several steps read
)

// hold loads the columns at a base, unless they are in the register.
func (t *straightTile) hold(base int) {
	if base != t.held {
		t.held = base
		t.fn.VMOVUPS(t.columns.element(base), straightHeld)
	}
}

// emit adds one step to the sum of its group, or starts it with the step.
func (t *straightTile) emit(words operand.Mem, base, group int, form sparse.IndexForm) {
	fn := t.fn
	w, v := ymm[t.taken%4], ymm[4+t.taken%3]
	t.taken++
	fn.VMOVUPS(words, w)
	if base == t.held {
		fn.VPERMPS(straightHeld, w, v)
	} else {
		fn.VPERMPS(t.columns.element(base), w, v)
	}
	if form == sparse.Fixed {
		fn.VCVTDQ2PS(w, w)
	} else {
		fn.VPSRAD(operand.U8(3), w, w)
		fn.VPAND(t.mask, w, w)
	}
	if t.begun[group] {
		fn.VFMADD231PS(w, v, straightSums[group])
	} else {
		t.begun[group] = true
		fn.VMULPS(w, v, straightSums[group])
	}
}

// finish scales the sum of a group, adds init and stores 8 rows.
func (t *straightTile) finish(group int, scales, init, dst operand.Mem) {
	fn := t.fn
	y := ymm[group%4]
	if !t.begun[group] {
		fn.VMOVUPS(init, y)
		fn.VMOVUPS(y, dst)
		return
	}
	fn.VMOVUPS(scales, y)
	fn.VFMADD213PS(init, straightSums[group], y)
	fn.VMOVUPS(y, dst)
}
