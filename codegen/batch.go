package codegen

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Batch asks for a type that steps several streams in lockstep.
type Batch struct {
	// Streams is their number, 2 to MaxStreams; 0 for none.
	Streams int
	// Program is the program for the [Lockstep] of that number, made from the
	// program of the package.
	Program *kernel.Program
}

// MaxStreams is the largest number of streams of a Batch.
const MaxStreams = 64

// Lockstep is how a number of streams goes in lockstep: in as many blocks of
// equal size as kernels need that have at most kernel.MaxBatch lanes. A block
// has a multiple of 8 lanes, so some of the last may be idle.
func Lockstep(streams int) (blocks, lanes int) {
	blocks = (streams + kernel.MaxBatch - 1) / kernel.MaxBatch
	perBlock := (streams + blocks - 1) / blocks
	return blocks, (perBlock + 7) &^ 7
}

func (b Batch) check(p *kernel.Program) error {
	if b.Streams == 0 {
		return nil
	}
	if b.Streams < 2 || b.Streams > MaxStreams {
		return fmt.Errorf("%d streams in lockstep: want 2 to %d", b.Streams, MaxStreams)
	}
	if err := b.Program.Verify(); err != nil {
		return err
	}
	if _, lanes := Lockstep(b.Streams); b.Program.Batch != lanes {
		return fmt.Errorf("a program of %d streams in lockstep for %d: want one of %d", b.Program.Batch, b.Streams, lanes)
	}
	if len(b.Program.Matrices) != len(p.Matrices) || len(b.Program.Layers) != len(p.Layers) || len(b.Program.Buffers) != len(p.Buffers) {
		return fmt.Errorf("the program for streams in lockstep is not one of program %q", p.Name)
	}
	return nil
}

// lockstep is what the emitter holds of the program for several streams.
type lockstep struct {
	*emitter
	program       *kernel.Program
	places        kernel.Layout
	streams       int
	blocks, lanes int
	assembly      *asm.Assembly
}

func newLockstep(e *emitter) *lockstep {
	if e.o.Batch.Streams == 0 {
		return nil
	}
	l := &lockstep{emitter: e, program: e.o.Batch.Program, streams: e.o.Batch.Streams}
	l.blocks, l.lanes = Lockstep(l.streams)
	l.places = kernel.LockstepLayout(e.p, e.layout, l.program)
	e.image = kernel.LockstepImage(e.image, e.layout, l.places, l.program)
	return l
}

// apiFile is the API of Batch, nil without one.
func (l *lockstep) apiFile() *jen.File {
	if l == nil {
		return nil
	}
	f := l.newFile("")
	doc(f, "BatchSize is the number of streams of a Batch.")
	f.Const().Id("BatchSize").Op("=").Lit(l.streams)
	l.batchType(f)
	l.batchStep(f)
	l.batchReset(f)
	l.batchStreams(f)
	return f
}

func (l *lockstep) batchType(f *jen.File) {
	doc(f, fmt.Sprintf(`Batch is %d streams through the model that step in lockstep, which is faster than
one after the other: each weight is read once for many of them. The zero value is
streams at their beginning. A Batch holds all that a step needs, so that nothing
is allocated; it must not be used by two goroutines at a time.`, l.streams))
	f.Type().Id("Batch").StructFunc(func(g *jen.Group) {
		g.Id("blocks").Index(jen.Lit(l.blocks)).Id("lockstep")
		if l.hasInit() {
			g.Id("started").Bool().Comment("the initial states are in place")
		}
	})
	doc(f, "batchLanes is the number of streams of a block; some of the last may be idle.")
	f.Const().Id("batchLanes").Op("=").Lit(l.lanes)
	doc(f, "lockstep is a block of streams: each element of a buffer is batchLanes float32,\none a stream.")
	f.Type().Id("lockstep").StructFunc(func(g *jen.Group) {
		for i, b := range l.program.Buffers {
			line := g.Id(l.fields[i]).Index(jen.Lit(kernel.Pad(b.Len)).Op("*").Id("batchLanes")).Float32()
			if s := l.stateOf(i); s != nil {
				line.Comment(fmt.Sprintf("state %q [%d]", s.Name, s.Size))
			}
		}
		for _, in := range l.inputs {
			if in.index() {
				g.Id(in.field).Index(jen.Id("batchLanes")).Int().Comment(fmt.Sprintf("input %q of the step", in.Name))
			}
		}
	})
}

