package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

// filling is what filling idle lanes has done to a matrix.
type filling struct {
	name          string
	before, after filled
}

type filled struct {
	kept, steps int
	energy      float64 // share of the squared norm
}

// fillLanes returns a pruned model with more of the weights of the original, in
// the lanes that the window kernel would leave idle, of the matrices that were
// pruned weight by weight. Its units are in the order in which the compiler would
// put those of the pruned model, so that the compiled matrices have the rows of
// a group together that were filled together.
func fillLanes(pruned, original *ir.Model, reports []prune.Report, o pass.PermuteOptions) (*ir.Model, []filling, error) {
	ordered, twin := pass.Permute(pruned, original, o)
	out := clone(ordered)
	gates := gatesOf(out)
	var fills []filling
	for _, r := range reports {
		spans := elementSpans(r, gates[r.Name])
		if len(spans) == 0 {
			continue
		}
		weights := &sparse.Matrix{Rows: r.Rows, Cols: r.Cols, Data: twin.Param(r.Name).Data}
		matrix := &sparse.Matrix{Rows: r.Rows, Cols: r.Cols, Data: out.Param(r.Name).Data}
		before := sparse.MaskOf(matrix)
		after := sparse.FillWindows(before, weights, spans...)
		copy(matrix.Data, weights.Data)
		after.Apply(matrix)
		fills = append(fills, filling{r.Name, describe(before, weights, spans), describe(after, weights, spans)})
	}
	if len(fills) == 0 {
		return nil, nil, errors.New("-fill: no matrix is pruned weight by weight; only the pattern element leaves lanes idle")
	}
	return out, fills, nil
}

// elementSpans are the rows of a tensor that are pruned weight by weight.
func elementSpans(r prune.Report, gates []string) []sparse.Span {
	var spans []sparse.Span
	for i, name := range gates {
		if slices.ContainsFunc(r.Parts, func(p prune.PartReport) bool {
			return p.Pattern.Kind == sparse.KindElement && slices.Contains(p.Gates, name)
		}) {
			spans = append(spans, gateSpan(r.Rows, len(gates), i))
		}
	}
	if len(gates) == 0 && r.Parts[0].Pattern.Kind == sparse.KindElement {
		spans = []sparse.Span{{From: 0, To: r.Rows}}
	}
	return spans
}

func describe(mask *sparse.Mask, weights *sparse.Matrix, spans []sparse.Span) filled {
	return filled{kept: mask.Count(), steps: mask.WindowSteps(spans...), energy: sparse.KeptEnergy(mask, weights)}
}

// printFilled prints what filling has added to each matrix.
func printFilled(w io.Writer, fills []filling) {
	if len(fills) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "filled", "kept", "before", "squared norm kept", "before", "window steps", "before")
	for _, f := range fills {
		t.row(f.name, f.after.kept, f.before.kept, percent(f.after.energy), percent(f.before.energy), f.after.steps, f.before.steps)
	}
	t.flush()
}
