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

// mostVectors is the number of vectors that pass over the weights together.
const mostVectors = 3

// SeveralCalls is how the AVX2 assembly multiplies several vectors with a matrix
// of the program, in the bits that [MatVecCalls] gives each at the level of AVX2;
// nil where only that can. The vectors are those of equal values in memory, one Step behind the
// other; an init that is a constant is shared.
func SeveralCalls(p *kernel.Program, l kernel.Layout, in kernel.MatVec) []kernel.Call {
	var calls []kernel.Call
	form := &p.Matrices[in.Matrix].Form
	for _, part := range severalParts(form) {
		call := part.call(form, l.Matrices[in.Matrix])
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

// Sequence is how the layers of the program are computed over frames of a
// sequence, with products ahead where AVX2 has kernels for several vectors; nil
// where no product can go ahead, or the program has no kernels for AVX2. A program
// for whole sequences has them in any case.
func Sequence(p *kernel.Program) []kernel.LayerSequence {
	several := func(in kernel.MatVec) bool {
		return p.Base <= kernel.AVX2 && severalParts(&p.Matrices[in.Matrix].Form) != nil
	}
	if !p.Streaming() {
		return p.WholeSequence(several)
	}
	if p.Base > kernel.AVX2 {
		return nil
	}
	layers := p.Sequence(several)
	for _, l := range layers {
		if len(l.Ahead) > 0 {
			return layers
		}
	}
	return nil
}

// EmitSeveral appends the kernels for several vectors that products need, each
// once.
func EmitSeveral(f *File, p *kernel.Program, products []kernel.MatVec) {
	done := map[string]bool{}
	for _, in := range products {
		form := &p.Matrices[in.Matrix].Form
		for _, part := range severalParts(form) {
			name := part.severalName()
			if done[name] {
				continue
			}
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
	nth := func(base, step reg.GPPhysical, v int) operand.Mem {
		m := mem(base, disp)
		if v > 0 {
			m.Index, m.Scale = step, uint8(v)
		}
		return m
	}
	for v := range k.vectors {
		init := mem(k.init, disp)
		if k.steps.init != "" {
			init = nth(k.init, initStep, v)
		}
		fn.VMOVUPS(add(v, init), nth(k.dst, step, v))
	}
}
