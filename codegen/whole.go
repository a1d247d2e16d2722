package codegen

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// A program that is not kernel.Program.Streaming has no Step. Its State holds what
// leads from one sequence to the next, and Run gives every frame of a sequence the
// buffers of a step, between two frames that hold the states at its ends.

// whole reports whether the package takes whole sequences only.
func (e *emitter) whole() bool { return !e.p.Streaming() }

// frameType is the type that the functions of layers work on.
func (e *emitter) frameType() string {
	if e.whole() {
		return "sequenceFrame"
	}
	return "State"
}

// wholeFields names the flags of the states that go backwards, among the fields of
// State.
func (e *emitter) wholeFields(fields scope) {
	e.given = map[int]string{}
	if !e.whole() {
		return
	}
	for _, s := range e.p.States {
		if e.p.Reversed(s.Buf) {
			e.given[s.Buf] = fields.private(s.Name + " given")
		}
	}
}

// wholeState is the State of whole sequences.
func (e *emitter) wholeState(f *jen.File) {
	text := `State is what one sequence leaves for the next. The zero value is the beginning. A
copy of it goes on by itself. It must not be used by two goroutines at a time. The
weights are shared by all of them.`
	if len(e.given) > 0 {
		text += `

States that go backwards lead from no sequence to another: each Run begins with
their initial values, unless they were set since the Run before.`
	}
	doc(f, text)
	f.Type().Id("State").StructFunc(func(g *jen.Group) {
		for _, s := range e.p.States {
			way := ""
			if e.given[s.Buf] != "" {
				way = ", backwards"
			}
			g.Id(e.fields[s.Buf]).Index(jen.Lit(bufferLen(e.p.Buffers[s.Buf]))).Float32().Comment(fmt.Sprintf("state %q [%d]%s", s.Name, s.Size, way))
		}
		flags := 0
		for _, s := range e.p.States {
			if name := e.given[s.Buf]; name != "" {
				g.Id(name).Bool().Comment("set since the last Run")
				flags++
			}
		}
		if e.hasInit() {
			g.Id("started").Bool().Comment("the initial states are in place")
			flags++
		}
		if rest := flags % cacheLine; rest > 0 {
			g.Id("_").Index(jen.Lit(cacheLine - rest)).Byte()
		}
	})
}

// frameSize is the size of a frame of a sequence in bytes on a machine of 64 bits.
func (e *emitter) frameSize() int {
	size := 0
	for _, b := range e.p.Buffers {
		size += 4 * bufferLen(b)
	}
	for i := range e.inputs {
		if e.inputs[i].index() {
			size += 8
		}
	}
	size = (size + cacheLine - 1) / cacheLine * cacheLine
	return size + sequenceGap(size)
}

// wholeFrame is the type of a frame of a sequence.
func (e *emitter) wholeFrame(f *jen.File) {
	doc(f, "sequenceFrame is a frame of a sequence with the buffers of all layers. They lie at\nmultiples of 64 bytes, and frames that are read together not whole pages apart.")
	f.Type().Id("sequenceFrame").StructFunc(func(g *jen.Group) {
		size := 0
		for i, b := range e.p.Buffers {
			g.Id(e.fields[i]).Index(jen.Lit(bufferLen(b))).Float32()
			size += 4 * bufferLen(b)
		}
		for _, in := range e.inputs {
			if in.index() {
				g.Id(in.field).Int().Comment(fmt.Sprintf("input %q", in.Name))
				size += 8
			}
		}
		if rest := e.frameSize() - size; rest > 0 {
			g.Id("_").Index(jen.Lit(rest)).Byte()
		}
	})
}

