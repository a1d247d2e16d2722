package codegen

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
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

// rowsCalls are the calls of kernels that take several vectors.
func (e *emitter) rowsCalls(in kernel.MatVec, l kernel.Level, calls []asm.RowsCall) []jen.Code {
	function := func(name string) *jen.Statement { return jen.Id(name) }
	if cutRows(calls) {
		function = func(name string) *jen.Statement { return jen.Id(stoppable(name)) }
	}
	comment := strings.TrimSuffix(describeSteps(&e.p.Matrices[in.Matrix], l), ".")
	list := []jen.Code{jen.Comment(fmt.Sprintf("%s a vector, %d vectors.", comment, in.Vectors))}
	for _, c := range calls {
		some := in
		some.Vectors, some.DstStep, some.SrcStep = c.Times, c.Count*in.DstStep, c.Count*in.SrcStep
		some.Dst.Off += c.From * in.DstStep
		some.Src.Off += c.From * in.SrcStep
		list = append(list, eachVector(some, e.callsOf(some, []kernel.Call{c.Call}, function,
			func(r place, _ kernel.Arg) *jen.Statement { return e.pointerAt(r) },
			func(a kernel.Arg) *jen.Statement { return weightsPointer(jen.Byte(), a.Off) }))...)
	}
	return list
}

// cutRows reports whether the calls of a product are more than one.
func cutRows(calls []asm.RowsCall) bool {
	return len(calls) > 1 || len(calls) == 1 && calls[0].Times > 1
}

// vectorKernels adds the names of the kernels for products of several vectors that
// are called more than once.
func (e *emitter) vectorKernels(needed map[string]bool) {
	for _, layer := range e.p.Layers {
		for _, in := range layer.Instrs {
			in, ok := in.(kernel.MatVec)
			if !ok || in.Vectors <= 1 {
				continue
			}
			for _, l := range e.levels {
				calls := asm.RowsCalls(e.p, e.layout, in, l)
				if cutRows(calls) {
					for _, c := range calls {
						needed[c.Func] = true
					}
				}
				if calls == nil {
					for _, c := range asm.MatVecCalls(e.p, e.layout, in.Matrix, l) {
						needed[c.Func] = true
					}
				}
			}
		}
	}
}
