package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

var pruneVerb = &verb{
	name:    "prune",
	args:    modelArgs,
	summary: "prune a trained model at once, without training",
	detail: `Sets the weights of least magnitude to zero, in a pattern, and writes the model
to another checkpoint. The matrices that nodes multiply by are pruned; embeddings
when a rule names them; biases never. The table says, for each matrix, which
share of its weights and which share of their squared norm is left.

A pattern is element, dense, blockRxC (whole blocks), laneRxC (each row of a cell
of R rows and C columns keeps equally many weights: what the vector kernels run
fastest) or slideRxC (the same in windows of C columns at any place: a little more
is kept at the same time with AVX2). Rules override it for the tensors and gates they name:

  -rule 'gru0.weight_hh=0.1'         density 0.1
  -rule 'gru0.weight_hh[z]=0.2'      of the update gate (GRU: r z n, LSTM: i f g o)
  -rule '*.weight_ih=lane8x8:0.3'    pattern and density
  -rule 'out.weight=dense'           not pruned

-fill keeps more where weights are pruned one by one: the kernel computes 8 rows
together and a step takes one weight of each among 8 columns, so lanes that find
none there are filled with the largest weights that they could take. The model
takes the same steps, and time, with more of its weights. For that the units of
states are put into the order in which compile would put them.

To lose less, prune while training: sparsec train -sparsity.`,
	example: "sparsec prune -sparsity 0.9 -pattern lane8x8 model.ckpt -o pruned.ckpt",
	define: func(fs *flag.FlagSet) action {
		var p pruneRun
		fs.Float64Var(&p.sparsity, "sparsity", 0.9, "`share` of the weights to prune, 0 to 1")
		fs.StringVar(&p.pattern, "pattern", "element", "`pattern` of what is kept")
		fs.Var(&p.rules, "rule", "`NAME=VALUE`: another density or pattern for the tensors or gates that match; may be repeated, the last match decides")
		fs.BoolVar(&p.fill, "fill", false, "keep more weights in lanes that would idle, at the same number of steps")
		fs.StringVar(&p.out, "o", "pruned.ckpt", "`file` to write")
		p.from.define(fs)
		fs.BoolVar(&p.force, "f", false, "replace the file if it is there, even the input")
		return p.run
	},
}

type pruneRun struct {
	sparsity     float64
	pattern, out string
	rules        textList
	fill, force  bool
	from         importFlags
}

func (p *pruneRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	o, err := p.options()
	if err != nil {
		return err
	}
	c, err := e.model(path, p.from)
	if err != nil {
		return err
	}
	if err := replaceable(p.out, p.force); err != nil {
		return err
	}
	original := clone(c.model)
	reports, err := prune.Once(o, pruningParams(c.model))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var fills []filling
	pruned := c.model
	if p.fill {
		if pruned, fills, err = fillLanes(c.model, original, reports, pass.PermuteOptions{}); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := ckpt.Write(p.out, pruned, c.meta); err != nil {
		return err
	}
	printPruned(e.stdout, reports, original, c.model)
	printFilled(e.stdout, fills)
	return outcome(e.stdout, p.out)
}

func (p *pruneRun) options() (prune.Options, error) {
	var o prune.Options
	// The comparison is false for a NaN too.
	if !(p.sparsity >= 0 && p.sparsity <= 1) {
		return o, usagef("-sparsity %v: want a share from 0 to 1", p.sparsity)
	}
	o.Density = 1 - p.sparsity
	var err error
	if o.Pattern, err = sparse.ParsePattern(p.pattern); err != nil {
		return o, usagef("-pattern: %v", err)
	}
	o.Rules, err = parseRules(p.rules)
	return o, err
}

func parseRules(texts []string) ([]prune.Rule, error) {
	var rules []prune.Rule
	for _, text := range texts {
		r, err := prune.ParseRule(text)
		if err != nil {
			return nil, usagef("-rule: %v", err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// replaceable is an error if a file cannot be written at path: without its
// folder, or, unless by force, where something lies.
func replaceable(path string, force bool) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: no folder %s to write it to", path, dir)
	}
	switch _, err := os.Lstat(path); {
	case err == nil && !force:
		return fmt.Errorf("%s: is there already; name another file with -o, or replace it with -f", path)
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// clone copies a model with its numbers.
func clone(m *ir.Model) *ir.Model {
	c := m.Clone()
	for _, p := range c.Params {
		p.Data = slices.Clone(p.Data)
	}
	return c
}

// printPruned prints a line a matrix with what is left of its norm, below it one
// for each part with a budget of its own, and the total.
func printPruned(w io.Writer, reports []prune.Report, before, after *ir.Model) {
	printReports(w, reports, "squared norm kept", func(r prune.Report) string {
		old := &sparse.Matrix{Rows: r.Rows, Cols: r.Cols, Data: before.Param(r.Name).Data}
		now := &sparse.Matrix{Rows: r.Rows, Cols: r.Cols, Data: after.Param(r.Name).Data}
		return percent(sparse.KeptEnergy(sparse.MaskOf(now), old))
	})
}

// printReports prints what pruning has left, with a last column of the caller's.
func printReports(w io.Writer, reports []prune.Report, title string, last func(prune.Report) string) {
	t := newTable(w, "matrix", "shape", "pattern", "kept", "density", title)
	for _, r := range reports {
		whole := ""
		if len(r.Parts) == 1 {
			whole = r.Parts[0].Pattern.String()
		}
		t.row(r.Name, shape(r.Rows, r.Cols), whole, r.Kept, percent(r.Density), last(r))
		if len(r.Parts) == 1 {
			continue
		}
		for _, part := range r.Parts {
			t.row("  gates "+strings.Join(part.Gates, " "), "", part.Pattern, part.Kept, percent(part.Density), "")
		}
	}
	kept, weights := prune.Total(reports)
	t.row("total", "", "", kept, percent(ratio(kept, weights)), "")
	t.flush()
}

func outcome(w io.Writer, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "wrote %s (%s)\n", path, size(int(info.Size())))
	return err
}
