package codegen

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dave/jennifer/jen"
)

// frameFile is what the copied tests know of the model's API.
func (e *emitter) frameFile() *jen.File {
	f := e.newFile("")
	doc(f, "tolerance t allows |got − want| ≤ t·max(1, |want|).")
	f.Const().Id("tolerance").Op("=").Lit(e.o.tolerance())
	doc(f, "vectorFrames is the number of frames in testdata/vectors.bin.")
	f.Const().Id("vectorFrames").Op("=").Lit(len(e.o.Vectors))

	doc(f, "frame is the input and output of one step.")
	f.Type().Id("frame").StructFunc(func(g *jen.Group) {
		for _, p := range e.ports() {
			if p.index() {
				g.Id(p.param).Int()
			} else {
				g.Id(p.param).Index(jen.Id(p.size)).Float32()
			}
		}
	})
	frameMethod := func(name string) *jen.Statement { return f.Func().Params(jen.Id("f").Op("*").Id("frame")).Id(name) }
	field := func(p *port) *jen.Statement { return jen.Id("f").Dot(p.param) }

	doc(f, "fill sets the inputs, element by element in their order.")
	frameMethod("fill").Params(jen.Id("value").Func().Params().Float32(), jen.Id("index").Func().Params(jen.Id("bound").Int()).Int()).
		BlockFunc(func(g *jen.Group) {
			for i := range e.inputs {
				p := &e.inputs[i]
				if p.index() {
					g.Add(field(p)).Op("=").Id("index").Call(jen.Id(p.size))
					continue
				}
				g.For(jen.Id("i").Op(":=").Range().Add(field(p))).Block(field(p).Index(jen.Id("i")).Op("=").Id("value").Call())
			}
		})
	doc(f, "outputs are all outputs, one after the other.")
	frameMethod("outputs").Params().Index().Float32().BlockFunc(func(g *jen.Group) {
		g.Var().Id("all").Index().Float32()
		for i := range e.outputs {
			g.Id("all").Op("=").Append(jen.Id("all"), field(&e.outputs[i]).Index(jen.Op(":")).Op("..."))
		}
		g.Return(jen.Id("all"))
	})
	e.frameCompute(f)
	doc(f, "run is Run over the frames.")
	f.Func().Id("run").Params(jen.Id("s").Op("*").Id("State"), jen.Id("frames").Index().Id("frame")).Error().BlockFunc(func(g *jen.Group) {
		e.frameRun(g, jen.Id("s").Dot("Run"))
	})
	e.frameRunner(f)
	e.frameFaults(f)
	e.frameStates(f)
	return f
}

// frameCompute emits what the tests go through frames by: Step where there is one,
// else Run.
func (e *emitter) frameCompute(f *jen.File) {
	computeParams := []jen.Code{jen.Id("s").Op("*").Id("State"), jen.Id("frames").Index().Id("frame")}
	if e.whole() {
		doc(f, "compute computes the frames as one sequence, in memory that a longer one of NaN has\nused.")
		f.Func().Id("compute").Params(computeParams...).Block(
			jen.Id("forget").Call(),
			jen.Var().Id("other").Id("State"),
			jen.Id("odd").Op(":=").Make(jen.Index().Id("frame"), jen.Len(jen.Id("frames")).Op("+").Lit(3)),
			jen.For(jen.Id("i").Op(":=").Range().Id("odd")).Block(
				jen.Id("odd").Index(jen.Id("i")).Dot("fill").Call(
					jen.Func().Params().Float32().Block(jen.Return(jen.Float32().Call(jen.Qual("math", "NaN").Call()))),
					jen.Func().Params(jen.Int()).Int().Block(jen.Return(jen.Lit(0))))),
			jen.If(jen.Err().Op(":=").Id("run").Call(jen.Op("&").Id("other"), jen.Id("odd")), jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())),
			jen.If(jen.Err().Op(":=").Id("run").Call(jen.Id("s"), jen.Id("frames")), jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())))
		doc(f, "forget makes the next Run begin in new memory.")
		f.Func().Id("forget").Params().Block(jen.Id("sequences").Dot("Get").Call())
		doc(f, "turn returns a call that computes a short sequence and does not allocate.")
		f.Func().Id("turn").Params(jen.Id("s").Op("*").Id("State")).Func().Params().Block(
			jen.Id("run").Op(":=").Id("runner").Call(jen.Id("s"), jen.Lit(2*sequenceFrames)),
			jen.Return(jen.Func().Params().Block(
				jen.If(jen.Err().Op(":=").Id("run").Call(), jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())))))
		return
	}
	doc(f, "step is Step of the stream with the frame.")
	f.Func().Params(jen.Id("f").Op("*").Id("frame")).Id("step").Params(jen.Id("s").Op("*").Id("State")).Block(
		jen.Id("s").Dot("Step").CallFunc(e.frameArgs))
	doc(f, "compute steps through the frames.")
	f.Func().Id("compute").Params(computeParams...).Block(
		jen.For(jen.Id("i").Op(":=").Range().Id("frames")).Block(jen.Id("frames").Index(jen.Id("i")).Dot("step").Call(jen.Id("s"))))
	doc(f, "turn returns a call that makes a step and does not allocate.")
	f.Func().Id("turn").Params(jen.Id("s").Op("*").Id("State")).Func().Params().Block(
		jen.Id("f").Op(":=").Id("randomFrames").Call(jen.Lit(7), jen.Lit(1)),
		jen.Return(jen.Func().Params().Block(jen.Id("f").Index(jen.Lit(0)).Dot("step").Call(jen.Id("s")))))
}

