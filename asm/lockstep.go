package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// lockstepPart is a part of a product of several streams in lockstep that one
// call covers.
type lockstepPart struct {
	call kernel.Call
	emit func(*File)
}

// lockstepParts lists the calls of a product of a program of several streams.
func lockstepParts(p *kernel.Program, l kernel.Layout, in kernel.MatVec) []lockstepPart {
	var parts []lockstepPart
	m := &p.Matrices[in.Matrix]
	at := l.Matrices[in.Matrix]
	for _, r := range m.Ranges {
		switch packed := m.Packed.(type) {
		case *sparse.Stream:
			for _, t := range packed.Tiles(r.From, r.To) {
				parts = append(parts, streamPart(p, in, packed, t, at))
			}
		case sparse.DenseLockstep:
			parts = append(parts, denseLockstepParts(p, in, packed, r, at)...)
		default:
			panic(fmt.Sprintf("asm: no lockstep kernel for matrix %q of type %T", m.Name, m.Packed))
		}
	}
	return parts
}

// LockstepCalls is how the assembly computes a product of a program of several
// streams, whose weights lie as the layout says.
func LockstepCalls(p *kernel.Program, l kernel.Layout, in kernel.MatVec) []kernel.Call {
	var calls []kernel.Call
	for _, part := range lockstepParts(p, l, in) {
		calls = append(calls, part.call)
	}
	return calls
}

// EmitLockstep appends the kernels that the products of a program of several
// streams need, each once.
func EmitLockstep(f *File, p *kernel.Program) {
	done := map[string]bool{}
	for _, layer := range p.Layers {
		for _, in := range layer.Instrs {
			product, ok := in.(kernel.MatVec)
			if !ok {
				continue
			}
			for _, part := range lockstepParts(p, p.Layout(), product) {
				if !done[part.call.Func] {
					done[part.call.Func] = true
					part.emit(f)
				}
			}
		}
	}
}

// lockstepName is the name of a kernel; those that take one element of init a
// row have another.
func lockstepName(stem string, streams int, bias bool) string {
	if bias {
		stem += "Bias"
	}
	return fmt.Sprintf("%sBy%dAVX2", stem, streams)
}

func streamPart(p *kernel.Program, in kernel.MatVec, s *sparse.Stream, t sparse.StreamTile, at []int) lockstepPart {
	begun := t.Column > 0
	bias := in.Biased() && !begun
	name := lockstepName("lockstepF32Stream", p.Batch, bias)
	args := append(kernel.LockstepArgs(in, p.Batch, t.Row, t.Rows, t.Column, s.Cols(), begun), kernel.StreamSections(s, t, at)...)
	return lockstepPart{
		call: kernel.Call{Func: name, Args: args},
		emit: func(f *File) { emitStream(f, name, p.Batch, bias, far(p)) },
	}
}

// denseLockstepParts are the full panels of the range and the shorter one behind
// them.
func denseLockstepParts(p *kernel.Program, in kernel.MatVec, d sparse.DenseLockstep, r kernel.Range, at []int) []lockstepPart {
	var parts []lockstepPart
	for _, cut := range densePanels(r) {
		width := min(sparse.DensePanel, cut.To-cut.From)
		name := lockstepName(fmt.Sprintf("lockstepF32Dense%d", 8*width), p.Batch, in.Biased())
		args := append(kernel.LockstepArgs(in, p.Batch, 8*cut.From, 8*(cut.To-cut.From), 0, d.Cols(), false),
			kernel.Arg{Kind: kernel.WeightsArg, Off: at[0] + 4*8*cut.From*d.Cols()},
			kernel.Arg{Kind: kernel.IntArg, Value: d.Cols()},
			kernel.Arg{Kind: kernel.IntArg, Value: (cut.To - cut.From) / width})
		parts = append(parts, lockstepPart{
			call: kernel.Call{Func: name, Args: args},
			emit: func(f *File) { emitDenseLockstep(f, name, width, p.Batch, in.Biased()) },
		})
	}
	return parts
}

// densePanels cuts a range in its full panels and the shorter one behind them.
func densePanels(r kernel.Range) []kernel.Range {
	full := kernel.Range{From: r.From, To: r.From + (r.To-r.From)/sparse.DensePanel*sparse.DensePanel}
	var cuts []kernel.Range
	for _, cut := range []kernel.Range{full, {From: full.To, To: r.To}} {
		if cut.From < cut.To {
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// EmitBatch is the assembly of what a program of several streams needs besides
// that of the program of one stream that it was made from, as a file of Go
// package pkg for AVX2: the products, and the element-wise kernels
// that the other has in another form.
func EmitBatch(p *kernel.Program, pkg string) (*Assembly, error) {
	f := NewFile(pkg, Constraint)
	EmitLockstep(f, p)
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			if in, ok := in.(kernel.Softmax); ok && in.Groups <= 1 {
				EmitMath(f, SoftmaxLockstep)
				return f.render()
			}
		}
	}
	return f.render()
}
