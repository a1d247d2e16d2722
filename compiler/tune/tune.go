package tune

import (
	"context"
	"fmt"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Options say what to time and how long.
type Options struct {
	// Within is how many times the least predicted time of a matrix a candidate
	// may be predicted to take and is timed; 0 stands for 2. Dense is always
	// timed, and so is what the cost model takes.
	Within float64
	// All times every candidate that can hold its matrix.
	All bool
	// Budget is the time for each matrix and instruction set; 0 stands for 1 s.
	Budget time.Duration
	// Go is the go command; empty for the one in PATH.
	Go string
	// Progress, where it is not nil, is called after each round.
	Progress func(done, total int)
}

const defaultWithin = 2

// Report is what was measured.
type Report struct {
	Timings []Timing // by level, matrix and strategy
	CPU     int      // as in bench.Result
	Rounds  int
	Drift   float64
}

// Timing is one candidate of a matrix.
type Timing struct {
	Matrix    string            `json:"matrix"`
	Entry     int               `json:"-"` // of the plan
	ISA       kernel.Level      `json:"isa"`
	Strategy  schedule.Strategy `json:"strategy"`
	Predicted float64           `json:"predicted_ns"`
	Measured  float64           `json:"measured_ns"` // 10th percentile of the turns, which other processes disturb least
	Chosen    bool              `json:"chosen"`
}

// Tune times the candidates of a lowered package's plan and returns a plan with
// the fastest in their place. All take turns in one program. Where the weights of
// a step are more than the nearest cache holds, as many bytes of other memory are
// read before each call of a kernel as the rest of a step reads of weights: a
// kernel then finds in the caches what it would find in the package.
func Tune(ctx context.Context, p *compiler.Package, o Options) (*schedule.Plan, *Report, error) {
	t := &tuner{pack: p, options: o, within: o.Within}
	if t.within <= 0 {
		t.within = defaultWithin
	}
	if err := t.collect(ctx); err != nil {
		return nil, nil, err
	}
	if len(t.trials) == 0 {
		return p.Plan, &Report{CPU: -1}, nil
	}
	r, err := t.measure(ctx)
	if err != nil {
		return nil, nil, err
	}
	plan := clonePlan(p.Plan)
	for _, level := range t.levels() {
		t.choose(plan, level)
	}
	if err := plan.WeighErrors(p.Model); err != nil {
		return nil, nil, err
	}
	report := &Report{CPU: r.CPU, Rounds: r.Rounds, Drift: r.Drift}
	for _, c := range t.trials {
		report.Timings = append(report.Timings, c.Timing)
	}
	return plan, report, nil
}

// tuner holds the trials between the phases of Tune.
type tuner struct {
	pack    *compiler.Package
	options Options
	within  float64
	trials  []trial
}

// trial is one candidate of a matrix at a level.
type trial struct {
	Timing
	work    schedule.Work
	subject bench.Subject
}

func (t *tuner) levels() []kernel.Level {
	p := t.pack.Plan
	if p.Wide == nil {
		return []kernel.Level{p.Base}
	}
	return []kernel.Level{p.Base, kernel.AVX512}
}

// collect compiles every candidate that is to be timed.
func (t *tuner) collect(ctx context.Context) error {
	matrices := map[string]*sparse.Matrix{}
	for _, p := range schedule.Products(t.pack.Model) {
		matrices[p.Name()] = p.Matrix(t.pack.Model, kernel.Pad(p.BlockRows))
	}
	for _, level := range t.levels() {
		for i := range t.pack.Plan.Matrices {
			e, choice := &t.pack.Plan.Matrices[i], t.pack.Plan.Choice(i, level)
			for _, c := range t.wanted(choice) {
				v, err := bench.NewVariant(ctx, matrices[e.Name], level, c)
				if err != nil {
					return fmt.Errorf("matrix %q: %w", e.Name, err)
				}
				t.trials = append(t.trials, trial{
					Timing:  Timing{Matrix: e.Name, Entry: i, ISA: level, Strategy: c.Strategy, Predicted: c.NS},
					work:    c.Work,
					subject: v.Subject(fmt.Sprintf("%s %s %s", e.Name, level, c.Strategy), false, t.beside(level, choice)),
				})
			}
		}
	}
	return nil
}

// beside is how many bytes of weights the rest of a step reads; none where all of
// them stay in the nearest cache anyway, where looking at the clock before and
// after each call would only blur it.
func (t *tuner) beside(level kernel.Level, c *schedule.Choice) int {
	set := t.pack.Plan.At(level).WorkingSet
	if set <= schedule.Zen4(level).Levels[0].Bytes {
		return 0
	}
	return max(set-c.Work.Bytes, 0)
}

// wanted are the candidates of a choice that are worth a measurement.
func (t *tuner) wanted(c *schedule.Choice) []schedule.Candidate {
	least := c.NS
	for _, cand := range c.Candidates {
		if cand.Excluded == "" {
			least = min(least, cand.NS)
		}
	}
	var list []schedule.Candidate
	for _, cand := range c.Candidates {
		if cand.Excluded != "" {
			continue
		}
		if t.options.All || cand.NS <= t.within*least || cand.Strategy == c.Strategy || cand.Strategy.Kernel == schedule.Dense {
			list = append(list, cand)
		}
	}
	return list
}

// measure times the trials. Each must run the kernels that it was compiled for.
func (t *tuner) measure(ctx context.Context) (*bench.Result, error) {
	budget := t.options.Budget
	if budget <= 0 {
		budget = time.Second
	}
	var subjects []bench.Subject
	for _, c := range t.trials {
		subjects = append(subjects, c.subject)
	}
	budget *= time.Duration(len(t.pack.Plan.Matrices) * len(t.levels()))
	r, err := bench.Run(ctx, subjects, nil, bench.Options{
		Slice: bench.KernelSlice, Budget: budget, Go: t.options.Go, Progress: t.options.Progress,
	})
	if err != nil {
		return nil, err
	}
	for i := range t.trials {
		c := &t.trials[i]
		if got, want := r.Rows[i].Kernel, c.ISA.String(); got != want {
			return nil, fmt.Errorf("this machine has no %s, its packages run the %s kernels: want only instruction sets that it has", want, got)
		}
		c.Measured = r.Rows[i].Low
	}
	return r, nil
}

// clonePlan is a copy whose choices can be changed.
func clonePlan(p *schedule.Plan) *schedule.Plan {
	plan := *p
	plan.Matrices = append([]schedule.Entry(nil), p.Matrices...)
	for i := range plan.Matrices {
		if w := plan.Matrices[i].Wide; w != nil {
			wide := *w
			plan.Matrices[i].Wide = &wide
		}
	}
	if p.Wide != nil {
		wide := *p.Wide
		plan.Wide = &wide
	}
	return &plan
}