// frameStates emits what the tests read and set states by.
func (e *emitter) frameStates(f *jen.File) {
	list := Accessors(e.p)
	if len(list) == 0 {
		return
	}
	state := jen.Id("s").Op("*").Id("State")
	doc(f, "states are all states that can be read, one after the other.")
	f.Func().Id("states").Params(state).Index().Float32().BlockFunc(func(g *jen.Group) {
		g.Var().Id("all").Index().Float32()
		for _, a := range list {
			g.For(jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Id("s").Dot(a.Get).Call()).Block(
				jen.Id("all").Op("=").Append(jen.Id("all"), jen.Id("v")))
		}
		g.Return(jen.Id("all"))
	})
	doc(f, "stateVectors is the number of elements in testdata/states.bin.")
	f.Const().Id("stateVectors").Op("=").Lit(len(slices.Concat(e.o.States...)))
	doc(f, "setStates replaces all of them, element by element.")
	f.Func().Id("setStates").Params(state, jen.Id("value").Func().Params().Float32()).BlockFunc(func(g *jen.Group) {
		for _, a := range list {
			g.BlockFunc(func(g *jen.Group) {
				g.Var().Id("h").Index(jen.Lit(a.State.Size)).Float32()
				g.For(jen.Id("i").Op(":=").Range().Id("h")).Block(jen.Id("h").Index(jen.Id("i")).Op("=").Id("value").Call())
				g.Id("s").Dot(a.Set).Call(jen.Op("&").Id("h"))
			})
		}
	})
}

// frameArgs are the arguments of a step with the frame f.
func (e *emitter) frameArgs(g *jen.Group) {
	for _, p := range e.ports() {
		if p.index() {
			g.Id("f").Dot(p.param)
		} else {
			g.Op("&").Id("f").Dot(p.param)
		}
	}
}

// frameRun steps over frames by run, which may take arguments before those of the
// ports.
func (e *emitter) frameRun(g *jen.Group, run *jen.Statement, before ...jen.Code) {
	for i := range e.outputs {
		p := &e.outputs[i]
		g.Id(p.param).Op(":=").Make(p.runType(), jen.Len(jen.Id("frames")).Op("*").Id(p.size))
	}
	for i := range e.inputs {
		p := &e.inputs[i]
		g.Var().Id(p.param).Add(p.runType())
	}
	g.For(jen.Id("i").Op(":=").Range().Id("frames")).BlockFunc(func(g *jen.Group) {
		for _, p := range e.inputs {
			value := jen.Id("frames").Index(jen.Id("i")).Dot(p.param)
			if p.index() {
				value = jen.Int32().Call(value)
			} else {
				value = value.Index(jen.Op(":")).Op("...")
			}
			g.Id(p.param).Op("=").Append(jen.Id(p.param), value)
		}
	})
	g.Err().Op(":=").Add(run).CallFunc(func(g *jen.Group) {
		for _, c := range before {
			g.Add(c)
		}
		for _, p := range e.ports() {
			g.Id(p.param)
		}
	})
	g.For(jen.Id("i").Op(":=").Range().Id("frames")).BlockFunc(func(g *jen.Group) {
		for _, p := range e.outputs {
			g.Copy(jen.Id("frames").Index(jen.Id("i")).Dot(p.param).Index(jen.Op(":")),
				jen.Id(p.param).Index(jen.Id("i").Op("*").Id(p.size), jen.Empty()))
		}
	})
	g.Return(jen.Err())
}

// frameRunner emits runner, which calls Run without allocations of its own.
func (e *emitter) frameRunner(f *jen.File) {
	doc(f, "runner returns a call of Run over n frames of zeros.")
	f.Func().Id("runner").Params(jen.Id("s").Op("*").Id("State"), jen.Id("n").Int()).Func().Params().Error().BlockFunc(func(g *jen.Group) {
		for _, p := range e.ports() {
			size := jen.Id("n")
			if !p.index() {
				size = size.Op("*").Id(p.size)
			}
			g.Id(p.param).Op(":=").Make(p.runType(), size)
		}
		g.Return(jen.Func().Params().Error().Block(jen.Return(jen.Id("s").Dot("Run").CallFunc(func(g *jen.Group) {
			for _, p := range e.ports() {
				g.Id(p.param)
			}
		}))))
	})
}

