package codegen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Workers are goroutines that compute the phases of a program side by side. They
// come as a type beside State, whose methods stay what they are without them: a
// State is a value that can be copied, which must not carry goroutines along.

// maxWorkers keeps slips from making a package of thousands of calls.
const maxWorkers = 256

func checkWorkers(n int, p *kernel.Program) error {
	phases := 0
	for _, l := range p.Layers {
		phases += len(l.Phases)
	}
	switch {
	case n == 0:
		return nil
	case n < 2 || n > maxWorkers:
		return fmt.Errorf("%d workers: want 2 to %d, or 0 for none", n, maxWorkers)
	case phases == 0:
		return fmt.Errorf("%d workers: program %q has no products for them to share", n, p.Name)
	}
	return nil
}

// unrollNoShared takes the straight-line form of portable Go from matrices that
// workers share.
func (e *emitter) unrollNoShared() {
	if e.o.Workers == 0 {
		return
	}
	for _, l := range e.p.Layers {
		for _, phase := range l.Phases {
			for _, in := range l.Instrs[phase.From:phase.To] {
				delete(e.unrolled, in.(kernel.MatVec).Matrix)
			}
		}
	}
}

// workersFile is the API, and the layers for the portable kernels.
func (e *emitter) workersFile() *jen.File {
	if e.o.Workers == 0 {
		return nil
	}
	f := e.newFile("")
	doc(f, "MaxWorkers is the largest number of goroutines that can share a step.")
	f.Const().Id("MaxWorkers").Op("=").Lit(e.o.Workers)
	doc(f, `Workers are goroutines that share the large products of a step: the one that
calls Step or Run, and others that NewWorkers starts and Close stops. Outputs and
states are the same to the last bit with any number of them, and without.

A Workers may be used by several goroutines at a time, each with a State of its
own; they take turns at the products. Between products that follow each other
within some 30 µs the goroutines look for work in a loop, for longer they sleep.`)
	f.Type().Id("Workers").Struct(jen.Id("crew").Op("*").Add(e.use("crew")).Index(jen.Op("*").Id("State")))
	doc(f, `NewWorkers returns Workers of n goroutines, the caller of Step counted, of which
n−1 are started. It panics unless n is 1 to MaxWorkers. More than GOMAXPROCS or
than there are idle processors make steps slower, not faster.`)
	f.Func().Id("NewWorkers").Params(jen.Id("n").Int()).Op("*").Id("Workers").Block(
		jen.If(jen.Id("n").Op("<").Lit(1).Op("||").Id("n").Op(">").Id("MaxWorkers")).Block(
			jen.Panic(jen.Qual("fmt", "Sprintf").Call(jen.Lit(e.o.Package+": %d workers, want 1 to %d"), jen.Id("n"), jen.Id("MaxWorkers")))),
		jen.Return(jen.Op("&").Id("Workers").Values(e.use("newCrew").Index(jen.Op("*").Id("State")).Call(jen.Id("n")))))
	doc(f, "Close stops the goroutines and returns when they have ended. Step and Run panic\nafterwards; the States go on without Workers.")
	workersMethod(f, "Close").Params().Block(jen.Id("w").Dot("crew").Dot("stop").Call())

	state := jen.Id("s").Op("*").Id("State")
	doc(f, "Step is s.Step, shared. It does not allocate."+e.indexPanics())
	workersMethod(f, "Step").Params(append([]jen.Code{state}, params(e.ports(), (*port).stepType)...)...).BlockFunc(func(g *jen.Group) {
		e.stepBody(g, jen.Id("w").Dot("step").Call(jen.Id("s")))
	})
	doc(f, "Run is s.Run, shared. It does not allocate.")
	workersMethod(f, "Run").Params(append([]jen.Code{state}, params(e.ports(), (*port).runType)...)...).Error().BlockFunc(func(g *jen.Group) {
		e.runBody(g, jen.Id("w").Dot("Step"), jen.Id("s"))
	})
	e.sharedLayers(f, "Generic", func(i int) string { return "Generic" }, e.genericCall, e.genericMatVec, e.genericShare)
	return f
}

