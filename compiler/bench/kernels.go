package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// The strategies that every table has.
const (
	DenseKernel = "dense"
	CSRAssembly = "csr-asm"
	CSRGo       = "csr-go"
)

// KernelOptions say what to time and how long.
type KernelOptions struct {
	// ISA is the instruction set of the kernels, which the machine must have.
	ISA kernel.Level
	// Streams is the number of streams of a step, up to compiler.MaxStreams; 0
	// stands for 1. More go in lockstep in the strategy that the compiler takes for
	// so many and dense, with All in both that there are, and one after the other
	// as compressed rows.
	Streams int
	// Weights is how the choice stores its weights. Where that is not float32, what
	// the compiler takes for float32 is timed as well. In lockstep, all are float32.
	Weights sparse.Precision
	// All times every candidate that can hold the matrix, and Within only those
	// whose predicted time is at most so many times that of the choice. The rows
	// that every table has are there in any case.
	All    bool
	Within float64
	// Budget is the time for all rounds of one product; 0 stands for 1 s.
	Budget time.Duration
	// Go is the go command; empty for the one in PATH.
	Go string
}

// KernelTimes is what the kernels did with one product.
type KernelTimes struct {
	Product Product
	NNZ     int
	Rows    []KernelRow // the compiler's choice first
	CPU     int         // as in [Result]
	Rounds  int
	Drift   float64
}

// KernelRow is one strategy.
type KernelRow struct {
	Strategy    string // of package schedule, or csr-asm and csr-go for its csr; in lockstep, of package kernel
	Weights     sparse.Precision
	ISA         string         // that the package says it runs; in lockstep, that of its kernels
	Chosen      bool           // by the compiler
	Steps       int            // of the packed form
	BytesPerNNZ float64        // weights, indices and code that indices are in
	Predicted   float64        // ns by the cost model; 0 for portable Go
	Bound       schedule.Bound // of the cost model; none for portable Go
	NS          float64        // of a step of all streams, median
	Low         float64        // 10th percentile, which other processes disturb least
	MaxRelErr   float64        // largest error of y over the root mean square of y
}

// Kernels times y = W·x of one product in the strategy that the compiler takes,
// dense, and as compressed rows in assembly and in Go, or in all strategies, in
// turns and in one program. The weights are warm: nothing else is read in
// between.
func Kernels(ctx context.Context, p Product, o KernelOptions) (*KernelTimes, error) {
	all, err := KernelsOf(ctx, []Product{p}, o)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// checkLevel wants what is compiled for a level to run at it: on another machine
// the package takes its portable kernels.
func (o *KernelOptions) checkLevel(got string) error {
	if want := o.ISA.String(); got != want {
		return fmt.Errorf("this machine has no %s: its packages run the %s kernels", want, got)
	}
	return nil
}

// KernelsOf times several products in one program, which takes less time to
// build. All take turns with all.
func KernelsOf(ctx context.Context, products []Product, o KernelOptions) ([]KernelTimes, error) {
	var cases []kernelCase
	var subjects []Subject
	for i, p := range products {
		c, err := newKernelCase(ctx, p, o)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", p, err)
		}
		subjects = append(subjects, c.subjects(i)...)
		cases = append(cases, *c)
	}
	budget := o.Budget
	if budget <= 0 {
		budget = time.Second
	}
	r, err := Run(ctx, subjects, nil, Options{
		Slice: KernelSlice, Budget: budget * time.Duration(len(cases)), Go: o.Go,
	})
	if err != nil {
		return nil, err
	}
	if err := o.checkLevel(r.Rows[0].Kernel); err != nil {
		return nil, err
	}
	var times []KernelTimes
	for _, c := range cases {
		n := len(c.rows)
		times = append(times, c.times(r, r.Rows[:n]))
		r.Rows = r.Rows[n:]
	}
	return times, nil
}

// KernelSlice is the time of one kernel in a round. In one of 0.5 ms, matrices of 2
// to 5 MB behind one of 38 MB are timed while the third level still fills with them:
// 36 µs instead of 28 for 3072×3072 in lanes at 5 % of the weights.
const KernelSlice = 4 * time.Millisecond

// kernelCase is a product with its variants, each in assembly, in Go or both.
type kernelCase struct {
	product Product
	streams int
	w       *sparse.Matrix
	rows    []kernelRow
}

// kernelRow is what is known of a row before it is timed.
type kernelRow struct {
	name    string
	subject Subject // but for its name
	weights sparse.Precision
	steps   int            // of the packed form
	bytes   int            // weights, indices and code that indices are in
	ns      float64        // predicted, 0 for portable Go
	bound   schedule.Bound // none for portable Go
	chosen  bool
}