// frameFaults emits what Run and Step have to refuse.
func (e *emitter) frameFaults(f *jen.File) {
	ports := e.ports()
	doc(f, "misfits are calls of Run over one frame, each with one element too many in one\nof the arguments.")
	f.Func().Id("misfits").Params(jen.Id("s").Op("*").Id("State")).Index().Error().Block(
		jen.Return(jen.Index().Error().ValuesFunc(func(g *jen.Group) {
			for wrong := range ports {
				g.Line().Id("s").Dot("Run").CallFunc(func(g *jen.Group) {
					for i, p := range ports {
						n := p.frameLen()
						if i == wrong {
							n = n.Op("+").Lit(1)
						}
						g.Make(p.runType(), n)
					}
				})
			}
			g.Line()
		})))

	doc(f, "outOfRange are frames with an index that the model does not know.")
	f.Func().Id("outOfRange").Params().Index().Id("frame").Block(
		jen.Return(jen.Index().Id("frame").ValuesFunc(func(g *jen.Group) {
			for _, p := range e.inputs {
				if p.index() {
					g.Values(jen.Dict{jen.Id(p.param): jen.Lit(-1)})
					g.Values(jen.Dict{jen.Id(p.param): jen.Id(p.size)})
				}
			}
		})))
}

// exampleFile is an Example whose output does not depend on the weights.
func (e *emitter) exampleFile() *jen.File {
	f := e.newFile("")
	f.Line()
	if e.whole() {
		e.wholeExample(f)
		return f
	}
	f.Func().Id("Example").Params().BlockFunc(func(g *jen.Group) {
		g.Var().Id("s").Id("State").Comment("one stream, at its beginning")
		for i := range e.outputs {
			g.Var().Id(e.outputs[i].param).Index(jen.Id(e.outputs[i].size)).Float32()
		}
		for _, p := range e.inputs {
			if !p.index() {
				g.Var().Id(p.param).Index(jen.Id(p.size)).Float32()
			}
		}
		g.For(jen.Id("range").Lit(3)).Block(
			jen.Id("s").Dot("Step").CallFunc(func(g *jen.Group) {
				for _, p := range e.ports() {
					if p.index() {
						g.Lit(0)
					} else {
						g.Op("&").Id(p.param)
					}
				}
			}))
		text := ""
		g.Qual("fmt", "Println").CallFunc(func(g *jen.Group) {
			for i, p := range e.outputs {
				if i > 0 {
					text += " "
				}
				text += fmt.Sprint(p.Size)
				g.Len(jen.Id(p.param))
			}
			g.Lit("values after 3 steps")
		})
		g.Comment("Output: " + text + " values after 3 steps")
	})
	return f
}

// vectorFile is testdata/vectors.bin: frame by frame the inputs, as
// little-endian float32 or uint32, and the outputs as float32: of the float64
// reference, which on another machine may differ in its last bits, this keeps
// what does not.
func (e *emitter) vectorFile() []byte {
	var b bytes.Buffer
	write := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(fmt.Sprintf("codegen: vectors.bin: %v", err)) // a type without fixed size
		}
	}
	for _, f := range e.o.Vectors {
		for i, in := range e.p.Inputs {
			if in.Bound > 0 {
				write(uint32(f.Indices[i]))
			} else {
				write(f.Inputs[i])
			}
		}
		for _, out := range f.Outputs {
			for _, y := range out {
				write(float32(y))
			}
		}
	}
	return b.Bytes()
}

// wholeExample runs a sequence of three frames.
func (e *emitter) wholeExample(f *jen.File) {
	f.Func().Id("Example").Params().BlockFunc(func(g *jen.Group) {
		g.Const().Id("frames").Op("=").Lit(3)
		g.Var().Id("s").Id("State")
		for i := range e.outputs {
			p := &e.outputs[i]
			g.Id(p.param).Op(":=").Make(p.runType(), jen.Id("frames").Op("*").Id(p.size))
		}
		g.If(jen.Err().Op(":=").Id("s").Dot("Run").CallFunc(func(g *jen.Group) {
			for i := range e.outputs {
				g.Id(e.outputs[i].param)
			}
			for i := range e.inputs {
				p := &e.inputs[i]
				g.Make(p.runType(), jen.Id("frames").Op("*").Add(p.frameLen()))
			}
		}), jen.Err().Op("!=").Nil()).Block(
			jen.Qual("fmt", "Println").Call(jen.Err()),
			jen.Return())
		text := ""
		g.Qual("fmt", "Println").CallFunc(func(g *jen.Group) {
			for _, p := range e.outputs {
				text += fmt.Sprint(3*p.Size) + " "
				g.Len(jen.Id(p.param))
			}
			g.Lit("values of 3 frames")
		})
		g.Comment("Output: " + text + "values of 3 frames")
	})
}

// statesFile is testdata/states.bin: the states behind the last frame of the
// vectors, as little-endian float32.
func (e *emitter) statesFile() []byte {
	var b []byte
	for _, h := range e.o.States {
		for _, v := range h {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	return b
}