// batchParam is the type of a port in Step of Batch.
func (p *port) batchParam() *jen.Statement {
	if p.index() {
		return jen.Op("*").Index(jen.Id("BatchSize")).Int()
	}
	return jen.Op("*").Index(jen.Id("BatchSize")).Index(jen.Id(p.size)).Float32()
}

func batchMethod(f *jen.File, name string) *jen.Statement {
	return f.Func().Params(jen.Id("b").Op("*").Id("Batch")).Id(name)
}

// stream declares the block and lane of stream i.
func stream() *jen.Statement {
	return jen.List(jen.Id("s"), jen.Id("lane")).Op(":=").Id("b").Dot("stream").Call(jen.Id("i"))
}

func (l *lockstep) batchStep(f *jen.File) {
	doc(f, "Step reads one frame of "+list(l.inputs)+" for every stream and writes one of "+list(l.outputs)+
		".\nIt does not allocate."+l.indexPanics())
	batchMethod(f, "Step").Params(params(l.ports(), (*port).batchParam)...).BlockFunc(func(g *jen.Group) {
		for _, in := range l.inputs {
			if in.index() {
				g.For(jen.List(jen.Id("i"), jen.Id("v")).Op(":=").Range().Id(in.param)).Block(
					jen.If(jen.Id("uint").Call(jen.Id("v")).Op(">=").Id(in.size)).Block(
						jen.Panic(jen.Qual("fmt", "Sprintf").Call(
							jen.Lit(fmt.Sprintf("%s: input %q of stream %%d is %%d, want an index below %d", l.o.Package, in.Name, in.Bound)),
							jen.Id("i"), jen.Id("v")))))
			}
		}
		l.startBatch(g)
		g.For(jen.Id("i").Op(":=").Range().Id("BatchSize")).BlockFunc(func(g *jen.Group) {
			g.Add(stream())
			for _, in := range l.inputs {
				element := jen.Id(in.param).Index(jen.Id("i"))
				if in.index() {
					g.Id("s").Dot(in.field).Index(jen.Id("lane")).Op("=").Add(element)
				} else {
					g.Add(l.interleave(in.Buf, element.Index(jen.Op(":"))))
				}
			}
		})
		g.For(jen.Id("i").Op(":=").Range().Id("b").Dot("blocks")).Block(jen.Id("b").Dot("blocks").Index(jen.Id("i")).Dot("step").Call())
		g.For(jen.Id("i").Op(":=").Range().Id("BatchSize")).BlockFunc(func(g *jen.Group) {
			g.Add(stream())
			for _, out := range l.outputs {
				g.Add(l.deinterleave(jen.Id(out.param).Index(jen.Id("i")).Index(jen.Op(":")), out.Buf))
			}
		})
	})
}

// interleave writes a vector to the lane of a buffer of s.
func (l *lockstep) interleave(buf int, src jen.Code) *jen.Statement {
	return l.use("interleave").Call(jen.Id("s").Dot(l.fields[buf]).Index(jen.Id("lane").Op(":")), jen.Id("batchLanes"), src)
}

func (l *lockstep) deinterleave(dst jen.Code, buf int) *jen.Statement {
	return l.use("deinterleave").Call(dst, jen.Id("s").Dot(l.fields[buf]).Index(jen.Id("lane").Op(":")), jen.Id("batchLanes"))
}

func (l *lockstep) startBatch(g *jen.Group) {
	if l.hasInit() {
		g.If(jen.Op("!").Id("b").Dot("started")).Block(jen.Id("b").Dot("Reset").Call())
	}
}

