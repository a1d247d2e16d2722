package tune

import (
	"fmt"
	"sort"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// choose puts the fastest candidates of a level into the plan: first of the
// loops, then straight-line code in their place where it is faster, the best
// gain for a byte of code first, within the code budget of the target.
func (t *tuner) choose(plan *schedule.Plan, level kernel.Level) {
	target := schedule.Zen4(level)
	budget := target.CodeBudget
	best := make([]*trial, len(plan.Matrices))
	for i := range plan.Matrices {
		best[i] = t.fastest(i, level, func(c *trial) bool { return c.work.Code == 0 })
		if best[i] == nil { // held to straight-line code
			best[i] = t.fastest(i, level, func(*trial) bool { return true })
			budget -= best[i].work.Code
		}
		best[i] = t.shared(plan, best[i])
	}
	for _, c := range t.gains(best, level) {
		if c.work.Code <= budget {
			budget -= c.work.Code
			best[c.Entry] = c
		}
	}
	totals := schedule.Totals{Target: target.String()}
	for i, c := range best {
		c.Chosen = true
		e := plan.Choice(i, level)
		e.Strategy, e.Work, e.NS, e.Reason = c.Strategy, c.work, c.Predicted, t.reason(c)
		totals.WorkingSet += c.work.Bytes
		totals.Code += c.work.Code
		totals.NS += c.Predicted
	}
	*plan.At(level) = totals
}

// fastest is the trial of an entry at a level that took the least time of those
// that are allowed, nil if none is.
func (t *tuner) fastest(entry int, level kernel.Level, allowed func(*trial) bool) *trial {
	var best *trial
	for i := range t.trials {
		c := &t.trials[i]
		if c.Entry != entry || c.ISA != level || !allowed(c) {
			continue
		}
		if best == nil || c.Measured < best.Measured {
			best = c
		}
	}
	return best
}

// worthwhile is how much faster a second packed form of a matrix has to be than
// the one that the package holds for its lower level.
const worthwhile = 1.08

// shared is the trial of the strategy that the plan's lower level has taken,
// unless another is worth a second form.
func (t *tuner) shared(plan *schedule.Plan, best *trial) *trial {
	if best.ISA == plan.Base {
		return best
	}
	lower := plan.Matrices[best.Entry].Strategy
	same := t.fastest(best.Entry, best.ISA, func(c *trial) bool { return c.Strategy.SamePacking(lower) && c.work.Code == 0 })
	// Weights that are not float32 are stored once.
	if same != nil && (lower.Weights != sparse.Float32 || same.Measured <= worthwhile*best.Measured) {
		return same
	}
	return best
}

// gains are the trials of straight-line code that save time, the most for a byte
// of code first.
func (t *tuner) gains(best []*trial, level kernel.Level) []*trial {
	var list []*trial
	perByte := func(c *trial) float64 { return (best[c.Entry].Measured - c.Measured) / float64(c.work.Code) }
	for i := range best {
		if best[i].work.Code > 0 {
			continue
		}
		c := t.fastest(i, level, func(c *trial) bool { return c.work.Code > 0 })
		if c != nil && c.Measured < best[i].Measured {
			list = append(list, c)
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return perByte(list[a]) > perByte(list[b]) })
	return list
}

// reason says what was measured.
func (t *tuner) reason(c *trial) string {
	next := t.fastest(c.Entry, c.ISA, func(o *trial) bool { return o.Strategy != c.Strategy })
	if next == nil {
		return fmt.Sprintf("timed: %.1f ns", c.Measured)
	}
	return fmt.Sprintf("timed: %.1f ns; %s took %.1f ns", c.Measured, next.Strategy, next.Measured)
}
