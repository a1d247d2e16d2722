package asm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// The kernels of this file and the two beside it multiply several vectors with
// one matrix, packed as for one vector: weights are loaded, and where they need
// it decoded, once for up to three vectors, as many as have accumulators in the
// register file. Each vector gets the bits that the kernel for one gives.
//
// Cycles a step and vector of three vectors, with a matrix of 512×128 at 3.69 GHz:
// dense 0.59, window 0.97, exact 1.16.
//
// Chunks of integers, 10 % of the weights, one vector and each of three (BenchmarkSeveral,
// rows in random order): 512×512 iid 2.8 and 2.4 cycles, lane 16×32 3.0 and 2.5; 1760×1760
// from beyond the second level 4.0 and 2.6, 4.2 and 2.8. The arithmetic alone takes 1.9. Run of three LSTM-512 of 90 % zeros: lane 16×32 27.9 and 24.8 µs a frame, iid
// 45.4 and 40.3.

// mostVectors is the number of vectors that pass over the weights together.
const mostVectors = 3

// SeveralCalls is how the assembly of a level multiplies several vectors with a matrix
// of the program, in the bits that [MatVecCalls] gives each; nil where only that can.
// The vectors are those of equal values in memory, one Step behind the other; an init
// that is a constant is shared.
func SeveralCalls(p *kernel.Program, l kernel.Layout, in kernel.MatVec, level kernel.Level) []kernel.Call {
	var calls []kernel.Call
	form := p.Matrices[in.Matrix].At(level)
	for _, part := range severalParts(form) {
		call := part.call(form, l.At(in.Matrix, level))
		call.Func = part.severalName()
		call.Args = append(call.Args, kernel.Arg{Kind: kernel.CountArg}, kernel.Arg{Kind: kernel.StepArg})
		if in.Biased() && !part.onto {
			call.Args = append(call.Args, kernel.Arg{Kind: kernel.IntArg})
		} else {
			call.Args = append(call.Args, kernel.Arg{Kind: kernel.StepArg})
		}
		calls = append(calls, call)
	}
	return calls
}

// Sequence is how each level computes the layers of the program over frames of a
// sequence, with products ahead where it has kernels for several vectors; nil where no
// product can go ahead at any level. A program for whole sequences has them in any
// case.
func Sequence(p *kernel.Program) map[kernel.Level][]kernel.LayerSequence {
	sequences, ahead := map[kernel.Level][]kernel.LayerSequence{}, false
	for _, level := range p.Levels() {
		several := func(in kernel.MatVec) bool { return severalParts(p.Matrices[in.Matrix].At(level)) != nil }
		if p.Streaming() {
			sequences[level] = p.Sequence(several)
		} else {
			sequences[level] = p.WholeSequence(several)
		}
		ahead = ahead || slices.ContainsFunc(sequences[level], func(l kernel.LayerSequence) bool { return len(l.Ahead) > 0 })
	}
	if p.Streaming() && !ahead {
		return nil
	}
	return sequences
}

// emitAhead appends the kernels of a level for products that go ahead at that level or
// one above.
func emitAhead(f *File, p *kernel.Program, level kernel.Level) {
	sequences, done := Sequence(p), map[string]bool{}
	for _, user := range p.Levels() {
		for _, l := range sequences[user] {
			for _, in := range l.Ahead {
				emitSeveral(f, p.Matrices[in.Matrix].At(user), level, done)
			}
		}
	}
}

// emitSeveral appends the kernels of a level for several vectors that a form needs,
// each once.
func emitSeveral(f *File, form *kernel.Form, level kernel.Level, done map[string]bool) {
	for _, part := range severalParts(form) {
		if name := part.severalName(); part.level == level && !done[name] {
			done[name] = true
			part.several(f, name, severalSteps)
		}
	}
}

// severalParts are the parts of a matrix as the kernels for several vectors
// compute it, nil where there are none.
func severalParts(form *kernel.Form) []part {
	var list []part
	for _, r := range form.Ranges {
		switch packed := form.Packed.(type) {
		case *sparse.Dense:
			list = append(list, denseParts(packed, r)...)
		case *sparse.Window:
			list = append(list, windowPart(packed, r))
		case *sparse.FixedChunk:
			list = append(list, fixedChunkPart(packed, r))
		case *sparse.Panels:
			list = append(list, panelParts(packed, r)...)
		}
	}
	if slices.ContainsFunc(list, func(p part) bool { return p.several == nil }) {
		return nil
	}
	return list
}

// severalName is the name of the kernel for several vectors, severalOne that of
// the one for one vector.
func (p part) severalName() string { return strings.Replace(p.name, "matvec", "several", 1) }