func (l *lockstep) batchReset(f *jen.File) {
	doc(f, "Reset puts all streams back to their beginning.")
	batchMethod(f, "Reset").Params().BlockFunc(func(g *jen.Group) {
		g.Op("*").Id("b").Op("=").Id("Batch").Values()
		if !l.hasInit() {
			return
		}
		g.For(jen.Id("i").Op(":=").Range().Id("b").Dot("blocks")).BlockFunc(func(g *jen.Group) {
			g.Id("s").Op(":=").Op("&").Id("b").Dot("blocks").Index(jen.Id("i"))
			for _, s := range l.program.States {
				if s.Init >= 0 {
					g.Add(l.use("spread")).Call(jen.Id("s").Dot(l.fields[s.Buf]).Index(jen.Op(":")), jen.Id("batchLanes"), l.constant(s.Init, 0, s.Size))
				}
			}
		})
		g.Id("b").Dot("started").Op("=").True()
	})
	doc(f, "ResetStream puts stream i back to its beginning.")
	batchMethod(f, "ResetStream").Params(jen.Id("i").Int()).BlockFunc(func(g *jen.Group) {
		g.Var().Id("fresh").Id("State")
		if l.hasInit() {
			g.Id("fresh").Dot("Reset").Call()
		}
		g.Id("b").Dot("SetStream").Call(jen.Id("i"), jen.Op("&").Id("fresh"))
	})
}

func (l *lockstep) batchStreams(f *jen.File) {
	doc(f, "Stream is a copy of stream i, to be stepped alone.")
	batchMethod(f, "Stream").Params(jen.Id("i").Int()).Id("State").BlockFunc(func(g *jen.Group) {
		l.startBatch(g)
		l.streamOf(g)
		g.Var().Id("state").Id("State")
		for _, s := range l.program.States {
			g.Add(l.deinterleave(jen.Id("state").Dot(l.fields[s.Buf]).Index(jen.Op(":").Lit(s.Size)), s.Buf))
		}
		if l.hasInit() {
			g.Id("state").Dot("started").Op("=").True()
		}
		g.Return(jen.Id("state"))
	})
	doc(f, "SetStream makes stream i go on from where another is.")
	batchMethod(f, "SetStream").Params(jen.Id("i").Int(), jen.Id("state").Op("*").Id("State")).BlockFunc(func(g *jen.Group) {
		if l.hasInit() {
			g.If(jen.Op("!").Id("state").Dot("started")).Block(
				jen.Id("b").Dot("ResetStream").Call(jen.Id("i")),
				jen.Return())
		}
		l.startBatch(g)
		l.streamOf(g)
		for _, s := range l.program.States {
			g.Add(l.interleave(s.Buf, jen.Id("state").Dot(l.fields[s.Buf]).Index(jen.Op(":").Lit(s.Size))))
		}
	})
	doc(f, "stream is the block of stream i and its lane there.")
	batchMethod(f, "stream").Params(jen.Id("i").Int()).Params(jen.Op("*").Id("lockstep"), jen.Int()).Block(
		jen.If(jen.Id("uint").Call(jen.Id("i")).Op(">=").Id("BatchSize")).Block(
			jen.Panic(jen.Qual("fmt", "Sprintf").Call(
				jen.Lit(fmt.Sprintf("%s: stream %%d of a batch of %d", l.o.Package, l.streams)), jen.Id("i")))),
		jen.Return(jen.Op("&").Id("b").Dot("blocks").Index(jen.Id("i").Op("/").Id("batchLanes")), jen.Id("i").Op("%").Id("batchLanes")),
	)
}

// streamOf declares the block and lane of stream i, of a model without states
// only to look at i.
func (l *lockstep) streamOf(g *jen.Group) {
	if len(l.program.States) > 0 {
		g.Add(stream())
	} else {
		g.Id("b").Dot("stream").Call(jen.Id("i"))
	}
}

// genericFile is the portable twin of the lockstep kernels.
func (l *lockstep) genericFile() *jen.File {
	if l == nil {
		return nil
	}
	f := l.newFile("")
	doc(f, "stepGeneric runs the layers with the portable kernels.")
	l.layerCalls(f, "stepGeneric", "Generic")
	for i := range l.program.Layers {
		l.layer(f, i, "Generic", l.genericCall, l.genericProduct)
	}
	return f
}