func newKernelCase(ctx context.Context, p Product, o KernelOptions) (*kernelCase, error) {
	w, err := p.matrix(compiler.Objective(o.ISA, o.Weights != sparse.Float32))
	if err != nil {
		return nil, err
	}
	c := &kernelCase{product: p, streams: max(1, o.Streams), w: w}
	if c.streams > 1 {
		return c, c.chooseLockstep(ctx, o)
	}
	precisions := []sparse.Precision{sparse.Float32}
	if o.Weights != sparse.Float32 {
		precisions = []sparse.Precision{o.Weights, sparse.Float32}
	}
	for _, weights := range precisions {
		if err := c.choose(ctx, o, weights); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// choose appends the rows of a precision.
func (c *kernelCase) choose(ctx context.Context, o KernelOptions, weights sparse.Precision) error {
	plan, err := c.plan(o, weights)
	if err != nil {
		return err
	}
	for _, cand := range arrange(plan.Matrices[0].Choice, o) {
		v, err := NewVariant(ctx, c.w, o.ISA, cand)
		if err != nil {
			return err
		}
		c.add(v, o.ISA, cand.Strategy == plan.Matrices[0].Strategy)
	}
	return nil
}

// plan is the compiler's for one stream.
func (c *kernelCase) plan(o KernelOptions, weights sparse.Precision) (*schedule.Plan, error) {
	return schedule.Choose(linear(c.w), schedule.Options{
		Targets: []schedule.Target{schedule.Zen4(o.ISA)}, Weights: []schedule.Weights{{Tensor: "*", Precision: weights}},
	})
}

// arrange lists the candidates to time: the compiler's choice, then those that
// every table has, then what else is asked for.
func arrange(choice schedule.Choice, o KernelOptions) []schedule.Candidate {
	list := []schedule.Candidate{{Strategy: choice.Strategy, Work: choice.Work, NS: choice.NS}}
	var others []schedule.Candidate
	for _, c := range choice.Candidates {
		switch k := c.Strategy.Kernel; {
		case c.Excluded != "" || c.Strategy == choice.Strategy:
		case k == schedule.Dense || k == schedule.CSR:
			list = append(list, c)
		case o.All || c.NS <= o.Within*choice.NS:
			others = append(others, c)
		}
	}
	return append(list, others...)
}

// add appends the rows of a variant, which steps all streams one after the
// other: compressed rows have one in Go too.
func (c *kernelCase) add(v *Variant, level kernel.Level, chosen bool) {
	bound := schedule.Zen4(level).Bound(v.Strategy, v.Work)
	row := kernelRow{
		name: v.Strategy.String(), subject: v.Subject("", false, 0), weights: v.Strategy.Weights,
		steps: v.steps(), bytes: v.bytes(), ns: v.NS * float64(c.streams), bound: bound.Times(c.streams), chosen: chosen,
	}
	row.subject.Streams = c.streams
	if v.Strategy.Kernel != schedule.CSR {
		c.rows = append(c.rows, row)
		return
	}
	row.name = CSRAssembly
	portable := row
	portable.name, portable.subject.Portable, portable.chosen = CSRGo, true, false
	portable.ns, portable.bound = 0, schedule.Bound{}
	c.rows = append(c.rows, row, portable)
}

func (c *kernelCase) subjects(number int) []Subject {
	var list []Subject
	for _, r := range c.rows {
		r.subject.Name = fmt.Sprintf("%d %s", number, r.name)
		list = append(list, r.subject)
	}
	return list
}

// times joins what was measured with what was compiled.
func (c *kernelCase) times(r *Result, rows []Row) KernelTimes {
	t := KernelTimes{Product: c.product, NNZ: c.w.NNZ(), CPU: r.CPU, Rounds: r.Rounds, Drift: r.Drift}
	want := reference(c.w, vectors(defaultFrames, 0, c.w.Cols), c.streams)
	for i, row := range c.rows {
		k := KernelRow{
			Strategy: row.name, Weights: row.weights, ISA: rows[i].Kernel, Chosen: row.chosen, Steps: row.steps,
			BytesPerNNZ: float64(row.bytes) / float64(t.NNZ), Predicted: row.ns, Bound: row.bound,
			NS: rows[i].NS, Low: rows[i].Low, MaxRelErr: maxRelErr(rows[i].Output, want),
		}
		if row.subject.Lockstep {
			k.ISA = lockstepLevel.String()
		}
		t.Rows = append(t.Rows, k)
	}
	return t
}

// reference is W·x in float64 for the first vectors of x, one behind the other.
func reference(w *sparse.Matrix, x []float32, vectors int) []float64 {
	y := make([]float64, vectors*w.Rows)
	for i := range y {
		of := x[i/w.Rows*w.Cols:]
		for c, v := range w.Row(i % w.Rows) {
			y[i] += float64(v) * float64(of[c])
		}
	}
	return y
}

// maxRelErr is the largest difference over the root mean square of what is
// wanted.
func maxRelErr(got []float32, want []float64) float64 {
	var worst, square float64
	for i, y := range want {
		worst = max(worst, math.Abs(float64(got[i])-y))
		square += y * y
	}
	return worst / math.Sqrt(square/float64(len(want)))
}

// Row is the row of a strategy, nil when there is none.
func (t *KernelTimes) Row(strategy string) *KernelRow {
	for i := range t.Rows {
		if t.Rows[i].Strategy == strategy {
			return &t.Rows[i]
		}
	}
	return nil
}

// Best is the fastest row of those that the compiler could take, by the turns
// that were disturbed least.
func (t *KernelTimes) Best() *KernelRow {
	var best *KernelRow
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Strategy != CSRGo && (best == nil || r.Low < best.Low) {
			best = r
		}
	}
	return best
}
