package schedule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
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

// LockstepChoice is the strategy of a product for streams in lockstep, and why.
type LockstepChoice struct {
	Strategy LockstepStrategy `json:"strategy"`
	Reason   string           `json:"reason"`
	NS       float64          `json:"ns"` // predicted, of a step of a block of streams
}

// LockstepStrategy is kernel.Dense or kernel.Stream; its text form is dense or
// stream.
type LockstepStrategy kernel.Strategy

func (s LockstepStrategy) String() string { return kernel.Strategy(s).String() }

// MarshalText is the text form.
func (s LockstepStrategy) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *LockstepStrategy) UnmarshalText(text []byte) error {
	for _, known := range []kernel.Strategy{kernel.Dense, kernel.Stream} {
		if known.String() == string(text) {
			*s = LockstepStrategy(known)
			return nil
		}
	}
	return fmt.Errorf("strategy %q for streams in lockstep: want %s or %s", text, kernel.Dense, kernel.Stream)
}

// WithLockstep is the plan, of a model, with choices for blocks of as many streams in
// lockstep, a multiple of 8 up to kernel.MaxBatch: those that Force of the options
// holds the products to, or else the ones predicted to be faster at the first target.
func (p *Plan) WithLockstep(m *ir.Model, o Options, streams int) *Plan {
	with := *p
	with.Streams = streams
	with.Matrices = slices.Clone(p.Matrices)
	for _, product := range Products(m) {
		if e := with.Entry(product.Name()); e != nil {
			rows := product.Rows() / product.BlockRows * kernel.Pad(product.BlockRows)
			choice := o.lockstep(product, rows, e.NNZ, streams)
			e.Lockstep = &choice
		}
	}
	return &with
}

// lockstep chooses for a product. Rows count those that pad gate blocks; nnz are the
// weights.
func (o *Options) lockstep(p Product, rows, nnz, streams int) LockstepChoice {
	target := Zen4(kernel.AVX2)
	if len(o.Targets) > 0 {
		target = o.Targets[0]
	}
	single, dense := target.Lockstep(rows, p.Cols, nnz, streams)
	forced := o.forced(p)
	family, _, _ := strings.Cut(forced, "/")
	c := LockstepChoice{Strategy: LockstepStrategy(kernel.Stream), NS: round(single, 10)}
	if family == "dense" || forced == "" && dense <= single {
		c = LockstepChoice{Strategy: LockstepStrategy(kernel.Dense), NS: round(dense, 10)}
	}
	switch {
	case forced != "":
		c.Reason = forced + " was asked for"
	case c.Strategy == LockstepStrategy(kernel.Dense):
		c.Reason = fmt.Sprintf("nothing beats dense: single weights would take %.1f ns", single)
	default:
		c.Reason = fmt.Sprintf("%.1f× dense", dense/max(single, 0.1))
	}
	return c
}

// checkLockstep lists the faults of choices for streams in lockstep.
func (p *Plan) checkLockstep() []error {
	if p.Streams < 0 || p.Streams > kernel.MaxBatch || p.Streams%8 != 0 {
		return []error{fmt.Errorf("plan: blocks of %d streams in lockstep: want a multiple of 8 up to %d", p.Streams, kernel.MaxBatch)}
	}
	var faults []error
	for _, e := range p.Matrices {
		if (e.Lockstep != nil) != (p.Streams != 0) {
			faults = append(faults, fmt.Errorf("plan: matrix %q: want a choice for streams in lockstep in all matrices and their number, or neither", e.Name))
		}
	}
	return faults
}
