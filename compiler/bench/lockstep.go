package bench

import (
	"context"
	"fmt"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// lockstepLevel is the instruction set of the kernels for streams in lockstep, in
// packages of all levels.
const lockstepLevel = kernel.AVX2

// chooseLockstep appends the rows of several streams: in lockstep in the form that
// the compiler takes and dense, with All in the other sparse one as well, and one
// after the other as compressed rows.
func (c *kernelCase) chooseLockstep(ctx context.Context, o KernelOptions) error {
	if o.Weights != sparse.Float32 {
		return fmt.Errorf("%s weights for %d streams: want float32, the only ones that kernels in lockstep have", o.Weights, c.streams)
	}
	plan, err := c.plan(o, sparse.Float32)
	if err != nil {
		return err
	}
	taken, err := c.addLockstep(ctx, plan, "", true)
	if err != nil {
		return err
	}
	if taken != kernel.Dense {
		_, err = c.addLockstep(ctx, plan, schedule.Strategy{Kernel: schedule.Dense}.String(), false)
	} else if o.All {
		_, err = c.addLockstep(ctx, plan, schedule.Strategy{Kernel: schedule.CSR}.String(), false)
	}
	if err != nil {
		return err
	}
	for _, cand := range plan.Matrices[0].Candidates {
		if cand.Strategy.Kernel != schedule.CSR || cand.Excluded != "" {
			continue
		}
		v, err := NewVariant(ctx, c.w, o.ISA, cand)
		if err != nil {
			return err
		}
		c.add(v, o.ISA, false)
	}
	return nil
}

// addLockstep appends the row of a Batch and returns its strategy: the one that a
// strategy of package schedule asks for, or, where that is empty, the compiler's.
func (c *kernelCase) addLockstep(ctx context.Context, plan *schedule.Plan, force string, chosen bool) (kernel.Strategy, error) {
	target := schedule.Zen4(plan.Base)
	o := compiler.Options{Plan: plan, Batch: c.streams, Schedule: schedule.Options{Targets: []schedule.Target{target}}}
	if force != "" {
		o.Schedule.Force = []schedule.Force{{Tensor: "*", Strategy: force}}
	}
	p, err := compileLinear(ctx, c.w, o)
	if err != nil {
		return 0, err
	}
	m, lanes := &p.Batch.Matrices[0], p.Batch.Batch
	ns, denseNS := target.Lockstep(m.Packed.Rows(), m.Cols, m.NNZ, lanes)
	bound, denseBound := target.LockstepBound(m.Packed.Rows(), m.Cols, m.NNZ, lanes)
	if m.Strategy == kernel.Dense {
		ns, bound = denseNS, denseBound
	}
	blocks := (c.streams + lanes - 1) / lanes
	c.rows = append(c.rows, kernelRow{
		name:    m.Strategy.String(),
		subject: Subject{Files: p.Files, Program: p.Program, Layers: true, Streams: c.streams, Lockstep: true},
		steps:   m.Packed.Steps(), bytes: m.Size(), ns: ns * float64(blocks), bound: bound.Times(blocks), chosen: chosen,
	})
	return m.Strategy, nil
}
