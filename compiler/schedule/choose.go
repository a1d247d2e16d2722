package schedule

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Options restrict the choice. The zero value lets the cost model decide for
// AVX2 alone.
type Options struct {
	// Targets are the machines to choose for, one of each level in rising order;
	// none stands for Zen4(kernel.AVX2).
	Targets []Target
	// Exact allows only strategies that keep every float32 weight. Without it,
	// inexact ones are taken only where the exact form cannot hold the weights.
	Exact bool
	// Force names the strategies allowed for some matrices; the first entry
	// whose pattern matches the matrix or its tensor decides. One that asks for
	// what a level has no kernel for leaves the choice at that level free. For
	// streams in lockstep, any form of dense holds a matrix to the dense kernel,
	// every other strategy to that of single weights.
	Force []Force
	// Weights say how matrices store their weights; the first entry whose pattern
	// matches decides, and without one it is float32. A forced strategy that names
	// a precision counts before it.
	Weights []Weights
}

// Force allows only strategies of that name: one of the text forms of
// [Strategy], or block or window for the best of a family.
type Force struct {
	Tensor   string // pattern of names of tensors, see [Match]; * for all
	Strategy string
}

// Choose makes the plan for a sound model. It fails when a forced strategy
// cannot hold its matrix, naming the reason, or is unknown.
func Choose(m *ir.Model, o Options) (*Plan, error) {
	if len(o.Targets) == 0 {
		o.Targets = []Target{Zen4(kernel.AVX2)}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	var looks []look
	for _, p := range Products(m) {
		looks = append(looks, o.lookAt(m, p))
	}
	p := &Plan{Format: PlanFormat, Base: o.Targets[0].ISA}
	for _, l := range looks {
		p.Matrices = append(p.Matrices, l.entry)
	}
	for i, t := range o.Targets {
		c, err := o.chooser(t, looks)
		if err != nil {
			return nil, err
		}
		c.settle()
		c.unroll()
		if i == 0 {
			p.Totals = c.totals()
			for k := range p.Matrices {
				p.Matrices[k].Choice = c.choice(k)
			}
			if err := p.WeighErrors(m); err != nil {
				return nil, err
			}
			continue
		}
		c.share(p)
		totals := c.totals()
		p.Wide = &totals
		for k := range p.Matrices {
			choice := c.choice(k)
			p.Matrices[k].Wide = &choice
		}
	}
	return p, nil
}

// check refuses targets out of order and strategies that none of them has.
func (o *Options) check() error {
	if len(o.Targets) > len(kernel.Levels()) {
		return fmt.Errorf("%d targets: want one of each level", len(o.Targets))
	}
	for i, t := range o.Targets {
		if i > 0 && t.ISA <= o.Targets[i-1].ISA {
			return fmt.Errorf("target %s after %s: want levels in rising order", t, o.Targets[i-1])
		}
	}
	if err := o.checkWeights(); err != nil {
		return err
	}
	for _, f := range o.Force {
		if _, err := path.Match(f.Tensor, ""); err != nil {
			return fmt.Errorf("strategy for %q: %w", f.Tensor, err)
		}
		known := false
		for _, s := range Strategies() {
			known = known || s.matches(f.Strategy)
		}
		if !known {
			return fmt.Errorf("strategy %q for %q: want one of %s, or block, window", f.Strategy, f.Tensor, names())
		}
		if highest := o.Targets[len(o.Targets)-1]; !offers(highest, f.Strategy) {
			return fmt.Errorf("strategy %q for %q: has no kernel for %s, the highest level asked for", f.Strategy, f.Tensor, highest.ISA)
		}
	}
	return nil
}

// offers reports whether a target has kernels for a strategy of that name.
func offers(t Target, name string) bool {
	for _, s := range Strategies() {
		if s.Level() <= t.ISA && s.matches(name) {
			return true
		}
	}
	return false
}

// look is what is known of a product before any target is.
type look struct {
	product    Product
	weights    sparse.Precision
	entry      Entry // without choices
	candidates []Candidate
}

// lookAt counts the work of all strategies for a product.
func (o *Options) lookAt(m *ir.Model, p Product) look {
	blocks := p.Blocks(m)
	nnz := 0
	for _, b := range blocks {
		nnz += b.NNZ()
	}
	highest := o.Targets[len(o.Targets)-1].ISA
	weights := o.weights(p)
	return look{p, weights, Entry{
		Name: p.Name(), Node: p.Node, Rows: p.Rows(), Cols: p.Cols, NNZ: nnz,
		Density: round(float64(nnz)/float64(p.Rows()*p.Cols), 1e5),
		Pattern: pattern(p, blocks),
	}, candidates(blocks, o.Exact, highest, weights, o.forced(p))}
}

// chooser holds the products for one target between the phases of Choose.
type chooser struct {
	target  Target
	entries []Entry
	forced  []string           // [entry] name of the strategies it is held to; empty: any
	weights []sparse.Precision // [entry]
	vectors []int              // [entry]
	taken   []int              // [entry] index of the chosen candidate

	workingSet int // bytes of weights and indices of all that is chosen
}

func (o *Options) chooser(t Target, looks []look) (*chooser, error) {
	c := &chooser{target: t}
	for _, l := range looks {
		if err := c.add(l, o.force(t, l.product)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add takes the candidates that the target has kernels for and, of those, the
// ones that forced allows.
func (c *chooser) add(l look, forced string) error {
	e := l.entry
	for _, cand := range l.candidates {
		if cand.Strategy.Level() <= c.target.ISA {
			e.Candidates = append(e.Candidates, cand)
		}
	}
	first := ""
	open := false
	for i := range e.Candidates {
		cand := &e.Candidates[i]
		if forced != "" && !cand.Strategy.matches(forced) {
			if cand.Excluded == "" {
				cand.Excluded = forced + " was asked for"
			}
			continue
		}
		open = open || cand.Excluded == ""
		if first == "" {
			first = cand.Excluded
		}
	}
	if !open {
		return l.closed(forced, first)
	}
	if !strings.HasSuffix(forced, "/mantissa") {
		preferExact(e.Candidates)
	}
	c.entries = append(c.entries, e)
	c.forced = append(c.forced, forced)
	c.weights = append(c.weights, l.weights)
	c.vectors = append(c.vectors, l.product.Vectors)
	c.taken = append(c.taken, -1)
	return nil
}

// preferExact excludes the inexact form of a strategy whose exact form can be
// taken: it would be faster, but not by so much that it is worth a question.
func preferExact(all []Candidate) {
	for i := range all {
		c := &all[i]
		if c.Strategy.Exact() || c.Excluded != "" {
			continue
		}
		for _, other := range all {
			if other.Strategy.Kernel == c.Strategy.Kernel && !other.Strategy.Wide && other.Strategy.Exact() && other.Excluded == "" {
				c.Excluded = "moves weights by up to " + rounding + ", and the exact form holds them"
			}
		}
	}
}

// force is the name of the strategies that a product is held to at a target;
// empty where it is not.
func (o *Options) force(t Target, p Product) string {
	if name := o.forced(p); offers(t, name) {
		return name
	}
	return ""
}

// forced is the strategy of the first entry of Force that matches a product;
// empty without one.
func (o *Options) forced(p Product) string {
	for _, f := range o.Force {
		if matchesAny(f.Tensor, []string{p.Name(), p.Tensor}) {
			return f.Strategy
		}
	}
	return ""
}

// settle chooses among the loops. The bandwidth depends on where the whole
// program's weights lie, so on all choices at once: begin with the smallest
// form of every matrix, then take the cheapest for one after the other, each at
// the bandwidth that it leads to, until nothing changes. The bound on rounds is
// for choices that would go round in a circle at the edge of a level.
func (c *chooser) settle() {
	const rounds = 8
	for i := range c.entries {
		c.take(i, c.smallest(i, c.forcedUnrolled(i)))
	}
	for range rounds {
		changed := false
		for i := range c.entries {
			best := c.best(i, c.forcedUnrolled(i))
			changed = changed || best != c.taken[i]
			c.take(i, best)
		}
		if !changed {
			return
		}
	}
}

// take chooses a candidate and keeps count of the working set.
func (c *chooser) take(i, candidate int) {
	if c.taken[i] >= 0 {
		c.workingSet -= c.chosen(i).Work.Bytes
	}
	c.taken[i] = candidate
	c.workingSet += c.chosen(i).Work.Bytes
}

// ns is the time of an entry with a candidate instead of the one taken.
func (c *chooser) ns(i int, cand Candidate) float64 {
	set := c.workingSet - c.chosen(i).Work.Bytes + cand.Work.Bytes
	return c.target.nanoseconds(cand.Strategy, cand.Work, c.target.BytesPerCycle(set), c.vectors[i])
}

// inexact is how much faster a candidate that moves weights has to be than one that
// does not: a model that was trained elsewhere is held to what it gave there, and
// 2^-21 of a weight is what float32 rounds in many additions.
const inexact = 1.5

// price is the time that a candidate is compared by.
func (c *chooser) price(i int, cand Candidate) float64 {
	if !cand.Strategy.Exact() {
		return inexact * c.ns(i, cand)
	}
	return c.ns(i, cand)
}

// smallest is the candidate with the fewest bytes.
func (c *chooser) smallest(i int, unrolled bool) int {
	least := -1
	for k, cand := range c.entries[i].Candidates {
		if !cand.open(unrolled) {
			continue
		}
		if least < 0 || cand.Work.Bytes < c.entries[i].Candidates[least].Work.Bytes {
			least = k
		}
	}
	return least
}

// open reports whether the candidate can be taken and is straight-line code, or
// is not.
func (c Candidate) open(unrolled bool) bool {
	return c.Excluded == "" && c.Strategy.straightLine() == unrolled
}

func (c *chooser) forcedUnrolled(i int) bool {
	for _, s := range Strategies() {
		if s.straightLine() && c.forced[i] != "" && s.matches(c.forced[i]) {
			return true
		}
	}
	return false
}

// best is the cheapest candidate of an entry that can be taken, -1 when there is
// none.
func (c *chooser) best(i int, unrolled bool) int {
	best, ns := -1, 0.0
	for k, cand := range c.entries[i].Candidates {
		if !cand.open(unrolled) {
			continue
		}
		if t := c.price(i, cand); best < 0 || t < ns {
			best, ns = k, t
		}
	}
	return best
}

// unroll turns loops into straight-line code where it is faster, the best gain
// for a byte of code first, while the code of the whole program stays within
// the budget. Forced straight-line code counts against it too.
func (c *chooser) unroll() {
	budget := c.target.CodeBudget
	type gain struct {
		entry, candidate int
		perByte          float64
	}
	var gains []gain
	for i, e := range c.entries {
		budget -= c.chosen(i).Work.Code
		if c.forcedUnrolled(i) {
			continue
		}
		for k, then := range e.Candidates {
			if !then.open(true) {
				continue
			}
			if saved := c.price(i, c.chosen(i)) - c.price(i, then); saved > 0 {
				gains = append(gains, gain{i, k, saved / float64(max(1, then.Work.Code))})
			}
		}
	}
	sort.SliceStable(gains, func(a, b int) bool { return gains[a].perByte > gains[b].perByte })
	for _, g := range gains {
		cand := &c.entries[g.entry].Candidates[g.candidate]
		if c.chosen(g.entry).Strategy.straightLine() {
			continue
		}
		if cand.Work.Code <= budget {
			budget -= cand.Work.Code
			c.take(g.entry, g.candidate)
			continue
		}
		cand.Excluded = fmt.Sprintf("%d bytes of code, %d left of %d", cand.Work.Code, max(0, budget), c.target.CodeBudget)
	}
}

func (c *chooser) chosen(i int) Candidate { return c.entries[i].Candidates[c.taken[i]] }

// worthwhile is how much faster a second form of a matrix has to be than the one
// that the package holds anyway.
const worthwhile = 1.08

// share takes the strategies of the plan's lower level again, whose packed form
// is there already, wherever another would gain little. Weights that are not
// float32 are stored once: what they are rounded to does not hang on the machine.
func (c *chooser) share(p *Plan) {
	for i, e := range c.entries {
		for k, cand := range e.Candidates {
			if cand.Strategy != p.Matrices[i].Strategy || cand.Excluded != "" {
				continue
			}
			if c.weights[i] != sparse.Float32 || c.ns(i, cand) <= worthwhile*c.ns(i, c.chosen(i)) {
				c.take(i, k)
			}
		}
	}
}

// choice is what was chosen for an entry, priced at the bandwidth that all
// choices lead to, and each alternative at the one that it alone would lead to
// instead.
func (c *chooser) choice(i int) Choice {
	e := c.entries[i]
	for k := range e.Candidates {
		cand := &e.Candidates[k]
		if cand.Work != (Work{}) {
			cand.NS = round(c.ns(i, *cand), 10)
		}
	}
	chosen := c.chosen(i)
	e.Strategy, e.Work, e.NS = chosen.Strategy, chosen.Work, chosen.NS
	e.Reason = reason(e, c.forced[i])
	return e.Choice
}

// totals are the sums over all choices.
func (c *chooser) totals() Totals {
	t := Totals{Target: c.target.String(), WorkingSet: c.workingSet}
	for i := range c.entries {
		chosen := c.choice(i)
		t.Code += chosen.Work.Code
		t.NS = round(t.NS+chosen.NS, 10)
	}
	return t
}

// round keeps figures short in the plan.
func round(x, unit float64) float64 { return float64(int64(x*unit+0.5)) / unit }
