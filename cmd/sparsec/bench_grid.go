package main

import (
	"context"
	"fmt"

	"github.com/sparsec/sparsec/compiler/bench"
)

const (
	// gridBatch is how many matrices are built into one program.
	gridBatch = 8
	// gridWithin is how many times the predicted time of the choice a candidate
	// may be predicted to take and is timed all the same: errors of the cost
	// model are far smaller.
	gridWithin = 2.5
	// gridLimit is how much slower than the fastest a choice may be.
	gridLimit = 1.10
)

// runGrid compares the compiler's choices with the fastest strategies.
func (k *kernelBench) runGrid(ctx context.Context, e *env) error {
	fmt.Fprintln(e.stdout, "shape\tpattern\tsparsity\tisa\tchoice\tus\tfastest\tfastest_us\tratio")
	for _, isa := range k.isas {
		good := 0
		products := bench.Grid(k.grid, k.seed)
		for from := 0; from < len(products); from += gridBatch {
			batch := products[from:min(from+gridBatch, len(products))]
			times, err := bench.KernelsOf(ctx, batch, bench.KernelOptions{ISA: isa, Within: gridWithin, Budget: k.budget})
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stderr, "%d of %d %s: %s\n", from+len(batch), len(products), isa, rounds(&times[0]))
			for _, t := range times {
				if k.gridLine(e, &t) <= gridLimit {
					good++
				}
			}
		}
		fmt.Fprintf(e.stdout, "# %s: the choice is within %.0f %% of the fastest on %d of %d matrices, %s\n",
			isa, 100*(gridLimit-1), good, len(products), percent(ratio(good, len(products))))
	}
	return nil
}

// gridLine prints one matrix and returns how many times slower than the fastest
// the choice is.
func (k *kernelBench) gridLine(e *env, t *bench.KernelTimes) float64 {
	choice, best := &t.Rows[0], t.Best()
	slower := choice.Low / best.Low
	p := t.Product
	fmt.Fprintf(e.stdout, "%dx%d\t%s\t%g\t%s\t%s\t%.4g\t%s\t%.4g\t%.3f\n", p.Rows, p.Cols, p.Pattern, p.Sparsity,
		choice.ISA, choice.Strategy, choice.Low/1e3, best.Strategy, best.Low/1e3, slower)
	return slower
}
