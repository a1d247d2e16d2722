package codegen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// genericFile is the portable twin: one function a layer.
func (e *emitter) genericFile() *jen.File {
	f := e.newFile("")
	if e.whole() {
		e.wholeGeneric(f)
	} else {
		e.stepGeneric(f)
	}
	for i := range e.p.Matrices {
		if e.unrolled[i] {
			e.unrolledFuncs(f, i)
		}
	}
	return f
}

// stepGeneric are the layers of a step.
func (e *emitter) stepGeneric(f *jen.File) {
	doc(f, "stepGeneric runs the layers with the portable kernels.")
	e.layerCalls(f, "stepGeneric", "Generic")
	for i := range e.p.Layers {
		e.layer(f, i, "Generic", e.genericCall, e.genericMatVec)
	}
}

// amd64File calls the assembly. Assembly cannot be preempted, so each layer is
// a function that the compiler gives a stack check, where Go can.
func (e *emitter) amd64File() *jen.File {
	f := e.newFile(asm.Constraint)
	doc(f, "levels are the instruction sets that the package has kernels for, in rising order.")
	f.Var().Id("levels").Op("=").Index().Add(e.use("kernelLevel")).ValuesFunc(func(g *jen.Group) {
		for _, l := range e.levels {
			g.Add(e.use("level" + suffix(l)))
		}
	})
	doc(f, "level is set once; only tests change it.")
	f.Var().Id("level").Op("=").Add(e.use("bestLevel")).Call(jen.Id("cpuid"), jen.Id("xgetbv"), jen.Id("levels").Op("..."))
	if e.whole() {
		e.wholeChoice(f, e.levels)
		for _, l := range e.levels {
			e.wholeLevel(f, l)
		}
	} else {
		e.stepLevels(f)
	}
	e.stoppableKernels(f)
	return f
}

// stepLevels are a step and the sequences of Run at every level.
func (e *emitter) stepLevels(f *jen.File) {
	doc(f, "step runs the layers.")
	method(f, "step").Params().Block(e.turnAround(), jen.Switch(jen.Id("level")).BlockFunc(func(g *jen.Group) {
		for _, l := range slices.Backward(e.levels) {
			g.Case(e.use("level" + suffix(l))).Block(jen.Id("s").Dot("step" + suffix(l)).Call())
		}
		g.Default().Block(jen.Id("s").Dot("stepGeneric").Call())
	}))
	for _, l := range e.levels {
		e.levelLayers(f, l)
	}
	e.sequenceMethod(f, e.levels)
	for _, l := range e.levels {
		e.sequenceLayers(f, l)
	}
}

// suffix ends the names of functions and constants of a level.
func suffix(l kernel.Level) string { return strings.ToUpper(l.String()) }

// levelLayers emits the layers of one level. A layer that calls the same
// kernels as at the level below is that of the level below.
func (e *emitter) levelLayers(f *jen.File, l kernel.Level) {
	doc(f, fmt.Sprintf("step%s runs the layers with the kernels for %s.", suffix(l), l))
	method(f, "step"+suffix(l)).Params().BlockFunc(func(g *jen.Group) {
		for i, name := range e.layers {
			g.Id(name + suffix(e.layerLevel(i, l))).Call(jen.Id("s"))
		}
	})
	for i := range e.p.Layers {
		if e.layerLevel(i, l) == l {
			e.assemblyLayer(f, i, l)
		}
	}
}

// assemblyLayer emits layer i with the kernels of a level, its turns among them.
func (e *emitter) assemblyLayer(f *jen.File, i int, l kernel.Level) {
	turns := e.p.TurnsAt(i, l)
	matVec := func(in kernel.MatVec) []jen.Code { return e.assemblyMatVec(in, l) }
	e.layerFunc(f, e.layers[i]+suffix(l), e.what(i), func(g *jen.Group) {
		instrs := e.p.Layers[i].Instrs
		for at := 0; at < len(instrs); at++ {
			k := slices.IndexFunc(turns, func(p kernel.Phase) bool { return p.From == at })
			if k < 0 {
				e.instr(g, instrs[at], e.assemblyCall(l), matVec)
				continue
			}
			var products []kernel.MatVec
			for _, in := range instrs[at:turns[k].To] {
				products = append(products, in.(kernel.MatVec))
			}
			for _, c := range e.turn(products, turns[k].Shares, l) {
				g.Add(c)
			}
			at = turns[k].To - 1
		}
	})
}

// layerLevel is the level whose layer i level l runs.
func (e *emitter) layerLevel(i int, l kernel.Level) kernel.Level {
	return asm.LayerLevel(e.p, e.layout, i, l)
}

// Levels are those that the package of a program has kernels for, in rising order.
// It has none of a level at which every layer would call what it calls at the level
// below.
func Levels(p *kernel.Program) []kernel.Level {
	return (&emitter{p: p, layout: p.Layout()}).differing()
}

