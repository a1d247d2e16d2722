package codegen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// sequenceFrames is the number of frames of Run that go through a layer before
// the next layer: a multiple of what the kernels for several vectors take at a
// time, few enough that their buffers stay near.
const sequenceFrames = 12

// Frames that a kernel reads together should not lie a multiple of 4096 bytes
// apart, or nearly: three streams of loads would fight for the same lines of the
// first-level cache.
const (
	sequencePage  = 4096
	sequenceLeast = 704 // bytes of a frame behind whole pages
	sequenceMost  = 1664
)

// sequenceFile is what Run needs to take a block of frames through the layers,
// whatever the kernels; nil where it steps frame by frame.
func (e *emitter) sequenceFile() *jen.File {
	if e.whole() {
		return e.wholeFile()
	}
	if e.sequence == nil {
		return nil
	}
	f := e.newFile("")
	doc(f, "sequenceFrames is the number of frames that Run takes through a layer before the\nnext one.")
	f.Const().Id("sequenceFrames").Op("=").Lit(sequenceFrames)
	doc(f, "sequenceFrame is a frame of Run with the buffers of its step, and a gap for the\ncaches: frames that are read together should not lie whole pages apart.")
	f.Type().Id("sequenceFrame").StructFunc(func(g *jen.Group) {
		g.Id("State")
		if gap := sequenceGap(e.stateSize()); gap > 0 {
			g.Id("_").Index(jen.Lit(gap)).Byte()
		}
	})
	doc(f, "sequenceStep is the distance of frames in bytes.")
	f.Const().Id("sequenceStep").Op("=").Int().Call(jen.Qual("unsafe", "Sizeof").Call(jen.Id("sequenceFrame").Values()))
	doc(f, "sequences keeps the frames for the next Run.")
	f.Var().Id("sequences").Op("=").Qual("sync", "Pool").Values(jen.Dict{
		jen.Id("New"): jen.Func().Params().Any().Block(jen.Return(jen.New(jen.Index(jen.Id("sequenceFrames")).Id("sequenceFrame")))),
	})
	doc(f, "sequenceGeneric steps through the frames with the portable kernels.")
	method(f, "sequenceGeneric").Params(sequenceParam()).Block(e.eachFrame(e.stateBuffers(), jen.Id("t").Dot("stepGeneric").Call()))
	return f
}

func sequenceParam() *jen.Statement { return jen.Id("q").Index().Id("sequenceFrame") }

// sequenceGap is what to put behind a State of that size.
func sequenceGap(size int) int {
	gap := 0
	for at := size % sequencePage; at < sequenceLeast || at > sequenceMost; at = (size + gap) % sequencePage {
		gap += cacheLine
	}
	return gap
}

func (e *emitter) stateBuffers() (buffers []int) {
	for _, s := range e.p.States {
		buffers = append(buffers, s.Buf)
	}
	return buffers
}

// eachFrame is the loop over the frames of a sequence: states go from one to the
// next, the first from s, and t is the frame.
func (e *emitter) eachFrame(states []int, body jen.Code) jen.Code {
	return jen.For(jen.Id("i").Op(":=").Range().Id("q")).BlockFunc(func(g *jen.Group) {
		g.Id("t").Op(":=").Op("&").Id("q").Index(jen.Id("i")).Dot("State")
		for _, buf := range states {
			g.Id("t").Dot(e.fields[buf]).Op("=").Id("s").Dot(e.fields[buf])
		}
		g.Add(body)
		if len(states) > 0 {
			g.Id("s").Op("=").Id("t")
		}
	})
}

// sequenceMethod emits the choice of kernels for a block of frames.
func (e *emitter) sequenceMethod(f *jen.File, levels []kernel.Level) {
	if e.sequence == nil {
		return
	}
	doc(f, "sequence runs the layers over the frames of q, which go on from s.")
	method(f, "sequence").Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		generic := jen.Id("s").Dot("sequenceGeneric").Call(jen.Id("q"))
		if len(levels) == 0 {
			g.Add(generic)
			return
		}
		g.Switch(jen.Id("level")).BlockFunc(func(g *jen.Group) {
			for _, l := range slices.Backward(levels) {
				g.Case(e.use("level" + suffix(l))).Block(jen.Id("s").Dot("sequence" + suffix(l)).Call(jen.Id("q")))
			}
			g.Default().Block(generic)
		})
	})
}