// amd64File calls the assembly; its kernels are those of AVX2 at every
// level.
func (l *lockstep) amd64File() *jen.File {
	if l == nil {
		return nil
	}
	f := l.newFile(asm.Constraint)
	doc(f, "step runs the layers.")
	l.method(f, "step").Params().Block(
		jen.If(jen.Id("level").Op("==").Add(l.use("levelGeneric"))).Block(jen.Id("s").Dot("stepGeneric").Call()).Else().Block(jen.Id("s").Dot("stepAVX2").Call()))
	doc(f, "stepAVX2 runs the layers with the AVX2 kernels.")
	l.layerCalls(f, "stepAVX2", "AVX2")
	needed := map[string]bool{}
	for i, layer := range l.program.Layers {
		l.layer(f, i, "AVX2", l.assemblyCall(kernel.AVX2), l.assemblyProduct)
		for _, in := range layer.Instrs {
			if in, ok := in.(kernel.MatVec); ok {
				if calls := asm.LockstepCalls(l.program, l.places, in); len(calls) > 1 || in.Vectors > 1 {
					for _, c := range calls {
						needed[c.Func] = true
					}
				}
			}
		}
	}
	stoppableFuncs(f, stubFuncs(*l.assembly), needed)
	return f
}

// noasmFile takes the place of amd64File elsewhere.
func (l *lockstep) noasmFile() *jen.File {
	if l == nil {
		return nil
	}
	f := l.newFile("!amd64 || purego")
	doc(f, "step runs the layers.")
	l.method(f, "step").Params().Block(jen.Id("s").Dot("stepGeneric").Call())
	return f
}

func (l *lockstep) method(f *jen.File, name string) *jen.Statement {
	return f.Func().Params(jen.Id("s").Op("*").Id("lockstep")).Id(name)
}

// layerName is the name of the function of a layer.
func (l *lockstep) layerName(i int, suffix string) string { return l.layers[i] + "Batch" + suffix }

func (l *lockstep) layerCalls(f *jen.File, name, suffix string) {
	l.method(f, name).Params().BlockFunc(func(g *jen.Group) {
		for i := range l.program.Layers {
			g.Id(l.layerName(i, suffix)).Call(jen.Id("s"))
		}
	})
}

// layer emits the function of layer i for a block of streams; call and product
// make the statements of element-wise kernels and of products.
func (l *lockstep) layer(f *jen.File, i int, suffix string, call func(asm.ElementCall) jen.Code, product func(kernel.MatVec) []jen.Code) {
	layer, name := l.program.Layers[i], l.layerName(i, suffix)
	doc(f, fmt.Sprintf("%s is layer %q for a block of streams: %s.\n//\n//go:noinline", name, layer.Name, strings.TrimSuffix(oneLine(layer.Doc), ".")))
	f.Func().Id(name).Params(jen.Id("s").Op("*").Id("lockstep")).BlockFunc(func(g *jen.Group) {
		for _, in := range layer.Instrs {
			switch in := in.(type) {
			case kernel.MatVec:
				for _, c := range product(in) {
					g.Add(c)
				}
			case kernel.Lookup:
				g.Add(l.lookup(in))
			case kernel.Pick:
				l.pick(g, kernel.Pick{Dst: l.scaled(in.Dst), Src: l.scaled(in.Src), Moves: in.Moves}, l.lanes)
			case kernel.Copy:
				g.Copy(l.slice(l.scaled(in.Dst), in.Size*l.lanes), l.slice(l.scaled(in.Src), in.Size*l.lanes))
			default:
				calls, err := asm.LockstepElementCalls(in, l.lanes)
				if err != nil {
					panic(fmt.Sprintf("codegen: layer %q: %v, which asm.Emit should have refused", layer.Name, err))
				}
				for _, c := range calls {
					g.Add(call(c))
				}
			}
		}
	})
}

// scaled is a place in the buffers of a block.
func (l *lockstep) scaled(r kernel.Ref) kernel.Ref {
	if r.Space == kernel.Buf {
		r.Off *= l.lanes
	}
	return r
}

