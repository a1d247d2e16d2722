package asm

import (
	"strings"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
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

// RowsCalls is how the assembly of a level multiplies the vectors of a product of
// several, in the bits that [MatVecCalls] gives each; nil where only that can.
func RowsCalls(p *kernel.Program, l kernel.Layout, in kernel.MatVec, level kernel.Level) []RowsCall {
	form := p.Matrices[in.Matrix].At(level)
	var calls []RowsCall
	for _, part := range rowsParts(form) {
		name, together := part.rowsKernel(form, level)
		for _, run := range vectorRuns(in.Vectors, vectorsPerCall(form, part, together), together) {
			run.Call = part.call(form, l.At(in.Matrix, level))
			run.Func = name
			for _, v := range []int{run.Count, 4 * in.DstStep, 4 * in.SrcStep} {
				run.Args = append(run.Args, kernel.Arg{Kind: kernel.IntArg, Value: v})
			}
			calls = append(calls, run)
		}
	}
	return calls
}

// vectorRuns cuts vectors in calls of at most so many, a multiple of those that pass
// over the weights together. None is alone in a pass where there are others: that
// has few chains of additions and loads as many weights as one for several.
func vectorRuns(vectors, most, together int) (runs []RowsCall) {
	from := 0
	add := func(count int) {
		times := 0
		if count > 0 {
			times = 1
		}
		if last := len(runs) - 1; last >= 0 && times > 0 && runs[last].Count == count {
			runs[last].Times++
		} else if times > 0 {
			runs = append(runs, RowsCall{From: from, Count: count, Times: 1})
		}
		from += count
	}
	end := 0 // vectors of the last two passes
	if vectors > 1 && vectors%together == 1 {
		end = together + 1
	}
	for vectors-end-from >= most {
		add(most)
	}
	add(vectors - end - from)
	add((end + 1) / 2)
	add(end / 2)
	return runs
}

// vectorsPerCall is the number of vectors that a call multiplies with a part, a
// multiple of those that pass over the weights together.
func vectorsPerCall(form *kernel.Form, part part, together int) int {
	share := float64(part.groups.To-part.groups.From) / float64(max(1, form.Packed.Rows()/8))
	ns := share * float64(form.Size()) / bytesPerNS
	return together * max(1, int(longestCall/(float64(together)*max(1, ns))))
}

// bytesPerNS is how fast a kernel passes over weights for a vector, at least.
const bytesPerNS = 32

// emitRows appends the kernels of a level that the products of several vectors need,
// each once, and returns their number.
func emitRows(f *File, p *kernel.Program, level kernel.Level) int {
	done := map[string]bool{}
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			if in, ok := in.(kernel.MatVec); ok && in.Vectors > 1 {
				for _, user := range p.Levels() {
					emitRowsOf(f, p.Matrices[in.Matrix].At(user), done, user, level)
				}
			}
		}
	}
	return len(done)
}

// emitRowsOf appends the kernels of a level that a level above or the same runs for
// a form.
func emitRowsOf(f *File, form *kernel.Form, done map[string]bool, user, level kernel.Level) {
	for _, part := range rowsParts(form) {
		name, together := part.rowsKernel(form, user)
		wide := together == mostWideVectors
		if done[name] || wide != (level == kernel.AVX512) {
			continue
		}
		done[name] = true
		if wide {
			emitDenseRows(f, name, min(sparse.DensePanel, part.groups.To-part.groups.From))
		} else {
			part.several(f, name, rowsSteps)
		}
	}
}

// rowsParts are the parts of a matrix for the vectors of one value. There are none
// in panels of columns: init would be another one for each vector. Chunks have none
// either.
func rowsParts(form *kernel.Form) []part {
	switch form.Packed.(type) {
	case *sparse.Dense, *sparse.Window:
		return severalParts(form)
	}
	return nil
}

// rowsKernel is the name of the kernel that a level runs for the vectors of one
// value, and the number of vectors that pass over the weights together in it.
func (p part) rowsKernel(form *kernel.Form, level kernel.Level) (name string, together int) {
	name = strings.Replace(p.name, "matvec", "rows", 1)
	width := min(sparse.DensePanel, p.groups.To-p.groups.From)
	if _, dense := form.Packed.(*sparse.Dense); dense && level == kernel.AVX512 && hasWideRows(width) {
		return strings.TrimSuffix(name, "AVX2") + "AVX512", mostWideVectors
	}
	return name, mostVectors
}
