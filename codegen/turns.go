package codegen

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// turn are the statements of products that go through the rows of their matrices in
// both directions, one step after the other: the rows computed last are those whose
// weights are still near. Of all rows in a share they do one product after the other.
func (e *emitter) turn(products []kernel.MatVec, shares []kernel.Range, l kernel.Level) []jen.Code {
	var list, there, back []jen.Code
	for _, in := range products {
		list = append(list, jen.Comment(describeSteps(&e.p.Matrices[in.Matrix], l)))
	}
	for _, share := range shares {
		var calls []jen.Code
		for _, in := range products {
			calls = append(calls, e.shareCalls(in, share, l)[1:]...) // without the comment
		}
		there, back = append(there, calls...), slices.Concat(calls, back)
	}
	return append(list,
		jen.Comment("Every other step goes from the last rows, whose weights are in the cache, to the first."),
		jen.If(jen.Id("s").Dot("back")).Block(back...).Else().Block(there...))
}

// turnedProduct is one product of a layer alone, in turns if the layer has it so.
func (e *emitter) turnedProduct(layer int, in kernel.MatVec, l kernel.Level) []jen.Code {
	for _, p := range e.p.TurnsAt(layer, l) {
		if slices.Contains(e.p.Layers[layer].Instrs[p.From:p.To], kernel.Instr(in)) {
			return e.turn([]kernel.MatVec{in}, p.Shares, l)
		}
	}
	return e.assemblyMatVec(in, l)
}

// turnAround has the step go the other way than the one before; nothing where there is
// but one.
func (e *emitter) turnAround() jen.Code {
	if !e.turns() {
		return jen.Null()
	}
	return jen.Id("s").Dot("back").Op("=").Op("!").Id("s").Dot("back")
}

// turns reports whether some products of a step go in both directions.
func (e *emitter) turns() bool {
	return slices.ContainsFunc(e.p.Layers, func(l kernel.Layer) bool { return len(l.Turns) > 0 })
}

// shareCalls are the calls of a product for a share of its rows, under a comment.
func (e *emitter) shareCalls(in kernel.MatVec, share kernel.Range, l kernel.Level) []jen.Code {
	calls := slices.DeleteFunc(asm.MatVecCalls(e.p, e.layout, in.Matrix, l), func(c kernel.Call) bool {
		group := c.Args[0].Off / 8 // of dst
		return group < share.From || group >= share.To
	})
	return e.assemblyCalls(in, l, calls)
}
