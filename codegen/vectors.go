package codegen

import (
	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// place is where an operand of a product lies: step elements further for each turn
// of the loop over vectors, if there is one.
type place struct {
	kernel.Ref
	step int
}

// places are those of the operands of a product.
func places(in kernel.MatVec) map[kernel.ArgKind]place {
	all := map[kernel.ArgKind]place{kernel.DstArg: {in.Dst, 0}, kernel.InitArg: {in.Init, 0}, kernel.SrcArg: {in.Src, 0}}
	if in.Vectors > 1 {
		all[kernel.DstArg], all[kernel.SrcArg] = place{in.Dst, in.DstStep}, place{in.Src, in.SrcStep}
	}
	return all
}

// eachVector are the statements for one vector, in a loop where the product has
// several.
func eachVector(in kernel.MatVec, list []jen.Code) []jen.Code {
	if in.Vectors <= 1 {
		return list
	}
	return []jen.Code{jen.For(jen.Id("i").Op(":=").Range().Lit(in.Vectors)).Block(list...)}
}

// at is the index of the place's first element.
func (p place) at() *jen.Statement {
	turn := jen.Lit(p.step).Op("*").Id("i")
	if p.Off == 0 {
		return turn
	}
	return jen.Lit(p.Off).Op("+").Add(turn)
}

// sliceAt is n elements from a place on.
func (e *emitter) sliceAt(p place, n int) *jen.Statement {
	if p.step == 0 {
		return e.slice(p.Ref, n)
	}
	return jen.Id("s").Dot(e.fields[p.ID]).Index(p.at().Op(":")).Index(jen.Op(":").Lit(n))
}

// pointerAt is the address of a place.
func (e *emitter) pointerAt(p place) *jen.Statement {
	if p.step == 0 {
		return e.pointer(p.Ref)
	}
	return jen.Op("&").Id("s").Dot(e.fields[p.ID]).Index(p.at())
}
