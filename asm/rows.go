package asm

import (
	"strings"

	"github.com/sparsec/sparsec/ir/kernel"
)

// rowsSteps are those of kernels that multiply the vectors of one value, such as the
// windows of a convolution.
var rowsSteps = steps{"dstStep", "srcStep", "",
	"\nIt does so for several vectors; those of dst are dstStep bytes apart, those of src\nsrcStep. init is the same for all."}

// longestCall is the time of a call in ns that is cut, if it can be, because Go
// cannot stop a goroutine in assembly.
const longestCall = 100_000

// RowsCall is a call for some vectors of a product of several: Count from From on,
// and Times as many, one after the other.
type RowsCall struct {
	kernel.Call
	From, Count, Times int
}

// RowsCalls is how the AVX2 assembly multiplies the vectors of a product of several
// with a form of a matrix that kernels of a level read, in the bits that
// [MatVecCalls] gives each; nil where only that can.
func RowsCalls(p *kernel.Program, l kernel.Layout, in kernel.MatVec, level kernel.Level) []RowsCall {
	form := p.Matrices[in.Matrix].At(level)
	var calls []RowsCall
	for _, part := range severalParts(form) {
		for _, run := range vectorRuns(in.Vectors, vectorsPerCall(form, part)) {
			run.Call = part.call(form, l.At(in.Matrix, level))
			run.Func = part.rowsName()
			for _, v := range []int{run.Count, 4 * in.DstStep, 4 * in.SrcStep} {
				run.Args = append(run.Args, kernel.Arg{Kind: kernel.IntArg, Value: v})
			}
			calls = append(calls, run)
		}
	}
	return calls
}

// vectorRuns cuts vectors in calls of at most so many, a multiple of those that pass
// over the weights together. The last four are two times two: a pass for one vector
// alone has few chains of additions and loads as many weights as one for three.
func vectorRuns(vectors, most int) (runs []RowsCall) {
	from := 0
	add := func(count, times int) {
		if count > 0 && times > 0 {
			runs = append(runs, RowsCall{From: from, Count: count, Times: times})
			from += count * times
		}
	}
	pairs := 0
	if vectors > 1 && vectors%mostVectors == 1 {
		pairs = 2
	}
	add(most, (vectors-2*pairs)/most)
	add(vectors-2*pairs-from, 1)
	add(2, pairs)
	return runs
}

// vectorsPerCall is the number of vectors that a call multiplies with a part, a
// multiple of those that pass over the weights together.
func vectorsPerCall(form *kernel.Form, part part) int {
	share := float64(part.groups.To-part.groups.From) / float64(max(1, form.Packed.Rows()/8))
	ns := share * float64(form.Size()) / bytesPerNS
	return mostVectors * max(1, int(longestCall/(mostVectors*max(1, ns))))
}

// bytesPerNS is how fast a kernel passes over weights for a vector, at least.
const bytesPerNS = 32

// emitRows appends the kernels that the products of several vectors need, each once.
func emitRows(f *File, p *kernel.Program) {
	done := map[string]bool{}
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			if in, ok := in.(kernel.MatVec); ok && in.Vectors > 1 {
				for _, form := range p.Matrices[in.Matrix].Forms() {
					emitSeveral(f, form, done, part.rowsName, rowsSteps)
				}
			}
		}
	}
}

// rowsName is the name of the kernel for the vectors of one value.
func (p part) rowsName() string { return strings.Replace(p.name, "matvec", "rows", 1) }
