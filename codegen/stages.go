package codegen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// This file emits the stages of a program for whole sequences. The frames of a
// sequence are those of q but the first and the last, which hold the states before
// and behind it.

// wholeFile is what all kernels share.
func (e *emitter) wholeFile() *jen.File {
	f := e.newFile("")
	e.wholeFrame(f)
	if e.goesAhead() {
		doc(f, "sequenceFrames is the number of frames whose products are computed together.")
		f.Const().Id("sequenceFrames").Op("=").Lit(sequenceFrames)
		doc(f, "sequenceStep is the distance of frames in bytes.")
		f.Const().Id("sequenceStep").Op("=").Int().Call(jen.Qual("unsafe", "Sizeof").Call(jen.Id("sequenceFrame").Values()))
	}
	doc(f, "sequences keeps the frames for the next Run.")
	f.Var().Id("sequences").Op("=").Qual("sync", "Pool").Values(jen.Dict{
		jen.Id("New"): jen.Func().Params().Any().Block(jen.Return(jen.New(jen.Index().Id("sequenceFrame")))),
	})
	for i := range e.p.Layers {
		if e.p.Layers[i].Shifts() {
			e.shiftFunc(f, i)
		}
	}
	return f
}

// goesAhead reports whether any product is computed for several frames at a time.
func (e *emitter) goesAhead() bool {
	for _, layers := range e.sequence {
		if slices.ContainsFunc(layers, func(l kernel.LayerSequence) bool { return len(l.Ahead) > 0 }) {
			return true
		}
	}
	return false
}

// shiftFunc is a layer that reads other frames than it writes.
func (e *emitter) shiftFunc(f *jen.File, i int) {
	l := &e.p.Layers[i]
	name := e.layers[i]
	doc(f, fmt.Sprintf("%s is layer %q: %s.", name, l.Name, oneLine(l.Doc)))
	f.Func().Id(name).Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		g.Id("last").Op(":=").Len(jen.Id("q")).Op("-").Lit(2)
		g.For(jen.Id("i").Op(":=").Lit(1), jen.Id("i").Op("<=").Id("last"), jen.Id("i").Op("++")).BlockFunc(func(g *jen.Group) {
			g.Id("s").Op(":=").Op("&").Id("q").Index(jen.Id("i"))
			for _, in := range l.Instrs {
				e.shift(g, in)
			}
		})
	})
}

// shift adds the statements of an instruction that reads another frame than s.
func (e *emitter) shift(g *jen.Group, in kernel.Instr) {
	switch in := in.(type) {
	case kernel.Ahead:
		g.If(jen.Id("i").Op("<=").Id("last").Op("-").Lit(in.By)).Block(
			jen.Copy(e.slice(in.Dst, in.Size), e.sliceOf(jen.Id("q").Index(jen.Id("i").Op("+").Lit(in.By)), in.Src, in.Size)),
		).Else().Block(jen.Clear(e.slice(in.Dst, in.Size)))
	case kernel.Hold:
		frame := jen.Id("q").Index(jen.Lit(1))
		if in.At == kernel.Last {
			frame = jen.Id("q").Index(jen.Id("last"))
		}
		g.Copy(e.slice(in.Dst, in.Size), e.sliceOf(frame, in.Src, in.Size))
	}
}

// sliceOf is n elements of a frame from a place on.
func (e *emitter) sliceOf(frame *jen.Statement, r kernel.Ref, n int) *jen.Statement {
	if r.Space == kernel.Con {
		return e.constant(r.ID, r.Off, n)
	}
	return frame.Dot(e.fields[r.ID]).Index(jen.Lit(r.Off), jen.Lit(r.Off+n))
}

// wholeGeneric emits the stages with the portable kernels.
func (e *emitter) wholeGeneric(f *jen.File) {
	k := stageKernels{
		suffix: "Generic", doc: "the portable kernels",
		from:  func(int) string { return "Generic" },
		split: func(i int) kernel.LayerSequence { return kernel.LayerSequence{Rest: e.p.Layers[i].Instrs} },
	}
	for i := range e.p.Layers {
		if !e.p.Layers[i].Shifts() {
			e.layer(f, i, "Generic", e.genericCall, e.genericMatVec)
		}
	}
	e.stages(f, k)
}

