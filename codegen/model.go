package codegen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// modelFile is the API: sizes, State, Step, Run, Reset and Kernel.
func (e *emitter) modelFile() *jen.File {
	f := e.newFile("")
	e.sizes(f)
	if e.whole() {
		e.wholeState(f)
		e.wholeRun(f)
	} else {
		e.stateType(f)
		e.stepMethod(f)
		e.runMethod(f)
	}
	e.accessors(f)
	e.resetMethod(f)
	var names []string
	for _, l := range slices.Backward(e.levels) {
		names = append(names, strconv.Quote(l.String()))
	}
	doc(f, fmt.Sprintf("Kernel names the kernels that this process uses: %s, or \"generic\" for the\nportable ones.", strings.Join(names, ", ")))
	f.Func().Id("Kernel").Params().String().Block(jen.Return(jen.Id("level").Dot("String").Call()))
	return f
}

func (e *emitter) sizes(f *jen.File) {
	doc(f, "Elements of one frame of an input or output; of an index, one more than the largest.")
	f.Const().DefsFunc(func(g *jen.Group) {
		for _, p := range append(append([]port(nil), e.inputs...), e.outputs...) {
			g.Id(p.size).Op("=").Lit(p.number()).Comment(oneLine(p.Name))
		}
	})
}

func (e *emitter) stateType(f *jen.File) {
	doc(f, `State is one stream through the model. The zero value is a stream at its
beginning. A State holds all that a step needs, so that nothing is allocated; a
copy of it is a fork of the stream. It must not be used by two goroutines at a
time. The weights are shared by all of them.

Its buffers, and the next State of a slice, lie at multiples of 64 bytes from its
start. The heap of today's Go puts a State, or a slice of them, at such a
multiple too. One that lies elsewhere works, but its loads cross cache lines.`)
	f.Type().Id("State").StructFunc(func(g *jen.Group) {
		for i, b := range e.p.Buffers {
			line := g.Id(e.fields[i]).Index(jen.Lit(bufferLen(b))).Float32()
			if s := e.stateOf(i); s != nil {
				line.Comment(fmt.Sprintf("state %q [%d]", s.Name, s.Size))
			}
		}
		for _, in := range e.inputs {
			if in.index() {
				g.Id(in.field).Int().Comment(fmt.Sprintf("input %q of the step", in.Name))
			}
		}
		if e.hasInit() {
			g.Id("started").Bool().Comment("the initial states are in place")
		}
		if e.turns() {
			g.Id("back").Bool().Comment("the last step went through rows of weights from the last to the first")
		}
		if rest := e.scalars() % cacheLine; rest > 0 {
			g.Id("_").Index(jen.Lit(cacheLine - rest)).Byte()
		}
	})
}

// scalars is the size of what a State holds besides its buffers, in bytes, on a
// machine of 64 bits.
func (e *emitter) scalars() int {
	size := 0
	for _, in := range e.inputs {
		if in.index() {
			size += 8
		}
	}
	if e.hasInit() {
		size++
	}
	if e.turns() {
		size++
	}
	return size
}

// stateSize is the size of a State in bytes on a machine of 64 bits.
func (e *emitter) stateSize() int {
	size := (e.scalars() + cacheLine - 1) / cacheLine * cacheLine
	for _, b := range e.p.Buffers {
		size += 4 * bufferLen(b)
	}
	return size
}

// cacheLine is what vector loads should not cross, in bytes. All buffers are
// multiples of it.
const cacheLine = 64

// bufferLen is what the program asks of a buffer.
func bufferLen(b kernel.Buffer) int { return kernel.Pad(b.Len) + kernel.Guard }

func (e *emitter) stateOf(buf int) *kernel.State {
	for i := range e.p.States {
		if e.p.States[i].Buf == buf {
			return &e.p.States[i]
		}
	}
	return nil
}

// hasInit reports whether a state begins with other than zeros.
func (e *emitter) hasInit() bool {
	for _, s := range e.p.States {
		if s.Init >= 0 {
			return true
		}
	}
	return false
}

// params lists ports as parameters, with the types that typ gives.
func params(ports []port, typ func(*port) *jen.Statement) []jen.Code {
	var list []jen.Code
	for i := range ports {
		list = append(list, jen.Id(ports[i].param).Add(typ(&ports[i])))
	}
	return list
}

func method(f *jen.File, name string) *jen.Statement {
	return f.Func().Params(jen.Id("s").Op("*").Id("State")).Id(name)
}

// stepMethod copies inputs into their buffers, runs the layers and copies the
// outputs out: layers read and write padded buffers only, and y may be x.
func (e *emitter) stepMethod(f *jen.File) {
	doc(f, "Step reads one frame of "+list(e.inputs)+" and writes one of "+list(e.outputs)+
		". It does not allocate."+e.indexPanics())
	method(f, "Step").Params(params(e.ports(), (*port).stepType)...).BlockFunc(func(g *jen.Group) {
		e.stepBody(g, jen.Id("s").Dot("step").Call())
	})
}

// stepBody is a step of s, whose layers the call runs.
func (e *emitter) stepBody(g *jen.Group, layers jen.Code) {
	for i := range e.inputs {
		in := &e.inputs[i]
		if !in.index() {
			continue
		}
		g.If(jen.Id("uint").Call(jen.Id(in.param)).Op(">=").Id(in.size)).Block(
			jen.Panic(jen.Qual("fmt", "Sprintf").Call(
				jen.Lit(fmt.Sprintf("%s: input %q is %%d, want an index below %d", e.o.Package, in.Name, in.Bound)),
				jen.Id(in.param))),
		)
	}
	e.start(g)
	for i := range e.inputs {
		in := &e.inputs[i]
		if in.index() {
			g.Id("s").Dot(in.field).Op("=").Id(in.param)
		} else {
			g.Copy(e.buffer(in.Buf, 0, in.Size), jen.Id(in.param).Index(jen.Op(":")))
		}
	}
	g.Add(layers)
	for _, out := range e.outputs {
		g.Copy(jen.Id(out.param).Index(jen.Op(":")), e.buffer(out.Buf, 0, out.Size))
	}
}

