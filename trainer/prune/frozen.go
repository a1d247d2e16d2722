package prune

import "github.com/sparsec/sparsec/ir/sparse"

// Frozen never recomputes a mask. With [Pruner.Adopt] it trains a pruned model
// further in the sparsity it has.
type Frozen struct{}

// Validate finds nothing to report.
func (Frozen) Validate() error { return nil }

// Due is false.
func (Frozen) Due(int) bool { return false }

// WantsDensity is false.
func (Frozen) WantsDensity() bool { return false }

// Level is 0.
func (Frozen) Level(int, float64) float64 { return 0 }

// Keep keeps everything.
func (Frozen) Keep(u *sparse.Units, _ sparse.Pattern, _ float64) *sparse.Mask { return u.Best(1) }
