package schedule

import (
	"strings"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Cycles of the kernels for several streams in lockstep, measured on a Zen 4
// with weights in the cache (BenchmarkLockstep of package asm): of single
// weights for 8, 16, 24 and 32 streams, and what a row costs besides; of dense
// matrices for each 8 streams, and what an element costs besides.
var streamCycles = [...]float64{1.0, 1.5, 2.3, 3.0}

const (
	streamRowCycles      = 2
	streamBytes          = 6 // of a weight with its offset
	denseLockstepCycles  = 0.52
	denseLockstepElement = 0.05
)

// Lockstep is the predicted time in nanoseconds of a product with as many
// streams in lockstep, a multiple of 8 up to 32: by the kernel of single weights
// and by the dense one. The product's weights are the working set.
func (t Target) Lockstep(rows, cols, nnz, streams int) (single, dense float64) {
	cycles := singleCycles(nnz, streams) + float64(rows)*streamRowCycles
	single = t.bound(cycles, streamBytes*nnz).NS
	elements := rows * cols
	cycles = denseBatchCycles(elements, streams) + float64(elements)*denseLockstepElement
	return single, t.bound(cycles, 4*elements).NS
}

// singleCycles are those of the steps of single weights.
func singleCycles(nnz, streams int) float64 { return float64(nnz) * streamCycles[streams/8-1] }

// denseBatchCycles are those of the steps of dense elements.
func denseBatchCycles(elements, streams int) float64 {
	return float64(elements) * denseLockstepCycles * float64(streams/8)
}

// Lockstep is the strategy of a product with as many streams in lockstep, a
// multiple of 8 up to 32: kernel.Dense or kernel.Stream, the one that Force holds
// the product to, or else the one that is predicted to be faster at the first
// target. Rows count those that pad gate blocks; nnz are the weights.
func (o *Options) Lockstep(p Product, rows, nnz, streams int) kernel.Strategy {
	if name := o.forced(p); name != "" {
		if family, _, _ := strings.Cut(name, "/"); family == "dense" {
			return kernel.Dense
		}
		return kernel.Stream
	}
	target := Zen4(kernel.AVX2)
	if len(o.Targets) > 0 {
		target = o.Targets[0]
	}
	if single, dense := target.Lockstep(rows, p.Cols, nnz, streams); single < dense {
		return kernel.Stream
	}
	return kernel.Dense
}
