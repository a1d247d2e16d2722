package codegen

import (
	"fmt"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// weightsFile embeds weights.bin and says where its sections lie.
func (e *emitter) weightsFile() *jen.File {
	f := e.newFile("")
	f.Anon("embed")
	doc(f, "//go:embed weights.bin")
	f.Var().Id("weightsFile").String()
	doc(f, "weights is the base of all weights, in this machine's byte order. Nothing writes there.")
	file := jen.Id("weightsFile")
	switch {
	case e.large():
		file = jen.Id("inHugePages").Call(file)
	case slices.Contains(e.levels, kernel.AVX512):
		file = e.use("inLines").Call(file, jen.Id("level").Op("==").Add(e.use("levelAVX512")))
	}
	f.Var().Id("weights").Op("=").Add(e.use("loadWeights")).Call(file, jen.Id("weightsSections").Index(jen.Op(":")))
	doc(f, "weightsSections are the arrays in weights.bin, each at a multiple of 64 bytes.")
	var places []jen.Code
	place := func(off, length, width int, what string) {
		places = append(places, jen.Values(jen.Lit(off), jen.Lit(length), jen.Lit(width)).Op(",").Comment(oneLine(what)))
	}
	for i, m := range e.p.Matrices {
		for j, s := range m.Packed.Sections() {
			place(e.layout.Matrices[i][j], len(s.Data), kernel.SectionElem(s).Size(), fmt.Sprintf("%s: %s", m.Name, s.Name))
		}
	}
	for i, m := range e.p.Matrices {
		if m.Wide == nil || m.Wide.Packed == m.Packed {
			continue
		}
		for j, s := range m.Wide.Packed.Sections() {
			place(e.layout.Wide[i][j], len(s.Data), kernel.SectionElem(s).Size(), fmt.Sprintf("%s for AVX-512: %s", m.Name, s.Name))
		}
	}
	for i, c := range e.p.Consts {
		place(e.layout.Consts[i], 4*len(c.Data), 4, c.Name)
	}
	if l := e.batch; l != nil {
		for _, i := range l.places.OwnMatrices(e.layout) {
			m := &l.program.Matrices[i]
			for j, s := range m.Packed.Sections() {
				place(l.places.Matrices[i][j], len(s.Data), kernel.SectionElem(s).Size(), fmt.Sprintf("%s for a Batch: %s", m.Name, s.Name))
			}
		}
	}
	f.Var().Id("weightsSections").Op("=").Index(jen.Op("...")).Add(e.use("section")).
		Custom(jen.Options{Open: "{", Close: "}", Multi: true}, places...)
	return f
}

// use refers to a portable declaration, which rt.go will then have.
func (e *emitter) use(name string) *jen.Statement {
	e.rt[name] = true
	return jen.Id(name)
}

// buffer is n elements of a buffer as a slice.
func (e *emitter) buffer(buf, off, n int) *jen.Statement {
	field := jen.Id("s").Dot(e.fields[buf])
	if off == 0 {
		return field.Index(jen.Op(":").Lit(n))
	}
	return field.Index(jen.Lit(off), jen.Lit(off+n))
}

// constant is n elements of a constant as a slice.
func (e *emitter) constant(con, off, n int) *jen.Statement {
	return e.weightsSlice(kernel.Float32, e.layout.Consts[con]+4*off, n)
}

func (e *emitter) weightsSlice(elem kernel.Elem, off, n int) *jen.Statement {
	return e.use("weightsAt").Index(jen.Id(elem.String())).Call(jen.Id("weights"), jen.Lit(off), jen.Lit(n))
}

// weightsPointer is the address of byte off of the weights, as a pointer to typ.
func weightsPointer(typ jen.Code, off int) *jen.Statement {
	return jen.Parens(jen.Op("*").Add(typ)).Call(jen.Qual("unsafe", "Add").Call(jen.Id("weights"), jen.Lit(off)))
}

// slice is n elements from a place on.
func (e *emitter) slice(r kernel.Ref, n int) *jen.Statement {
	if r.Space == kernel.Con {
		return e.constant(r.ID, r.Off, n)
	}
	return e.buffer(r.ID, r.Off, n)
}

// pointer is the address of a place.
func (e *emitter) pointer(r kernel.Ref) *jen.Statement {
	if r.Space == kernel.Con {
		return weightsPointer(jen.Float32(), e.layout.Consts[r.ID]+4*r.Off)
	}
	return jen.Op("&").Id("s").Dot(e.fields[r.ID]).Index(jen.Lit(r.Off))
}
