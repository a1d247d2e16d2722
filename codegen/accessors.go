package codegen

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Accessor names the methods of State that read and set a state that is exposed.
type Accessor struct {
	State    kernel.State
	Get, Set string
}

// Accessors are those of a program's package, in the order of its states. The
// elements of a state are in the order of the model, whatever theirs in the buffer.
func Accessors(p *kernel.Program) []Accessor {
	methods := newScope("Step", "Run", "Reset", "AppendBinary", "MarshalBinary", "UnmarshalBinary")
	var list []Accessor
	for _, s := range p.States {
		if !s.Exposed {
			continue
		}
		get := methods.unique(exported(s.Name))
		for methods["Set"+get] {
			get = methods.unique(exported(s.Name))
		}
		methods["Set"+get] = true
		list = append(list, Accessor{State: s, Get: get, Set: "Set" + get})
	}
	return list
}

// accessors emits the methods that read and set states.
func (e *emitter) accessors(f *jen.File) {
	for _, a := range Accessors(e.p) {
		e.unitsTable(f, a)
		e.getter(f, a)
		e.setter(f, a)
	}
}

// unitsName is the table of a state whose elements lie in another order.
func (e *emitter) unitsName(a Accessor) string { return e.fields[a.State.Buf] + "Units" }

func (e *emitter) unitsTable(f *jen.File, a Accessor) {
	if a.State.Units == nil {
		return
	}
	doc(f, fmt.Sprintf("%s is the place in state %q of each element in its buffer.", e.unitsName(a), oneLine(a.State.Name)))
	f.Var().Id(e.unitsName(a)).Op("=").Index(jen.Op("...")).Uint32().ValuesFunc(func(g *jen.Group) {
		for _, u := range a.State.Units {
			g.Lit(u)
		}
	})
}

func (e *emitter) getter(f *jen.File, a Accessor) {
	doc(f, fmt.Sprintf("%s is state %q%s.", a.Get, oneLine(a.State.Name), e.getsWhen(a)))
	method(f, a.Get).Params().Params(jen.Id("h").Index(jen.Lit(a.State.Size)).Float32()).BlockFunc(func(g *jen.Group) {
		e.start(g)
		field := jen.Id("s").Dot(e.fields[a.State.Buf])
		if a.State.Units == nil {
			g.Copy(jen.Id("h").Index(jen.Op(":")), field.Index(jen.Op(":")))
		} else {
			g.For(jen.List(jen.Id("i"), jen.Id("u")).Op(":=").Range().Id(e.unitsName(a))).Block(
				jen.Id("h").Index(jen.Id("u")).Op("=").Add(field).Index(jen.Id("i")))
		}
		g.Return(jen.Id("h"))
	})
}

// getsWhen says when a state is what its getter gives.
func (e *emitter) getsWhen(a Accessor) string {
	switch {
	case e.given[a.State.Buf] != "":
		return " before the first frame of the last sequence"
	case e.whole():
		return " behind the last sequence"
	}
	return " behind the last step"
}

func (e *emitter) setter(f *jen.File, a Accessor) {
	text := fmt.Sprintf("%s replaces state %q.", a.Set, oneLine(a.State.Name))
	if e.given[a.State.Buf] != "" {
		text = fmt.Sprintf("%s gives state %q the value behind the last frame of\nthe next sequence, and of no other.", a.Set, oneLine(a.State.Name))
	}
	doc(f, text)
	method(f, a.Set).Params(jen.Id("h").Op("*").Index(jen.Lit(a.State.Size)).Float32()).BlockFunc(func(g *jen.Group) {
		e.start(g)
		field := jen.Id("s").Dot(e.fields[a.State.Buf])
		if a.State.Units == nil {
			g.Copy(field.Index(jen.Op(":")), jen.Id("h").Index(jen.Op(":")))
		} else {
			g.For(jen.List(jen.Id("i"), jen.Id("u")).Op(":=").Range().Id(e.unitsName(a))).Block(
				field.Index(jen.Id("i")).Op("=").Id("h").Index(jen.Id("u")))
		}
		if given := e.given[a.State.Buf]; given != "" {
			g.Id("s").Dot(given).Op("=").True()
		}
	})
}

// statesDoc is the section of the package's documentation.
func (e *emitter) statesDoc() string {
	list := Accessors(e.p)
	if len(list) == 0 {
		return ""
	}
	text := "\n# States\n\n"
	for _, a := range list {
		text += fmt.Sprintf("  - %q: [State.%s], [State.%s]\n", oneLine(a.State.Name), a.Get, a.Set)
	}
	if len(e.given) > 0 {
		text += `
A state that goes backwards has the value set, or else its initial one, behind the
last frame of the next sequence. What is read later is its value before the first.
`
	}
	return text
}