// wholeRun takes a sequence through the stages, after it has looked at all
// arguments.
func (e *emitter) wholeRun(f *jen.File) {
	doc(f, "Run takes all frames of "+list(e.inputs)+", which lie one after the other, through the model,\nand writes as many of "+
		list(e.outputs)+". "+e.runErrors()+
		", leaves\nthe State as it was. Inputs and outputs must not overlap. "+e.wholeMemory())
	method(f, "Run").Params(params(e.ports(), (*port).runType)...).Error().BlockFunc(func(g *jen.Group) {
		e.checkFrames(g)
		g.If(jen.Id("frames").Op("==").Lit(0)).Block(jen.Return(jen.Nil()))
		e.start(g)
		g.Id("q").Op(":=").Id("sequences").Dot("Get").Call().Assert(jen.Op("*").Index().Id("sequenceFrame"))
		g.If(jen.Cap(jen.Op("*").Id("q")).Op("<").Id("frames").Op("+").Lit(2)).Block(
			jen.Op("*").Id("q").Op("=").Make(jen.Index().Id("sequenceFrame"), jen.Id("frames").Op("+").Lit(2)))
		g.Id("s").Dot("run").CallFunc(func(g *jen.Group) {
			g.Parens(jen.Op("*").Id("q")).Index(jen.Op(":").Id("frames").Op("+").Lit(2))
			for _, p := range e.ports() {
				g.Id(p.param)
			}
		})
		g.Id("sequences").Dot("Put").Call(jen.Id("q"))
		g.Return(jen.Nil())
	})
	doc(f, "run is Run in frames for the sequence and one more at each end.")
	method(f, "run").Params(append([]jen.Code{sequenceParam()}, params(e.ports(), (*port).runType)...)...).BlockFunc(func(g *jen.Group) {
		g.Id("last").Op(":=").Len(jen.Id("q")).Op("-").Lit(1)
		e.wholeInputs(g)
		e.wholeBegin(g)
		g.Id("sequence").Call(jen.Id("q"))
		e.wholeEnd(g)
	})
}

// wholeMemory says what Run allocates.
func (e *emitter) wholeMemory() string {
	return fmt.Sprintf("It holds all\nframes at a time, in %d bytes each. The memory for that is kept from call to call:\nit allocates only for a longer sequence, when other calls run at the same time, or\nwhen the garbage collector took it.", e.frameSize())
}

// wholeInputs copies the inputs into their frames.
func (e *emitter) wholeInputs(g *jen.Group) {
	g.For(jen.Id("i").Op(":=").Range().Id("last").Op("-").Lit(1)).BlockFunc(func(g *jen.Group) {
		g.Id("t").Op(":=").Op("&").Id("q").Index(jen.Id("i").Op("+").Lit(1))
		for _, in := range e.inputs {
			if in.index() {
				g.Id("t").Dot(in.field).Op("=").Int().Call(jen.Id(in.param).Index(jen.Id("i")))
			} else {
				g.Copy(jen.Id("t").Dot(e.fields[in.Buf]).Index(jen.Op(":")), framePlace(in))
			}
		}
	})
}

// framePlace is the frame i of a vector.
func framePlace(p port) *jen.Statement {
	return jen.Id(p.param).Index(jen.Id("i").Op("*").Id(p.size).Op(":")).Index(jen.Op(":").Id(p.size))
}

// wholeBegin puts the states where the sequence begins with them.
func (e *emitter) wholeBegin(g *jen.Group) {
	for _, s := range e.p.States {
		state := e.fields[s.Buf]
		given := e.given[s.Buf]
		if given == "" {
			g.Id("q").Index(jen.Lit(0)).Dot(state).Op("=").Id("s").Dot(state)
			continue
		}
		g.If(jen.Op("!").Id("s").Dot(given)).BlockFunc(func(g *jen.Group) {
			g.Clear(jen.Id("s").Dot(state).Index(jen.Op(":")))
			if s.Init >= 0 {
				g.Copy(e.buffer(s.Buf, 0, s.Size), e.constant(s.Init, 0, s.Size))
			}
		})
		g.Id("q").Index(jen.Id("last")).Dot(state).Op("=").Id("s").Dot(state)
	}
}

// wholeEnd takes the states from where the sequence ends with them, and the
// outputs.
func (e *emitter) wholeEnd(g *jen.Group) {
	for _, s := range e.p.States {
		state := e.fields[s.Buf]
		if given := e.given[s.Buf]; given != "" {
			g.List(jen.Id("s").Dot(state), jen.Id("s").Dot(given)).Op("=").List(jen.Id("q").Index(jen.Lit(1)).Dot(state), jen.False())
		} else {
			g.Id("s").Dot(state).Op("=").Id("q").Index(jen.Id("last").Op("-").Lit(1)).Dot(state)
		}
	}
	g.For(jen.Id("i").Op(":=").Range().Id("last").Op("-").Lit(1)).BlockFunc(func(g *jen.Group) {
		g.Id("t").Op(":=").Op("&").Id("q").Index(jen.Id("i").Op("+").Lit(1))
		for _, out := range e.outputs {
			g.Copy(framePlace(out), jen.Id("t").Dot(e.fields[out.Buf]).Index(jen.Op(":")))
		}
	})
}

// checkWhole is an error where a package of whole sequences is asked for what only
// streams have.
func (o *Options) checkWhole(p *kernel.Program) error {
	if p.Streaming() || o.Batch.Streams == 0 && o.Workers == 0 {
		return nil
	}
	return fmt.Errorf("program %q takes whole sequences: it has neither streams in lockstep nor workers", p.Name)
}
