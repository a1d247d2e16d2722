package main

import (
	"fmt"
	"time"

	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/gemm"
)

// speedLine says what a run took, by part, and how fast its matrix products were
// on one core. Products are part of forward and backward passes, and of
// validations.
func speedLine(t trainer.Times, workers int, m *gemm.Meter) string {
	total := t.Total().Seconds()
	share := func(part time.Duration) string { return fmt.Sprintf("%.1f %%", 100*part.Seconds()/max(total, 1e-9)) }
	products := m.Elapsed() / time.Duration(max(workers, 1))
	return fmt.Sprintf("%.1f s: forward %s, backward %s, optimiser %s, pruning %s, data %s, validation %s; matrix products %s of it, at %.1f GFLOP/s a core, on %d",
		total, share(t.Forward), share(t.Backward), share(t.Optimizer), share(t.Pruning), share(t.Data), share(t.Validation),
		share(products), float64(m.Operations())/1e9/max(m.Elapsed().Seconds(), 1e-9), workers)
}
