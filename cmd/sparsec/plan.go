package main

import (
	"fmt"
	"io"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
)

// printPlan prints what the compiler does with each matrix, and why.
func printPlan(w io.Writer, p *schedule.Plan) {
	t := newTable(w, "matrix", "strategy", "density", "bytes", "dense bytes", "predicted", "why")
	var bytes, dense int
	for _, e := range p.Matrices {
		plain := denseBytes(e)
		t.row(e.Name, e.Strategy, percent(e.Density), e.Work.Bytes, plain, microseconds(e.NS), e.Reason)
		bytes, dense = bytes+e.Work.Bytes, dense+plain
		if e.Wide != nil && e.Wide.Strategy != e.Strategy {
			t.row("  for "+kernel.AVX512.String(), e.Wide.Strategy, "", e.Wide.Work.Bytes, "", microseconds(e.Wide.NS), e.Wide.Reason)
		}
		if l := e.Lockstep; l != nil {
			t.row(fmt.Sprintf("  for %d streams", p.Streams), l.Strategy, "", "", "", microseconds(l.NS), l.Reason)
		}
	}
	t.row("total", "", "", bytes, dense, microseconds(p.NS), "")
	if p.Wide != nil && p.Wide.NS != p.NS {
		t.row("  for "+kernel.AVX512.String(), "", "", p.Wide.WorkingSet, "", microseconds(p.Wide.NS), "")
	}
	t.flush()
	printWeightErrors(w, p.Matrices)
	fmt.Fprintf(w, "(bytes: weights with indices that a step reads; predicted: one step's products on one core of %s)\n", p.Target)
}

// denseBytes are those of the matrix as float32, without padding.
func denseBytes(e schedule.Entry) int { return 4 * e.Rows * e.Cols }
