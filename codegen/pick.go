package codegen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// mostMoves is the largest number of moves of a Pick that are a statement each;
// more are a table.
const mostMoves = 24

// pick moves elements of lanes float32: one, or as many as streams in lockstep,
// which the places count already.
func (e *emitter) pick(g *jen.Group, in kernel.Pick, lanes int) {
	if len(in.Moves) > mostMoves {
		g.Add(e.use("gather")).Call(e.slice(in.Dst, in.Size()*lanes), e.slice(in.Src, in.Reach()*lanes),
			jen.Id(e.table(in)).Index(jen.Op(":")), jen.Lit(lanes))
		return
	}
	dst := in.Dst
	for _, m := range in.Moves {
		e.move(g, dst, in, m, lanes)
		dst.Off += m.Len() * lanes
	}
}

// move is one move of a Pick.
func (e *emitter) move(g *jen.Group, dst kernel.Ref, in kernel.Pick, m kernel.Move, lanes int) {
	to := e.slice(dst, m.Len()*lanes)
	switch {
	case m.Zeros():
		g.Clear(to)
	case m.Contiguous():
		src := in.Src
		src.Off += m.From * lanes
		g.Copy(to, e.slice(src, m.Len()*lanes))
	default:
		name, args := "pick", []jen.Code{to, e.slice(in.Src, in.Reach()*lanes)}
		if lanes > 1 {
			name, args = "pickLockstep", append(args, jen.Lit(lanes))
		}
		g.Add(e.use(name)).Call(append(args, jen.Lit(m.From), jen.Lit(m.Count), jen.Lit(m.Step), jen.Lit(m.Jump))...)
	}
}

// table is the name of the list of elements that an instruction picks.
func (e *emitter) table(in kernel.Pick) string {
	elements := in.Elements()
	i := slices.IndexFunc(e.tables, func(t []int) bool { return slices.Equal(t, elements) })
	if i < 0 {
		i = len(e.tables)
		e.tables = append(e.tables, elements)
	}
	return fmt.Sprintf("picked%d", i)
}

// tablesFile holds the lists that the layers refer to; nil where there are none.
func (e *emitter) tablesFile() *jen.File {
	if len(e.tables) == 0 {
		return nil
	}
	f := e.newFile("")
	for i, t := range e.tables {
		name := fmt.Sprintf("picked%d", i)
		doc(f, name+" are the numbers of elements that make a vector, -1 for a zero.")
		f.Var().Id(name).Op("=").Index(jen.Op("...")).Int32().Add(intRows(t))
	}
	return f
}

// intRows is a braced list of numbers, sixteen a line.
func intRows(values []int) jen.Code {
	var lines []jen.Code
	for row := range slices.Chunk(values, 16) {
		lines = append(lines, jen.Op(strings.Trim(strings.Join(strings.Fields(fmt.Sprint(row)), ", "), "[]")))
	}
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, lines...)
}
