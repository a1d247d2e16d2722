package schedule

// Bound is the time that the cost model leaves a product of one vector: of all the
// resources of the target it takes, the one that it occupies longest, as if all
// else were free and hidden behind it. Beginning loops, sums and stores of groups of
// rows, a crowded instruction cache and two resources that wait for each other are
// in a prediction, not in a bound. Rates are those that the target is described by,
// measured where nothing else binds, so a kernel may pass a bound by the noise of
// that measurement, not by more.
type Bound struct {
	NS float64 // nanoseconds; 0 where the model knows nothing
	By Resource
}

// Resource is what binds a kernel.
type Resource string

const (
	Arithmetic Resource = "arithmetic" // the steps, at the rate of a step from the second level
	Loads      Resource = "loads"      // vectors that straight-line code loads, two a cycle
	Fetch      Resource = "fetch"      // straight-line code beyond the code budget, from the second level
	Bandwidth  Resource = "bandwidth"  // weights and indices, from the level that holds them
)

// Bound is the bound of a strategy whose work is given. The product's weights are
// the working set.
func (t Target) Bound(s Strategy, w Work) Bound {
	b := t.bound(arithmetic(s, w), w.Bytes)
	if s.straightLine() {
		b = b.or(float64(w.Loads)/loadsPerCycle/t.GHz, Loads)
		// At best, all but what is beyond the budget stays in the cache.
		b = b.or(float64(w.Code-t.CodeBudget)/fetchedBytes/t.GHz, Fetch)
	}
	return b
}

// LockstepBound is the bound of a product with as many streams in lockstep, a
// multiple of 8 up to 32, by the kernel of single weights and by the dense one.
func (t Target) LockstepBound(rows, cols, nnz, streams int) (single, dense Bound) {
	single = t.bound(singleCycles(nnz, streams), streamBytes*nnz)
	return single, t.bound(denseBatchCycles(rows*cols, streams), 4*rows*cols)
}

// bound is the longer of arithmetic and of reading a working set once.
func (t Target) bound(cycles float64, bytes int) Bound {
	return Bound{cycles / t.GHz, Arithmetic}.or(float64(bytes)/t.BytesPerCycle(bytes)/t.GHz, Bandwidth)
}

// or is the longer of a bound and of what another resource takes.
func (b Bound) or(ns float64, by Resource) Bound {
	if ns > b.NS {
		return Bound{ns, by}
	}
	return b
}

// Times is the bound of as many such products one after the other.
func (b Bound) Times(n int) Bound { return Bound{b.NS * float64(n), b.By} }