// sequenceLayers emits the layers of one level over a block of frames.
func (e *emitter) sequenceLayers(f *jen.File, l kernel.Level) {
	if e.sequence == nil {
		return
	}
	name := func(i int, l kernel.Level) string { return e.layers[i] + "Sequence" + suffix(l) }
	doc(f, fmt.Sprintf("sequence%s runs the layers over frames, one layer after the other, with the kernels for %s.", suffix(l), l))
	method(f, "sequence"+suffix(l)).Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		for i := range e.layers {
			g.Id(name(i, e.layerLevel(i, l))).Call(jen.Id("s"), jen.Id("q"))
		}
	})
	for i, layer := range e.p.Layers {
		if e.layerLevel(i, l) != l {
			continue
		}
		split := e.sequence[l][i]
		rest := e.layers[i] + suffix(l)
		if len(split.Ahead) > 0 && len(split.Rest) > 0 {
			rest = e.layers[i] + "Rest" + suffix(l)
			e.instrsFunc(f, rest, fmt.Sprintf("what layer %q computes frame by frame", layer.Name), split.Rest, e.assemblyCall(l),
				func(in kernel.MatVec) []jen.Code { return e.turnedProduct(i, in, l) })
		}
		doc(f, fmt.Sprintf("%s is layer %q over frames.\n//\n//go:noinline", name(i, l), layer.Name))
		f.Func().Id(name(i, l)).Params(jen.Id("s").Op("*").Id("State"), sequenceParam()).BlockFunc(func(g *jen.Group) {
			for _, in := range split.Ahead {
				for _, c := range e.aheadProduct(in, l) {
					g.Add(c)
				}
			}
			if len(split.Rest) > 0 {
				g.Add(e.eachFrame(split.States, jen.Id(rest).Call(jen.Id("t"))))
			}
		})
	}
}

// aheadProduct multiplies the vectors of all frames with a matrix.
func (e *emitter) aheadProduct(in kernel.MatVec, l kernel.Level) []jen.Code {
	calls := asm.SeveralCalls(e.p, e.layout, in, l)
	function := func(name string) *jen.Statement { return jen.Id(name) }
	if len(calls) > 1 {
		function = func(name string) *jen.Statement { return jen.Id(stoppable(name)) }
	}
	comment := strings.TrimSuffix(describeSteps(&e.p.Matrices[in.Matrix], l), ".") + " a frame."
	return e.calls(in, comment, calls, function,
		func(r place, _ kernel.Arg) *jen.Statement {
			if r.Space == kernel.Con {
				return e.pointer(r.Ref)
			}
			return jen.Op("&").Id("q").Index(jen.Lit(0)).Dot(e.fields[r.ID]).Index(jen.Lit(r.Off))
		},
		func(a kernel.Arg) *jen.Statement { return weightsPointer(jen.Byte(), a.Off) })
}

// sequenceKernels adds the names of the kernels for several vectors that are
// called for more than one range of a matrix.
func (e *emitter) sequenceKernels(needed map[string]bool) {
	for level, layers := range e.sequence {
		for _, l := range layers {
			for _, in := range l.Ahead {
				if calls := asm.SeveralCalls(e.p, e.layout, in, level); len(calls) > 1 {
					for _, c := range calls {
						needed[c.Func] = true
					}
				}
			}
		}
	}
}

// runBlocks is the body of Run: blocks of frames through the layers.
func (e *emitter) runBlocks(g *jen.Group) {
	e.checkFrames(g)
	e.start(g)
	g.Id("q").Op(":=").Id("sequences").Dot("Get").Call().Assert(jen.Op("*").Index(jen.Id("sequenceFrames")).Id("sequenceFrame"))
	g.For(jen.Id("from").Op(":=").Lit(0), jen.Id("from").Op("<").Id("frames"), jen.Id("from").Op("+=").Id("sequenceFrames")).BlockFunc(func(g *jen.Group) {
		g.Id("n").Op(":=").Min(jen.Id("sequenceFrames"), jen.Id("frames").Op("-").Id("from"))
		field := func(id string) *jen.Statement { return jen.Id("q").Index(jen.Id("i")).Dot(id) }
		place := func(p port) *jen.Statement {
			return jen.Id(p.param).Index(jen.Parens(jen.Id("from").Op("+").Id("i")).Op("*").Id(p.size).Op(":")).Index(jen.Op(":").Id(p.size))
		}
		g.For(jen.Id("i").Op(":=").Range().Id("n")).BlockFunc(func(g *jen.Group) {
			for _, in := range e.inputs {
				if in.index() {
					g.Add(field(in.field)).Op("=").Int().Call(jen.Id(in.param).Index(jen.Id("from").Op("+").Id("i")))
				} else {
					g.Copy(field(e.fields[in.Buf]).Index(jen.Op(":")), place(in))
				}
			}
			if e.hasInit() {
				g.Add(field("started")).Op("=").True()
			}
			if e.turns() {
				g.Add(field("back")).Op("=").Id("s").Dot("back").Op("!=").Parens(jen.Id("i").Op("%").Lit(2).Op("==").Lit(0))
			}
		})
		g.Id("s").Dot("sequence").Call(jen.Id("q").Index(jen.Op(":").Id("n")))
		g.Op("*").Id("s").Op("=").Id("q").Index(jen.Id("n").Op("-").Lit(1)).Dot("State")
		g.For(jen.Id("i").Op(":=").Range().Id("n")).BlockFunc(func(g *jen.Group) {
			for _, out := range e.outputs {
				g.Copy(place(out), field(e.fields[out.Buf]).Index(jen.Op(":")))
			}
		})
	})
	g.Id("sequences").Dot("Put").Call(jen.Id("q"))
	g.Return(jen.Nil())
}