// start puts initial states in place in a stream that is still the zero value.
func (e *emitter) start(g *jen.Group) {
	if e.hasInit() {
		g.If(jen.Op("!").Id("s").Dot("started")).Block(jen.Id("s").Dot("Reset").Call())
	}
}

func (e *emitter) indexPanics() string {
	for _, in := range e.inputs {
		if in.index() {
			return "\nIt panics when an index is out of range."
		}
	}
	return ""
}

// list is the parameters in words.
func list(ports []port) string {
	var names []string
	for _, p := range ports {
		names = append(names, p.param)
	}
	return strings.Join(names, ", ")
}

// runMethod steps over whole frames after it has looked at all arguments, so
// that an error leaves the stream where it was.
func (e *emitter) runMethod(f *jen.File) {
	doc(f, "Run steps through all frames of "+list(e.inputs)+", which lie one after the other, and writes as\nmany of "+
		list(e.outputs)+", the same as repeated Steps. "+e.runErrors()+
		", leaves\nthe stream as it was. Inputs and outputs must not overlap. "+e.runMemory())
	method(f, "Run").Params(params(e.ports(), (*port).runType)...).Error().BlockFunc(func(g *jen.Group) {
		if e.sequence != nil {
			e.runBlocks(g)
		} else {
			e.runBody(g, jen.Id("s").Dot("Step"))
		}
	})
}

// runMemory says what Run allocates.
func (e *emitter) runMemory() string {
	if e.sequence == nil {
		return "It does not allocate."
	}
	return fmt.Sprintf("It takes %d frames at a\ntime through one layer after the other, which reads weights less often. The memory\nfor that is kept from call to call: it allocates only when other calls run at the\nsame time, or the garbage collector took it.", sequenceFrames)
}

// runBody steps over whole frames; step is the method and may have arguments
// before those of the ports.
func (e *emitter) runBody(g *jen.Group, step *jen.Statement, before ...jen.Code) {
	e.checkFrames(g)
	g.For(jen.Id("i").Op(":=").Range().Id("frames")).BlockFunc(func(g *jen.Group) {
		g.Add(step).CallFunc(func(g *jen.Group) {
			for _, c := range before {
				g.Add(c)
			}
			for _, p := range e.ports() {
				if p.index() {
					g.Int().Call(jen.Id(p.param).Index(jen.Id("i")))
				} else {
					g.Parens(jen.Op("*").Index(jen.Id(p.size)).Float32()).Call(
						jen.Id(p.param).Index(jen.Id("i").Op("*").Id(p.size), jen.Empty()))
				}
			}
		})
	})
	g.Return(jen.Nil())
}

// checkFrames declares frames and looks at all arguments.
func (e *emitter) checkFrames(g *jen.Group) {
	e.countFrames(g)
	for _, p := range e.ports() {
		if p.index() {
			g.For(jen.List(jen.Id("i"), jen.Id("v")).Op(":=").Range().Id(p.param)).Block(
				jen.If(jen.Id("uint32").Call(jen.Id("v")).Op(">=").Id(p.size)).Block(
					jen.Return(jen.Qual("fmt", "Errorf").Call(
						jen.Lit(fmt.Sprintf("%s: frame %%d of input %q is %%d, want an index below %d", e.o.Package, p.Name, p.Bound)),
						jen.Id("i"), jen.Id("v")))),
			)
		}
	}
}

// runErrors says when Run fails.
func (e *emitter) runErrors() string {
	if e.indexPanics() != "" {
		return "An error, for lengths that do not\nfit or an index out of range"
	}
	return "An error, for lengths that do not fit"
}

// countFrames declares frames, after an index if there is one, else after the
// first input, and holds all others to it.
func (e *emitter) countFrames(g *jen.Group) {
	first := -1
	for i, in := range e.inputs {
		if in.index() {
			first = i
		}
	}
	if first >= 0 {
		g.Id("frames").Op(":=").Len(jen.Id(e.inputs[first].param))
	} else {
		g.Id("frames").Op(":=").Len(jen.Id(e.inputs[0].param)).Op("/").Id(e.inputs[0].size)
	}
	for i, p := range append(append([]port(nil), e.inputs...), e.outputs...) {
		if i == first {
			continue
		}
		want, text := jen.Id("frames"), "want %d"
		args := []jen.Code{jen.Len(jen.Id(p.param)), jen.Id("frames")}
		if !p.index() {
			want, text = want.Op("*").Id(p.size), "want %d frames of %d"
			args = append(args, jen.Id(p.size))
		}
		g.If(jen.Len(jen.Id(p.param)).Op("!=").Add(want)).Block(jen.Return(jen.Qual("fmt", "Errorf").Call(
			append([]jen.Code{jen.Lit(fmt.Sprintf("%s: %s has %%d elements, %s", e.o.Package, p.param, text))}, args...)...)))
	}
}

func (e *emitter) resetMethod(f *jen.File) {
	doc(f, "Reset puts the stream back to its beginning.")
	method(f, "Reset").Params().BlockFunc(func(g *jen.Group) {
		g.Op("*").Id("s").Op("=").Id("State").Values()
		for _, s := range e.p.States {
			if s.Init >= 0 {
				g.Copy(e.buffer(s.Buf, 0, s.Size), e.constant(s.Init, 0, s.Size))
			}
		}
		if e.hasInit() {
			g.Id("s").Dot("started").Op("=").True()
		}
	})
}