// wholeLevel emits the stages with the kernels of a level. A stage that calls what
// it calls at the level below is that of the level below.
func (e *emitter) wholeLevel(f *jen.File, l kernel.Level) {
	matVec := func(in kernel.MatVec) []jen.Code { return e.assemblyMatVec(in, l) }
	k := stageKernels{
		suffix: suffix(l), doc: "the kernels for " + l.String(),
		from:  func(i int) string { return suffix(e.layerLevel(i, l)) },
		split: func(i int) kernel.LayerSequence { return e.sequence[l][i] },
	}
	for i, layer := range e.p.Layers {
		split := k.split(i)
		switch {
		case layer.Shifts() || e.layerLevel(i, l) != l:
		case len(split.Ahead) == 0:
			e.layer(f, i, k.suffix, e.assemblyCall(l), matVec)
		default:
			e.aheadFunc(f, i, l, split.Ahead)
			if len(split.Rest) > 0 {
				e.instrsFunc(f, e.layers[i]+k.suffix, fmt.Sprintf("what layer %q computes frame by frame", layer.Name), split.Rest, e.assemblyCall(l), matVec)
			}
		}
	}
	e.stages(f, k)
}

// aheadFunc emits the products of a layer that are computed for several frames.
func (e *emitter) aheadFunc(f *jen.File, i int, l kernel.Level, ahead []kernel.MatVec) {
	name := e.layers[i] + "Ahead" + suffix(l)
	doc(f, fmt.Sprintf("%s are products of layer %q for the frames of q.\n//\n//go:noinline", name, e.p.Layers[i].Name))
	f.Func().Id(name).Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		for _, in := range ahead {
			for _, c := range e.aheadProduct(in, l) {
				g.Add(c)
			}
		}
	})
}

// stageKernels are the kernels that stages are emitted for.
type stageKernels struct {
	suffix, doc string
	from        func(layer int) string               // the suffix of the layer's function
	split       func(layer int) kernel.LayerSequence // what is computed for several frames, and what is not
}

// stages emits a function that runs all stages, and one of each that has one of its
// own at these kernels.
func (e *emitter) stages(f *jen.File, k stageKernels) {
	stages := e.p.Stages()
	doc(f, fmt.Sprintf("sequence%s runs the layers over the frames of a sequence with %s.", k.suffix, k.doc))
	f.Func().Id("sequence" + k.suffix).Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		for _, s := range stages {
			if e.p.Layers[s.From].Shifts() {
				g.Id(e.layers[s.From]).Call(jen.Id("q"))
			} else {
				g.Id(e.stageName(s, e.stageFrom(s, k))).Call(jen.Id("q"))
			}
		}
	})
	for _, s := range stages {
		if !e.p.Layers[s.From].Shifts() && e.stageFrom(s, k) == k.suffix {
			e.stage(f, s, k)
		}
	}
}

// stageName is the function of a stage.
func (e *emitter) stageName(s kernel.Stage, suffix string) string {
	return e.layers[s.From] + "Sequence" + suffix
}

// stageFrom is the suffix of the kernels whose function of a stage is taken.
func (e *emitter) stageFrom(s kernel.Stage, k stageKernels) string {
	from := k.from(s.From)
	for i := s.From; i < s.To; i++ {
		if k.from(i) == k.suffix {
			from = k.suffix
		}
	}
	return from
}

// stage emits the loop of a stage over the frames.
func (e *emitter) stage(f *jen.File, s kernel.Stage, k stageKernels) {
	var layers []string
	for _, l := range e.p.Layers[s.From:s.To] {
		layers = append(layers, fmt.Sprintf("%q", l.Name))
	}
	way := "from the first frame to the last"
	if s.Reverse {
		way = "from the last frame to the first"
	}
	name := e.stageName(s, k.suffix)
	doc(f, fmt.Sprintf("%s takes a sequence through %s,\n%s.", name, strings.Join(layers, ", "), way))
	f.Func().Id(name).Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		first, end := jen.Lit(1), jen.Len(jen.Id("q")).Op("-").Lit(1)
		ahead := len(k.split(s.From).Ahead) > 0
		if !ahead {
			g.Add(e.frames(s, k, first, end))
			return
		}
		g.Add(e.blocks(s, jen.Id(e.layers[s.From]+"Ahead"+k.suffix).Call(jen.Id("q").Index(jen.Id("from").Op(":").Id("to"))),
			e.frames(s, k, jen.Id("from"), jen.Id("to"))))
	})
}

