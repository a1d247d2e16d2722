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
		offsets: []int{8 * s.TileVector(first)},
		emit:    func(f *File) { emitStraight(f, name, matrix, s, r) },
	}
}

// emitStraight emits a range of row groups, whole tiles, as straight-line code:
// no bases to load, no steps that only pad, no loops, and no sums of several
// accumulators, since the 8 groups of a tile have one each. Long code is bound by
// the supply of instructions: with places beside the weights a step is three, a
// shift that brings its places down, the permute and the multiply-add, of 17 bytes
// together, operands being arranged to have displacements of one byte. (With words
// of integers that hold both, as the window kernel reads them, it was four and 20
// bytes: 1 to 18 % slower from 128×128 to 512×128, lane-balanced ones most. Products of
// 16 bits in place of three of eight shifts, on ports that permutes do not take, are 4 to
// 7 % slower on lane-balanced ones.) The name of the matrix is for the stub's comment.
func emitStraight(f *File, name, matrix string, s *sparse.Straight, r kernel.Range) {
	const signature = "func(dst, init, src *float32, words *byte)"
	doc := fmt.Sprintf("%s computes dst = init + W·src for rows %d to %d of\n%s, padding counted, whose pattern is in the code.\n"+
		"It may read %d elements behind the last column of src. init may be dst.",
		name, 8*r.From, 8*r.To-1, strings.Join(strings.Fields(matrix), " "), s.Reach())
	k := startMatVec(f, name, signature, doc, "", "", "", "")
	fn := k.fn
	words := newCursor(fn, fn.Arg("words", reg.RAX))
	init, dst := newCursor(fn, k.init), newCursor(fn, k.dst)
	columns := newColumnBases(k, s.Cols())
	first, end := s.Tiles(r.From, r.To)
	for t := first; t < end; t++ {
		tile := straightTile{matvec: k, columns: columns, held: -1}
		vector := func(i int) operand.Mem { return words.at(32 * (s.TileVector(t) - s.TileVector(first) + i)) }
		for i, steps := 0, s.Start(t+1)-s.Start(t); i < steps; i++ {
			base, group := s.Step(s.Start(t) + i)
			if next, _ := s.Step(s.Start(t) + min(i+1, steps-1)); next == base && i+1 < steps {
				tile.hold(base)
			}
			weights, places, shift := s.Vectors(i)
			if shift == 0 {
				fn.VMOVDQU(vector(places), straightPlaces)
			}
			tile.emit(vector(weights), base, group, shift)
		}
		for g := range s.TileGroups(t) {
			row := 32 * (sparse.StraightGroups*t + g - r.From)
			tile.finish(g, init.at(row), dst.at(row))
		}
	}
	fn.Return()
}

// straightTile emits the steps of a tile. Registers below 8 have the shorter
// encodings where they matter.
type straightTile struct {
	*matvec
	columns columnBases
	held    int // base of the columns of src in a register
	begun   [sparse.StraightGroups]bool
	taken   int // steps
}

var (
	straightSums   = ymm[8:16] // of the groups of a tile
	straightHeld   = ymm[7]    // columns of src that several steps read
	straightPlaces = ymm[6]    // of eight steps
)

// hold loads the columns at a base, unless they are in the register.
func (t *straightTile) hold(base int) {
	if base != t.held {
		t.held = base
		t.fn.VMOVUPS(t.columns.element(base), straightHeld)
	}
}

// emit adds one step, whose places begin at a bit, to the sum of its group, or
// starts it with the step.
func (t *straightTile) emit(weights operand.Mem, base, group, shift int) {
	fn := t.fn
	place, x := straightPlaces, ymm[3+t.taken%3]
	if shift > 0 {
		place = ymm[t.taken%3]
		fn.VPSRLD(operand.U8(shift), straightPlaces, place)
	}
	t.taken++
	if base == t.held {
		fn.VPERMPS(straightHeld, place, x)
	} else {
		fn.VPERMPS(t.columns.element(base), place, x)
	}
	if t.begun[group] {
		fn.VFMADD231PS(weights, x, straightSums[group])
	} else {
		t.begun[group] = true
		fn.VMULPS(weights, x, straightSums[group])
	}
}

// finish adds init to the sum of a group and stores 8 rows.
func (t *straightTile) finish(group int, init, dst operand.Mem) {
	fn := t.fn
	y := straightSums[group]
	if t.begun[group] {
		fn.VADDPS(init, y, y)
	} else {
		fn.VMOVUPS(init, y)
	}
	fn.VMOVUPS(y, dst)
}
