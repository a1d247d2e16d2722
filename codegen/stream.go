package codegen

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"
)

// streamFile saves and restores streams.
func (e *emitter) streamFile() *jen.File {
	f := e.newFile("")
	print := e.fingerprint()
	size := len(print)
	for _, s := range e.p.States {
		size += 4 * s.Size
	}
	flags := e.givenFlags()
	size += len(flags)
	doc(f, "fingerprint opens every saved stream: only this compilation of the model can read it.")
	f.Const().Id("fingerprint").Op("=").Op(hexString(print))
	doc(f, "streamSize is the number of bytes of a saved stream.")
	f.Const().Id("streamSize").Op("=").Lit(size)

	doc(f, "AppendBinary appends the stream to b: a fingerprint of the model"+e.stateList()+"\nThe error is nil.")
	method(f, "AppendBinary").Params(jen.Id("b").Index().Byte()).Params(jen.Index().Byte(), jen.Error()).BlockFunc(func(g *jen.Group) {
		e.start(g)
		g.Id("b").Op("=").Append(jen.Id("b"), jen.Id("fingerprint").Op("..."))
		for _, s := range e.p.States {
			g.Id("b").Op("=").Add(e.use("appendFloats")).Call(jen.Id("b"), e.buffer(s.Buf, 0, s.Size))
		}
		if len(flags) > 0 {
			g.Id("b").Op("=").Add(e.use("appendFlags")).CallFunc(func(g *jen.Group) {
				g.Id("b")
				for _, flag := range flags {
					g.Id("s").Dot(flag)
				}
			})
		}
		g.Return(jen.Id("b"), jen.Nil())
	})
	doc(f, "MarshalBinary is AppendBinary to a new slice.")
	method(f, "MarshalBinary").Params().Params(jen.Index().Byte(), jen.Error()).Block(
		jen.Return(jen.Id("s").Dot("AppendBinary").Call(jen.Make(jen.Index().Byte(), jen.Lit(0), jen.Id("streamSize")))),
	)
	doc(f, "UnmarshalBinary continues a stream that AppendBinary saved. On an error, for\nbytes that are no stream of this package, the stream stays as it was.")
	method(f, "UnmarshalBinary").Params(jen.Id("b").Index().Byte()).Error().BlockFunc(func(g *jen.Group) {
		g.If(jen.Len(jen.Id("b")).Op("!=").Id("streamSize")).Block(
			jen.Return(jen.Qual("fmt", "Errorf").Call(
				jen.Lit(e.o.Package+": a saved stream of %d bytes, want %d"), jen.Len(jen.Id("b")), jen.Id("streamSize"))))
		g.If(jen.String().Call(jen.Id("b").Index(jen.Op(":").Len(jen.Id("fingerprint")))).Op("!=").Id("fingerprint")).Block(
			jen.Return(jen.Qual("errors", "New").Call(jen.Lit(e.o.Package + ": the saved stream is of another model or compilation"))))
		g.Id("s").Dot("Reset").Call()
		if len(e.p.States) > 0 {
			g.Id("b").Op("=").Id("b").Index(jen.Len(jen.Id("fingerprint")).Op(":"))
		}
		for i, s := range e.p.States {
			read := jen.Add(e.use("readFloats")).Call(e.buffer(s.Buf, 0, s.Size), jen.Id("b"))
			if i < len(e.p.States)-1 || len(flags) > 0 {
				read = jen.Id("b").Op("=").Add(read)
			}
			g.Add(read)
		}
		for i, flag := range flags {
			g.Id("s").Dot(flag).Op("=").Id("b").Index(jen.Lit(i)).Op("!=").Lit(0)
		}
		g.Return(jen.Nil())
	})
	return f
}

// givenFlags are the fields that say which states were set, in the order of the
// states.
func (e *emitter) givenFlags() (flags []string) {
	for _, s := range e.p.States {
		if flag := e.given[s.Buf]; flag != "" {
			flags = append(flags, flag)
		}
	}
	return flags
}

// stateList continues a sentence with a list of what a saved stream holds.
func (e *emitter) stateList() string {
	if len(e.p.States) == 0 {
		return "."
	}
	text := ", and as\nlittle-endian float32\n"
	for _, s := range e.p.States {
		text += fmt.Sprintf("\n  - state %q, %d elements", s.Name, s.Size)
	}
	text += "\n"
	if flags := e.givenFlags(); len(flags) > 0 {
		text += fmt.Sprintf("\nand %d bytes that say which of those that go backwards were set.\n", len(flags))
	}
	return text
}

// hexString is a string literal with each byte as \xnn.
func hexString(b []byte) string {
	var text strings.Builder
	for _, v := range b {
		fmt.Fprintf(&text, `\x%02x`, v)
	}
	return `"` + text.String() + `"`
}