// lookup copies a row of a table for every stream; Step has checked the indices.
func (l *lockstep) lookup(in kernel.Lookup) jen.Code {
	c := &l.program.Consts[in.Table]
	width := kernel.Pad(c.Cols)
	dst := jen.Id("s").Dot(l.fields[in.Dst.ID])
	from := jen.Id("lane")
	if in.Dst.Off > 0 {
		from = jen.Lit(in.Dst.Off * l.lanes).Op("+").Id("lane")
	}
	row := jen.Lit(l.places.Consts[in.Table]).Op("+").Lit(4 * width).Op("*").Id("index")
	return jen.For(jen.List(jen.Id("lane"), jen.Id("index")).Op(":=").Range().Id("s").Dot(l.inputs[in.Input].field)).Block(
		l.use("interleave").Call(dst.Index(from.Op(":")), jen.Id("batchLanes"),
			l.use("weightsAt").Index(jen.Float32()).Call(jen.Id("weights"), row, jen.Lit(width))))
}

// product scales the places of a product.
func (l *lockstep) product(in kernel.MatVec) kernel.MatVec {
	in.Dst, in.Init, in.Src = l.scaled(in.Dst), l.scaled(in.Init), l.scaled(in.Src)
	in.DstStep, in.SrcStep = in.DstStep*l.lanes, in.SrcStep*l.lanes
	return in
}

func (l *lockstep) genericProduct(in kernel.MatVec) []jen.Code {
	return l.calls(l.product(in), describeSteps(&l.program.Matrices[in.Matrix], l.p.Base), kernel.PortableLockstepCalls(l.program, l.places, in),
		func(name string) *jen.Statement { return l.use(name) },
		func(r place, a kernel.Arg) *jen.Statement { return l.sliceAt(r, a.Len) },
		func(a kernel.Arg) *jen.Statement { return l.weightsSlice(a.Elem, a.Off, a.Len) })
}

func (l *lockstep) assemblyProduct(in kernel.MatVec) []jen.Code {
	calls := asm.LockstepCalls(l.program, l.places, in)
	function := func(name string) *jen.Statement { return jen.Id(name) }
	if len(calls) > 1 || in.Vectors > 1 {
		function = func(name string) *jen.Statement { return jen.Id(stoppable(name)) }
	}
	return l.calls(l.product(in), describeSteps(&l.program.Matrices[in.Matrix], l.p.Base), calls, function,
		func(r place, _ kernel.Arg) *jen.Statement { return l.pointerAt(r) },
		func(a kernel.Arg) *jen.Statement { return weightsPointer(jen.Byte(), a.Off) })
}

// frameFile is what the copied tests of Batch know of the model's API.
func (l *lockstep) frameFile() *jen.File {
	if l == nil {
		return nil
	}
	f := l.newFile("")
	doc(f, "stepBatch is Step of the batch with a frame a stream.")
	f.Func().Id("stepBatch").Params(jen.Id("b").Op("*").Id("Batch"), jen.Id("frames").Op("*").Index(jen.Id("BatchSize")).Id("frame")).BlockFunc(func(g *jen.Group) {
		for _, p := range l.ports() {
			if p.index() {
				g.Var().Id(p.param).Index(jen.Id("BatchSize")).Int()
			} else {
				g.Var().Id(p.param).Index(jen.Id("BatchSize")).Index(jen.Id(p.size)).Float32()
			}
		}
		element := func(p *port) *jen.Statement { return jen.Id(p.param).Index(jen.Id("i")) }
		field := func(p *port) *jen.Statement { return jen.Id("frames").Index(jen.Id("i")).Dot(p.param) }
		each := func(body func(g *jen.Group)) {
			g.For(jen.Id("i").Op(":=").Range().Id("frames")).BlockFunc(body)
		}
		each(func(g *jen.Group) {
			for i := range l.inputs {
				g.Add(element(&l.inputs[i])).Op("=").Add(field(&l.inputs[i]))
			}
		})
		g.Id("b").Dot("Step").CallFunc(func(g *jen.Group) {
			for _, p := range l.ports() {
				g.Op("&").Id(p.param)
			}
		})
		each(func(g *jen.Group) {
			for i := range l.outputs {
				g.Add(field(&l.outputs[i])).Op("=").Add(element(&l.outputs[i]))
			}
		})
	})
	return f
}
