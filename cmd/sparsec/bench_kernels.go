package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

var benchKernelsVerb = &verb{
	name:    "bench kernels",
	summary: "time the kernels of single random matrices",
	detail: `
Times y = W·x for random pruned matrices W: compiled as the compiler would, as
dense, and as compressed rows in assembly (csr-asm: 16-bit columns, scalar
multiply-adds, 8 rows in flight) and in Go (csr-go), with -all in every other
strategy that can hold the matrix. The first row of each matrix is the
compiler's choice; with -weights that are not f32, the choice for those, with its
error, and the choice for float32 as well. Every flag that takes a LIST takes
several values with commas between them; all combinations are timed. Patterns are
iid, mag (magnitude pruning of a matrix whose rows and columns have log-normal
scales, σ 0.3), and blockRxC and laneRxC of any sides.

All strategies of a matrix take turns in one program, pinned to one processor
where the system allows it; us is the median of many short turns, in which
nothing but the kernel runs: x and y lie where the layers of a package keep them,
and the weights are warm. Rows of W are in the order that the compiler finds for a
layer whose readers can be reordered with it, the same for all strategies. Steps
are those of the packed form, bytes_per_nnz counts weights and indices (for
straight-line code, the code, which is the indices), max_rel_err is the largest
error of y over the root mean square of y, in float64. The drift of the clock and
the number of turns go to the standard error.

-bound appends what the cost model leaves a strategy at its measured rates, if nothing
but the scarcest resource of a described Zen 4 counts: bound_us, the longest of the arithmetic of all steps, of reading the
weights from the level of the memory that holds them, and of fetching straight-line
code, and of_bound, the share of it that is reached. Rows below 0.8 go to the standard
error, with what binds them. Portable Go has no bound.

With -batch, as many streams, each with an x of its own, go in lockstep, as those of
compile -batch do: in the form that the compiler chooses, stream (single weights) or
dense, and as dense, with -all in both. The compressed rows step one stream after the
other. us is the time of one step of all streams; weights are f32.

-grid N draws N matrices of 64 to 3072 rows and columns, 50 to 97 % sparse, of
seven patterns, and compares the compiler's choice with the fastest strategy, by
the tenth percentile of their turns, which other processes disturb least.`,
	example: "sparsec bench kernels -shape 1152x384,1760x1760 -pattern iid,lane8x8 -sparsity 0.9,0.95 -png speedup.png",
	define: func(fs *flag.FlagSet) action {
		k := &kernelBench{
			shapes: []shapeFlag{{1760, 1760}}, patterns: []bench.Pattern{{}}, sparsities: []float64{0.95},
			batches: []int{1}, weights: []sparse.Precision{sparse.Float32}, isas: []kernel.Level{kernel.AVX2},
		}
		listFlag(fs, "shape", &k.shapes, parseShape, "rows and columns of W")
		listFlag(fs, "pattern", &k.patterns, bench.ParsePattern, "patterns of W")
		listFlag(fs, "sparsity", &k.sparsities, parseZeroShare, "shares of the weights that are zero")
		listFlag(fs, "batch", &k.batches, parseBatch, "streams of a step")
		listFlag(fs, "weights", &k.weights, sparse.ParsePrecision, "number formats of the weights: f32, q16, f16, int8")
		listFlag(fs, "isa", &k.isas, kernel.ParseLevel, "instruction sets")
		fs.BoolVar(&k.all, "all", false, "time every strategy that can hold the matrix")
		fs.BoolVar(&k.bound, "bound", false, "print the bound of each strategy and the share that is reached")
		fs.Uint64Var(&k.seed, "seed", 0, "of the random weights")
		fs.DurationVar(&k.budget, "time", time.Second, "how long to measure each combination")
		fs.StringVar(&k.png, "png", "", "draw the speed-up over dense against the sparsity to `FILE`")
		fs.BoolVar(&k.json, "json", false, "print JSON")
		fs.IntVar(&k.grid, "grid", 0, "compare choices with the fastest on so many random matrices")
		return func(ctx context.Context, e *env, args []string) error {
			fs.Visit(func(f *flag.Flag) { k.given = append(k.given, f.Name) })
			return k.run(ctx, e, args)
		}
	},
}

