package bench

import (
	"context"
	"fmt"
	"math"
	"time"

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
	// Weights is how the choice stores its weights. Where that is not float32, what
	// the compiler takes for float32 is timed as well.
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
	Strategy    string // of package schedule, or csr-asm and csr-go for its csr
	Weights     sparse.Precision
	ISA         string  // that the package says it runs
	Chosen      bool    // by the compiler
	Steps       int     // of the packed form
	BytesPerNNZ float64 // weights, indices and code that indices are in
	Predicted   float64 // ns by the cost model; 0 for portable Go
	NS          float64 // median
	Low         float64 // 10th percentile, which other processes disturb least
	MaxRelErr   float64 // largest error of y over the root mean square of y
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

// KernelSlice is the time of one kernel in a round.
const KernelSlice = 500 * time.Microsecond

// kernelCase is a product with its variants, each in assembly, in Go or both.
type kernelCase struct {
	product Product
	w       *sparse.Matrix
	rows    []kernelRow
}

type kernelRow struct {
	name     string
	variant  *Variant
	portable bool
	chosen   bool
}

func newKernelCase(ctx context.Context, p Product, o KernelOptions) (*kernelCase, error) {
	w, err := p.matrix()
	if err != nil {
		return nil, err
	}
	c := &kernelCase{product: p, w: w}
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
	plan, err := schedule.Choose(linear(c.w), schedule.Options{
		Targets: []schedule.Target{schedule.Zen4(o.ISA)}, Weights: []schedule.Weights{{Tensor: "*", Precision: weights}},
	})
	if err != nil {
		return err
	}
	for _, cand := range arrange(plan.Matrices[0].Choice, o) {
		v, err := NewVariant(ctx, c.w, o.ISA, cand)
		if err != nil {
			return err
		}
		c.add(v, cand.Strategy == plan.Matrices[0].Strategy)
	}
	return nil
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

// add appends the rows of a variant: compressed rows have one in Go too.
func (c *kernelCase) add(v *Variant, chosen bool) {
	if v.Strategy.Kernel != schedule.CSR {
		c.rows = append(c.rows, kernelRow{v.Strategy.String(), v, false, chosen})
		return
	}
	c.rows = append(c.rows, kernelRow{CSRAssembly, v, false, chosen}, kernelRow{CSRGo, v, true, false})
}

func (c *kernelCase) subjects(number int) []Subject {
	var list []Subject
	for _, r := range c.rows {
		list = append(list, r.variant.Subject(fmt.Sprintf("%d %s", number, r.name), r.portable, 0))
	}
	return list
}

// times joins what was measured with what was compiled.
func (c *kernelCase) times(r *Result, rows []Row) KernelTimes {
	t := KernelTimes{Product: c.product, NNZ: c.w.NNZ(), CPU: r.CPU, Rounds: r.Rounds, Drift: r.Drift}
	want := reference(c.w, vectors(0, c.w.Cols))
	for i, row := range c.rows {
		v := row.variant
		k := KernelRow{
			Strategy: row.name, Weights: v.Strategy.Weights, ISA: rows[i].Kernel, Chosen: row.chosen, Steps: v.steps(),
			BytesPerNNZ: float64(v.bytes()) / float64(t.NNZ),
			NS:          rows[i].NS, Low: rows[i].Low, MaxRelErr: maxRelErr(rows[i].Output, want),
		}
		if !row.portable {
			k.Predicted = v.NS
		}
		t.Rows = append(t.Rows, k)
	}
	return t
}

// reference is W·x in float64.
func reference(w *sparse.Matrix, x []float32) []float64 {
	y := make([]float64, w.Rows)
	for r := range y {
		for c, v := range w.Row(r) {
			y[r] += float64(v) * float64(x[c])
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