// differing are the levels of the program that compute at least one layer in a
// way of their own.
func (e *emitter) differing() []kernel.Level {
	return slices.DeleteFunc(slices.Clone(e.p.Levels()), func(l kernel.Level) bool {
		for i := range e.p.Layers {
			if e.layerLevel(i, l) == l {
				return false
			}
		}
		return l > e.p.Base
	})
}

// noasmFile takes the place of amd64File elsewhere.
func (e *emitter) noasmFile() *jen.File {
	f := e.newFile("!amd64 || purego")
	f.Const().Id("level").Op("=").Add(e.use("levelGeneric"))
	if e.whole() {
		e.wholeChoice(f, nil)
		return f
	}
	doc(f, "step runs the layers.")
	method(f, "step").Params().Block(e.turnAround(), jen.Id("s").Dot("stepGeneric").Call())
	e.sequenceMethod(f, nil)
	return f
}

func (e *emitter) layerCalls(f *jen.File, name, suffix string) {
	method(f, name).Params().BlockFunc(func(g *jen.Group) {
		for _, l := range e.layers {
			g.Id(l + suffix).Call(jen.Id("s"))
		}
	})
}

// layer emits the function of layer i; call and matVec make the statements of
// element-wise kernels and of products.
func (e *emitter) layer(f *jen.File, i int, suffix string,
	call func(asm.ElementCall) jen.Code, matVec func(kernel.MatVec) []jen.Code) {
	e.instrsFunc(f, e.layers[i]+suffix, e.what(i), e.p.Layers[i].Instrs, call, matVec)
}

// what is a layer in the comment of its function.
func (e *emitter) what(i int) string {
	l := e.p.Layers[i]
	return fmt.Sprintf("layer %q: %s", l.Name, strings.TrimSuffix(oneLine(l.Doc), "."))
}

// instrsFunc emits a function of instructions of a layer, which is what it says.
func (e *emitter) instrsFunc(f *jen.File, name, what string, instrs []kernel.Instr,
	call func(asm.ElementCall) jen.Code, matVec func(kernel.MatVec) []jen.Code) {
	e.layerFunc(f, name, what, func(g *jen.Group) {
		for _, in := range instrs {
			e.instr(g, in, call, matVec)
		}
	})
}

// layerFunc emits a function of a layer or of a part of it.
func (e *emitter) layerFunc(f *jen.File, name, what string, body func(*jen.Group)) {
	doc(f, fmt.Sprintf("%s is %s.\n//\n//go:noinline", name, what))
	f.Func().Id(name).Params(jen.Id("s").Op("*").Id(e.frameType())).BlockFunc(body)
}

// instr adds the statements of an instruction.
func (e *emitter) instr(g *jen.Group, in kernel.Instr, call func(asm.ElementCall) jen.Code, matVec func(kernel.MatVec) []jen.Code) {
	switch in := in.(type) {
	case kernel.MatVec:
		for _, c := range matVec(in) {
			g.Add(c)
		}
	case kernel.Lookup:
		g.Add(e.lookup(in))
	case kernel.Masked:
		e.masked(g, in)
	case kernel.Copy:
		g.Copy(e.slice(in.Dst, in.Size), e.slice(in.Src, in.Size))
	case kernel.Pick:
		e.pick(g, in, 1)
	default:
		calls, err := asm.ElementCalls(in)
		if err != nil {
			panic(fmt.Sprintf("codegen: %v, which asm.Emit should have refused", err))
		}
		for _, c := range calls {
			g.Add(call(c))
		}
	}
}

// describe is what a reader wants to know of a matrix.
func describe(m *kernel.Matrix) string {
	return fmt.Sprintf("%s [%d %d], density %.4g %%", oneLine(m.Name), m.Rows, m.Cols, density(m))
}

// describeSteps adds how the packed form is computed at a level.
func describeSteps(m *kernel.Matrix, l kernel.Level) string {
	form := m.At(l)
	return fmt.Sprintf("%s: %s, %d steps.", describe(m), form.StrategyName(), form.Packed.Steps())
}

// density is the share of weights that are not zero, in per cent.
func density(m *kernel.Matrix) float64 {
	return 100 * float64(m.NNZ) / float64(max(1, m.Rows*m.Cols))
}

// lookup copies a row of a table; Step has checked the index.
func (e *emitter) lookup(in kernel.Lookup) jen.Code {
	c := &e.p.Consts[in.Table]
	width := kernel.Pad(c.Cols)
	row := jen.Lit(e.layout.Consts[in.Table]).Op("+").Lit(4 * width).Op("*").Id("s").Dot(e.inputs[in.Input].field)
	return jen.Copy(e.slice(in.Dst, width), e.use("weightsAt").Index(jen.Float32()).Call(jen.Id("weights"), row, jen.Lit(width)))
}

