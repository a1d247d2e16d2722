package codegen

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// turningCalls are the calls of a product whose matrix is read in both directions in
// turns: the rows computed last are those whose weights are still near.
func (e *emitter) turningCalls(in kernel.MatVec, l kernel.Level, calls []kernel.Call) []jen.Code {
	list := e.assemblyCalls(in, l, backwards(calls))
	comment, back := list[0], list[1:]
	flag := func() *jen.Statement { return jen.Id("s").Dot("back").Index(jen.Lit(e.turning[in.Matrix])) }
	return []jen.Code{
		comment,
		jen.Comment("Every other step goes from the last rows, whose weights are in the cache, to the first."),
		flag().Op("=").Op("!").Add(flag()),
		jen.If(flag()).Block(back...).Else().Block(e.assemblyCalls(in, l, calls)[1:]...),
	}
}

// backwards are the calls from the last rows to the first; those of the same rows, of
// one panel of columns after the other, stay in order.
func backwards(calls []kernel.Call) []kernel.Call {
	var list []kernel.Call
	for len(calls) > 0 {
		n := 1
		for n < len(calls) && calls[n].Args[0].Off == calls[0].Args[0].Off {
			n++
		}
		list = slices.Insert(list, 0, calls[:n]...)
		calls = calls[n:]
	}
	return list
}