// kernelBench is one call of the verb.
type kernelBench struct {
	shapes     []shapeFlag
	patterns   []bench.Pattern
	sparsities []float64
	batches    []int
	weights    []sparse.Precision
	isas       []kernel.Level

	all    bool
	bound  bool
	seed   uint64
	budget time.Duration
	png    string
	json   bool
	grid   int
	given  []string // flags of the command line
}

// kernelConfig is one combination of the flags.
type kernelConfig struct {
	product bench.Product
	batch   int
	weights sparse.Precision
	isa     kernel.Level
}

// kernelLine is one row of the table.
type kernelLine struct {
	Shape       string  `json:"shape"`
	Pattern     string  `json:"pattern"`
	Sparsity    float64 `json:"sparsity"`
	Batch       int     `json:"batch"`
	Weights     string  `json:"weights"`
	ISA         string  `json:"isa"`
	Strategy    string  `json:"strategy"`
	Steps       int     `json:"steps"`
	BytesPerNNZ float64 `json:"bytes_per_nnz"`
	US          float64 `json:"us"`
	MaxRelErr   float64 `json:"max_rel_err"`
	Chosen      bool    `json:"chosen"`       // by the compiler
	Predicted   float64 `json:"predicted_us"` // by the cost model; 0 for Go
	Bound       float64 `json:"bound_us"`     // by the cost model; 0 for Go
	BoundBy     string  `json:"bound_by"`     // what binds; empty for Go
}

// kernelHead are the columns of the table.
const kernelHead = "shape\tpattern\tsparsity\tbatch\tweights\tisa\tstrategy\tsteps\tbytes_per_nnz\tus\tmax_rel_err"

func (l kernelLine) String() string {
	return fmt.Sprintf("%s\t%s\t%g\t%d\t%s\t%s\t%s\t%d\t%.2f\t%.4g\t%.1e", l.Shape, l.Pattern, l.Sparsity, l.Batch, l.Weights,
		l.ISA, l.Strategy, l.Steps, l.BytesPerNNZ, l.US, l.MaxRelErr)
}

func (k *kernelBench) run(ctx context.Context, e *env, args []string) error {
	if err := k.check(args); err != nil {
		return err
	}
	if k.grid > 0 {
		return k.runGrid(ctx, e)
	}
	if !k.json {
		fmt.Fprintln(e.stdout, k.head())
	}
	lines := []kernelLine{}
	for _, c := range k.configs() {
		these, err := k.time(ctx, e.stderr, c)
		if err != nil {
			return err
		}
		if k.bound {
			reportFar(e.stderr, these)
		}
		lines = append(lines, these...)
		if k.json {
			continue
		}
		for _, l := range these {
			fmt.Fprintln(e.stdout, k.line(l))
		}
	}
	if k.json {
		if err := printJSON(e.stdout, lines); err != nil {
			return err
		}
	}
	if k.png != "" {
		return drawSpeedups(k.png, lines)
	}
	return nil
}

func (k *kernelBench) check(args []string) error {
	if len(args) > 0 {
		return usagef("want no arguments; got %q", args[0])
	}
	if k.grid < 0 {
		return usagef("-grid %d: want a number of matrices", k.grid)
	}
	for _, name := range k.given {
		switch name {
		case "shape", "pattern", "sparsity", "batch", "png", "json", "all", "bound":
			if k.grid > 0 {
				return usagef("-grid draws its own matrices: want it without -%s", name)
			}
		}
	}
	for _, c := range k.configs() {
		if err := c.product.Check(); err != nil {
			return usagef("%v", err)
		}
		if c.batch > 1 && c.weights != sparse.Float32 {
			return usagef("-batch %d with -weights %s: streams in lockstep have f32 weights only", c.batch, c.weights)
		}
	}
	return nil
}