// workersAMD64File has the layers for each level of the assembly.
func (e *emitter) workersAMD64File() *jen.File {
	if e.o.Workers == 0 {
		return nil
	}
	f := e.newFile(asm.Constraint)
	doc(f, "step runs the layers.")
	workersMethod(f, "step").Params(jen.Id("s").Op("*").Id("State")).Block(jen.Switch(jen.Id("level")).BlockFunc(func(g *jen.Group) {
		for _, l := range slices.Backward(e.levels) {
			g.Case(e.use("level" + suffix(l))).Block(jen.Id("w").Dot("step" + suffix(l)).Call(jen.Id("s")))
		}
		g.Default().Block(jen.Id("w").Dot("stepGeneric").Call(jen.Id("s")))
	}))
	for _, l := range e.levels {
		e.sharedLayers(f, suffix(l), func(i int) string { return suffix(e.layerLevel(i, l)) }, e.assemblyCall(l),
			func(in kernel.MatVec) []jen.Code { return e.assemblyMatVec(in, l) },
			func(in kernel.MatVec, share kernel.Range) ([]jen.Code, bool) {
				return e.shareCalls(in, share, l), true
			})
	}
	return f
}

// workersNoasmFile takes the place of workersAMD64File elsewhere.
func (e *emitter) workersNoasmFile() *jen.File {
	if e.o.Workers == 0 {
		return nil
	}
	f := e.newFile("!amd64 || purego")
	doc(f, "step runs the layers.")
	workersMethod(f, "step").Params(jen.Id("s").Op("*").Id("State")).Block(jen.Id("w").Dot("stepGeneric").Call(jen.Id("s")))
	return f
}

func workersMethod(f *jen.File, name string) *jen.Statement {
	return f.Func().Params(jen.Id("w").Op("*").Id("Workers")).Id(name)
}

// genericShare is a share of a product in portable Go.
func (e *emitter) genericShare(in kernel.MatVec, share kernel.Range) ([]jen.Code, bool) {
	calls, ok := kernel.PortableShare(e.p, e.layout, in.Matrix, share)
	return e.genericCalls(in, calls), ok
}

// sharedLayers emits the step of Workers for kernels of a suffix. Layers without
// phases are those of State; from says of which suffix a layer is.
func (e *emitter) sharedLayers(f *jen.File, suffix string, from func(layer int) string, call func(asm.ElementCall) jen.Code,
	matVec func(kernel.MatVec) []jen.Code, share func(kernel.MatVec, kernel.Range) ([]jen.Code, bool)) {
	doc(f, fmt.Sprintf("step%s runs the layers of s.step%s, shared.", suffix, suffix))
	workersMethod(f, "step"+suffix).Params(jen.Id("s").Op("*").Id("State")).BlockFunc(func(g *jen.Group) {
		for i, name := range e.layers {
			if len(e.p.Layers[i].Phases) > 0 {
				g.Id("w").Dot(name + from(i)).Call(jen.Id("s"))
			} else {
				g.Id(name + from(i)).Call(jen.Id("s"))
			}
		}
	})
	for i := range e.p.Layers {
		if len(e.p.Layers[i].Phases) > 0 && from(i) == suffix {
			e.sharedLayer(f, i, suffix, call, matVec, share)
		}
	}
}