func severalOne(name string) string {
	return strings.NewReplacer("several", "matvec", "rows", "matvec").Replace(name)
}

// several is the frame of a kernel for several vectors. The parameters keep what
// outlives a pass over the matrix: the vectors left and the first of them.
type several struct {
	fn       *Func
	sections []sectionPointer
	steps    steps

	dst, init reg.GPPhysical
	src       [mostVectors]reg.GPPhysical
	vectors   int // of the pass under construction
}

// sectionPointer is a parameter that a pass reads from its beginning.
type sectionPointer struct {
	name string
	reg  reg.GPPhysical
}

// steps are the parameters that say how far apart the vectors lie, in bytes. One
// init for all vectors has none.
type steps struct{ dst, src, init, doc string }

var severalSteps = steps{"step", "step", "initStep",
	"\nIt does so for several vectors; those of dst and src are step bytes apart, those\nof init initStep. init may be dst."}

// params are the last parameters of a kernel.
func (s steps) params() string {
	if s.init == "" {
		return fmt.Sprintf("vectors, %s, %s int", s.dst, s.src)
	}
	return fmt.Sprintf("vectors, %s, %s int", s.dst, s.init)
}

func newSeveral(f *File, name, signature, doc string, steps steps, sections ...sectionPointer) *several {
	return &several{
		fn: f.Func(name, "func("+signature+", "+steps.params()+")", doc+steps.doc), sections: sections, steps: steps,
		dst: reg.RDI, init: reg.RSI, src: [mostVectors]reg.GPPhysical{reg.RDX, reg.R14, reg.R15},
	}
}

// param is a parameter in memory.
func (fn *Func) param(name string) operand.Op {
	p, err := fn.Param(name).Resolve()
	if err != nil {
		fn.File.fail(err)
		return operand.Mem{}
	}
	return p.Addr
}

// passes emits the loop over vectors: as many at a time as there are, up to most.
// body emits a pass over the matrix.
func (k *several) passes(most int, body func()) {
	fn := k.fn
	step := reg.RAX
	for k.vectors = most; k.vectors > 0; k.vectors-- {
		pass, fewer := fn.NewLabel("pass"), fn.NewLabel("fewer")
		fn.Label(pass)
		fn.CMPQ(fn.param("vectors"), operand.I8(k.vectors))
		fn.JLT(operand.LabelRef(fewer))
		fn.Arg("dst", k.dst)
		fn.Arg("init", k.init)
		fn.Arg("src", k.src[0])
		fn.Arg(k.steps.src, step)
		for v := 1; v < k.vectors; v++ {
			fn.LEAQ(operand.Mem{Base: k.src[v-1], Index: step, Scale: 1}, k.src[v])
		}
		for _, s := range k.sections {
			fn.Arg(s.name, s.reg)
		}
		body()
		if k.steps.dst == k.steps.src {
			k.next(k.steps.dst, "dst", "src")
		} else {
			k.next(k.steps.dst, "dst")
			k.next(k.steps.src, "src")
		}
		if k.steps.init != "" {
			k.next(k.steps.init, "init")
		}
		fn.SUBQ(operand.U8(k.vectors), fn.param("vectors"))
		fn.JMP(operand.LabelRef(pass))
		fn.Label(fewer)
	}
	fn.Return()
}

// next moves parameters behind the vectors of the pass.
func (k *several) next(step string, pointers ...string) {
	fn := k.fn
	fn.Arg(step, reg.RAX)
	fn.IMUL3Q(operand.I8(k.vectors), reg.RAX, reg.RAX)
	for _, p := range pointers {
		fn.ADDQ(reg.RAX, fn.param(p))
	}
}

// finish adds 8 elements of init to the sums of each vector and stores them, both
// at a displacement. add adds the init to the sum of vector v and returns it.
func (k *several) finish(disp int, add func(v int, init operand.Mem) reg.VecPhysical) {
	fn := k.fn
	step, initStep := reg.RAX, reg.RBX
	fn.Arg(k.steps.dst, step)
	if k.steps.init != "" {
		fn.Arg(k.steps.init, initStep)
	}
	at := func(base, step reg.GPPhysical, v int) operand.Mem {
		m := nth(base, step, v)
		m.Disp = disp
		return m
	}
	for v := range k.vectors {
		init := mem(k.init, disp)
		if k.steps.init != "" {
			init = at(k.init, initStep, v)
		}
		fn.VMOVUPS(add(v, init), at(k.dst, step, v))
	}
}

// nth is what lies so many steps behind a place, two at most.
func nth(base, step reg.GPPhysical, n int) operand.Mem {
	m := mem(base, 0)
	if n > 0 {
		m.Index, m.Scale = step, uint8(n)
	}
	return m
}