// configs are all combinations of the flags.
func (k *kernelBench) configs() []kernelConfig {
	var all []kernelConfig
	for _, s := range k.shapes {
		for _, p := range k.patterns {
			for _, z := range k.sparsities {
				for _, b := range k.batches {
					for _, w := range k.weights {
						for _, isa := range k.isas {
							product := bench.Product{Rows: s.rows, Cols: s.cols, Pattern: p, Sparsity: z, Seed: k.seed}
							all = append(all, kernelConfig{product, b, w, isa})
						}
					}
				}
			}
		}
	}
	return all
}

// time measures one combination.
func (k *kernelBench) time(ctx context.Context, progress io.Writer, c kernelConfig) ([]kernelLine, error) {
	fmt.Fprintf(progress, "%v %s: compiling and timing\n", c.product, c.isa)
	times, err := bench.Kernels(ctx, c.product, bench.KernelOptions{
		ISA: c.isa, Streams: c.batch, Weights: c.weights, All: k.all, Budget: k.budget,
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "%v %s: %s\n", c.product, c.isa, rounds(times))
	var lines []kernelLine
	for _, r := range times.Rows {
		lines = append(lines, kernelLine{
			Shape: shapeFlag{c.product.Rows, c.product.Cols}.String(), Pattern: c.product.Pattern.String(), Sparsity: c.product.Sparsity,
			Batch: c.batch, Weights: r.Weights.String(), ISA: r.ISA, Strategy: r.Strategy, Steps: r.Steps, BytesPerNNZ: r.BytesPerNNZ,
			US: r.NS / 1e3, MaxRelErr: r.MaxRelErr, Chosen: r.Chosen, Predicted: r.Predicted / 1e3,
			Bound: r.Bound.NS / 1e3, BoundBy: string(r.Bound.By),
		})
	}
	return lines, nil
}

// rounds says how the times came about.
func rounds(t *bench.KernelTimes) string {
	where := "not pinned to a processor"
	if t.CPU >= 0 {
		where = fmt.Sprintf("pinned to processor %d", t.CPU)
	}
	return fmt.Sprintf("medians over %d turns, %s; the clock drifted by %s", t.Rounds, where, percent(t.Drift))
}

// shapeFlag is a shape as flags and tables write it: 1760x1760.
type shapeFlag struct{ rows, cols int }

func (s shapeFlag) String() string { return fmt.Sprintf("%dx%d", s.rows, s.cols) }

func parseShape(text string) (shapeFlag, error) {
	rows, cols, _ := strings.Cut(text, "x")
	r, errRows := strconv.Atoi(rows)
	c, errCols := strconv.Atoi(cols)
	if errRows != nil || errCols != nil || r < 1 || c < 1 {
		return shapeFlag{}, fmt.Errorf("shape %q: want rows and columns, as in 1760x1760", text)
	}
	return shapeFlag{r, c}, nil
}

func parseZeroShare(text string) (float64, error) {
	z, err := strconv.ParseFloat(text, 64)
	if err != nil || !(z >= 0 && z < 1) {
		return 0, fmt.Errorf("sparsity %q: want 0 up to, not including, 1, as in 0.95", text)
	}
	return z, nil
}

func parseBatch(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > compiler.MaxStreams {
		return 0, fmt.Errorf("batch %q: want a number of streams of 1 to %d", text, compiler.MaxStreams)
	}
	return n, nil
}

// listFlag declares a flag of values with commas between them; the values in
// list are its default.
func listFlag[T any](fs *flag.FlagSet, name string, list *[]T, parse func(string) (T, error), what string) {
	fs.Var(&commaList[T]{list, parse}, name, "`LIST`: "+what)
}

// commaList is the value of such a flag.
type commaList[T any] struct {
	list  *[]T
	parse func(string) (T, error)
}

func (c *commaList[T]) String() string {
	if c.list == nil { // package flag asks a zero value for its text
		return ""
	}
	var texts []string
	for _, v := range *c.list {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ",")
}

func (c *commaList[T]) Set(text string) error {
	var list []T
	for _, part := range strings.Split(text, ",") {
		v, err := c.parse(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return errors.New("want at least one value")
	}
	*c.list = list
	return nil
}