// sharedLayer emits a layer as a method of Workers, and a function of the shares
// for each phase. A phase that the portable kernels cannot share is the caller's.
func (e *emitter) sharedLayer(f *jen.File, i int, suffix string, call func(asm.ElementCall) jen.Code,
	matVec func(kernel.MatVec) []jen.Code, share func(kernel.MatVec, kernel.Range) ([]jen.Code, bool)) {
	l := &e.p.Layers[i]
	name := e.layers[i] + suffix
	phase := func(k int) string { return fmt.Sprintf("%sPhase%d", name, k) }
	shares := make([][][]jen.Code, len(l.Phases))
	for k := range l.Phases {
		shares[k] = phaseShares(l, &l.Phases[k], share)
	}
	doc(f, fmt.Sprintf("%s is the function of that name, shared.", name))
	workersMethod(f, name).Params(jen.Id("s").Op("*").Id("State")).BlockFunc(func(g *jen.Group) {
		at := 0
		for k, p := range l.Phases {
			if shares[k] == nil {
				continue
			}
			for _, in := range l.Instrs[at:p.From] {
				e.instr(g, in, call, matVec)
			}
			g.Id("w").Dot("crew").Dot("run").Call(jen.Id(phase(k)), jen.Id("s"), jen.Lit(len(p.Shares)))
			at = p.To
		}
		for _, in := range l.Instrs[at:] {
			e.instr(g, in, call, matVec)
		}
	})
	for k := range l.Phases {
		if shares[k] == nil {
			continue
		}
		doc(f, fmt.Sprintf("%s are products of layer %q: the rows of one share.\n//\n//go:noinline", phase(k), l.Name))
		f.Func().Id(phase(k)).Params(jen.Id("s").Op("*").Id("State"), jen.Id("share").Int()).Block(
			jen.Switch(jen.Id("share")).BlockFunc(func(g *jen.Group) {
				for n, statements := range shares[k] {
					r := l.Phases[k].Shares[n]
					rows := jen.Comment(fmt.Sprintf("Rows %d to %d.", 8*r.From, 8*r.To-1))
					g.Case(jen.Lit(n)).Block(append([]jen.Code{rows}, statements...)...)
				}
			}))
	}
}

// phaseShares are the statements of each share; nil where a product cannot be
// shared.
func phaseShares(l *kernel.Layer, p *kernel.Phase, share func(kernel.MatVec, kernel.Range) ([]jen.Code, bool)) [][]jen.Code {
	list := make([][]jen.Code, len(p.Shares))
	for n, r := range p.Shares {
		for _, in := range l.Instrs[p.From:p.To] {
			calls, ok := share(in.(kernel.MatVec), r)
			if !ok {
				return nil
			}
			list[n] = append(list[n], calls...)
		}
	}
	return list
}

// workersFrameFile is what the copied tests of Workers know of the API.
func (e *emitter) workersFrameFile() *jen.File {
	if e.o.Workers == 0 {
		return nil
	}
	f := e.newFile("")
	state := jen.Id("s").Op("*").Id("State")
	doc(f, "stepShared is Step of the workers with the frame.")
	f.Func().Params(jen.Id("f").Op("*").Id("frame")).Id("stepShared").Params(jen.Id("w").Op("*").Id("Workers"), state).Block(
		jen.Id("w").Dot("Step").CallFunc(func(g *jen.Group) {
			g.Id("s")
			e.frameArgs(g)
		}))
	doc(f, "runShared is Run of the workers over the frames.")
	f.Func().Id("runShared").Params(jen.Id("w").Op("*").Id("Workers"), state, jen.Id("frames").Index().Id("frame")).Error().BlockFunc(func(g *jen.Group) {
		e.frameRun(g, jen.Id("w").Dot("Run"), jen.Id("s"))
	})
	return f
}

// workersDoc is the section of the package's documentation.
func (e *emitter) workersDoc() string {
	if e.o.Workers == 0 {
		return ""
	}
	var layers []string
	for _, l := range e.p.Layers {
		if len(l.Phases) > 0 {
			layers = append(layers, fmt.Sprintf("  - %q", l.Name))
		}
	}
	return fmt.Sprintf(`# Workers

[Workers] share the large products of a step over up to %d goroutines, which
[NewWorkers] starts and [Workers.Close] stops: those that are predicted to take
less time by that, although goroutines begin and end together, which takes about
0.6 µs, and vectors go from one core's cache to another's. Results are the same
to the last bit. [State.Step] stays on the goroutine that calls it. Layers with
shared products:

%s
`, e.o.Workers, strings.Join(layers, "\n"))
}