// blocks is the loop over blocks of frames: from and to are the bounds of each.
func (e *emitter) blocks(s kernel.Stage, body ...jen.Code) jen.Code {
	end := jen.Len(jen.Id("q")).Op("-").Lit(1)
	if s.Reverse {
		bound := jen.Id("from").Op(":=").Max(jen.Lit(1), jen.Id("to").Op("-").Id("sequenceFrames"))
		return jen.For(jen.Id("to").Op(":=").Add(end), jen.Id("to").Op(">").Lit(1), jen.Id("to").Op("-=").Id("sequenceFrames")).
			Block(append([]jen.Code{bound}, body...)...)
	}
	bound := jen.Id("to").Op(":=").Min(jen.Id("from").Op("+").Id("sequenceFrames"), end)
	return jen.For(jen.Id("from").Op(":=").Lit(1), jen.Id("from").Op("<").Len(jen.Id("q")).Op("-").Lit(1), jen.Id("from").Op("+=").Id("sequenceFrames")).
		Block(append([]jen.Code{bound}, body...)...)
}

// frames is the loop over frames in a half-open range: each takes its states from
// the one before, or behind it, and goes through the layers.
func (e *emitter) frames(s kernel.Stage, k stageKernels, from, to *jen.Statement) jen.Code {
	var body []jen.Code
	frame := jen.Id("t").Op(":=").Op("&").Id("q").Index(jen.Id("i"))
	before := jen.Id("i").Op("-").Lit(1)
	loop := jen.For(jen.Id("i").Op(":=").Add(from), jen.Id("i").Op("<").Add(to), jen.Id("i").Op("++"))
	if s.Reverse {
		before = jen.Id("i").Op("+").Lit(1)
		loop = jen.For(jen.Id("i").Op(":=").Add(to).Op("-").Lit(1), jen.Id("i").Op(">=").Add(from), jen.Id("i").Op("--"))
	}
	for _, buf := range s.States {
		body = append(body, jen.Id("t").Dot(e.fields[buf]).Op("=").Id("q").Index(before).Dot(e.fields[buf]))
	}
	for i := s.From; i < s.To; i++ {
		if len(k.split(i).Rest) > 0 {
			body = append(body, jen.Id(e.layers[i]+k.from(i)).Call(jen.Id("t")))
		}
	}
	if len(body) == 0 {
		return jen.Null()
	}
	return loop.Block(append([]jen.Code{frame}, body...)...)
}

// wholeChoice emits the choice of kernels for a sequence.
func (e *emitter) wholeChoice(f *jen.File, levels []kernel.Level) {
	doc(f, "sequence runs the layers over the frames of a sequence.")
	f.Func().Id("sequence").Params(sequenceParam()).BlockFunc(func(g *jen.Group) {
		generic := jen.Id("sequenceGeneric").Call(jen.Id("q"))
		if len(levels) == 0 {
			g.Add(generic)
			return
		}
		g.Switch(jen.Id("level")).BlockFunc(func(g *jen.Group) {
			for _, l := range slices.Backward(levels) {
				g.Case(e.use("level" + suffix(l))).Block(jen.Id("sequence" + suffix(l)).Call(jen.Id("q")))
			}
			g.Default().Block(generic)
		})
	})
}

// masked adds what leaves a layer out.
func (e *emitter) masked(g *jen.Group, in kernel.Masked) {
	g.If(e.slice(in.Mask, 1).Index(jen.Lit(0)).Op("==").Lit(0)).Block(
		jen.Clear(e.slice(in.Value, in.Size)),
		jen.Return())
}