func (e *emitter) genericCall(c asm.ElementCall) jen.Code {
	return e.use(c.Func).CallFunc(func(g *jen.Group) {
		for _, v := range c.Vectors {
			g.Add(e.slice(v.Ref, v.Len))
		}
		if c.CountsN {
			g.Lit(c.N)
		}
		for _, n := range c.Ints {
			g.Lit(n)
		}
		numbers(g, c)
	})
}

// assemblyCall makes the calls of element-wise kernels at a level.
func (e *emitter) assemblyCall(l kernel.Level) func(asm.ElementCall) jen.Code {
	return func(c asm.ElementCall) jen.Code {
		if c.Portable {
			return e.genericCall(c)
		}
		return jen.Id(c.Kernel(l)).CallFunc(func(g *jen.Group) {
			for _, v := range c.Vectors {
				g.Add(e.pointer(v.Ref))
			}
			g.Lit(c.N)
			numbers(g, c)
		})
	}
}

// numbers are the last arguments of a kernel.
func numbers(g *jen.Group, c asm.ElementCall) {
	if c.Streams > 0 {
		g.Lit(c.Streams)
	}
	for _, x := range c.Params {
		g.Add(float(x))
	}
}

// float is the shortest constant that a float32 parameter takes exactly.
func float(v float32) *jen.Statement {
	return jen.Op(strconv.FormatFloat(float64(v), 'g', -1, 32))
}

func (e *emitter) genericMatVec(in kernel.MatVec) []jen.Code {
	m := &e.p.Matrices[in.Matrix]
	if e.unrolled[in.Matrix] {
		return append([]jen.Code{jen.Comment(describe(m) + ": straight-line Go.")}, e.unrolledCalls(in)...)
	}
	return e.genericCalls(in, kernel.PortableCalls(e.p, e.layout, in.Matrix))
}

func (e *emitter) genericCalls(in kernel.MatVec, calls []kernel.Call) []jen.Code {
	return e.calls(in, describeSteps(&e.p.Matrices[in.Matrix], e.p.Base), calls, func(name string) *jen.Statement { return e.use(name) },
		func(r place, a kernel.Arg) *jen.Statement { return e.sliceAt(r, a.Len) },
		func(a kernel.Arg) *jen.Statement { return e.weightsSlice(a.Elem, a.Off, a.Len) })
}

func (e *emitter) assemblyMatVec(in kernel.MatVec, l kernel.Level) []jen.Code {
	if calls := asm.RowsCalls(e.p, e.layout, in, l); in.Vectors > 1 && calls != nil {
		return e.rowsCalls(in, l, calls)
	}
	return e.assemblyCalls(in, l, asm.MatVecCalls(e.p, e.layout, in.Matrix, l))
}

func (e *emitter) assemblyCalls(in kernel.MatVec, l kernel.Level, calls []kernel.Call) []jen.Code {
	function := func(name string) *jen.Statement { return jen.Id(name) }
	if e.cut(in.Matrix, l) || in.Vectors > 1 {
		function = func(name string) *jen.Statement { return jen.Id(stoppable(name)) }
	}
	return e.calls(in, describeSteps(&e.p.Matrices[in.Matrix], l), calls, function,
		func(r place, _ kernel.Arg) *jen.Statement { return e.pointerAt(r) },
		func(a kernel.Arg) *jen.Statement { return weightsPointer(jen.Byte(), a.Off) })
}

// calls are the calls of a product under a comment, those of several vectors in a
// loop.
func (e *emitter) calls(in kernel.MatVec, comment string, calls []kernel.Call, function func(string) *jen.Statement,
	vector func(place, kernel.Arg) *jen.Statement, weights func(kernel.Arg) *jen.Statement) []jen.Code {
	list := eachVector(in, e.callsOf(in, calls, function, vector, weights))
	return append([]jen.Code{jen.Comment(comment)}, list...)
}

// callsOf are the calls of a product.
func (e *emitter) callsOf(in kernel.MatVec, calls []kernel.Call, function func(string) *jen.Statement,
	vector func(place, kernel.Arg) *jen.Statement, weights func(kernel.Arg) *jen.Statement) []jen.Code {
	places := places(in)
	var list []jen.Code
	for _, c := range calls {
		list = append(list, function(c.Func).CallFunc(func(g *jen.Group) {
			for _, a := range c.Args {
				switch a.Kind {
				case kernel.WeightsArg:
					g.Add(weights(a))
				case kernel.IntArg:
					g.Lit(a.Value)
				case kernel.CountArg:
					g.Len(jen.Id("q"))
				case kernel.StepArg:
					g.Id("sequenceStep")
				default:
					r := places[a.Kind]
					r.Off += a.Off
					g.Add(vector(r, a))
				}
			}
		}))
	}
	return list
}

// oneLine keeps a name out of the way of comments that end with the line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
