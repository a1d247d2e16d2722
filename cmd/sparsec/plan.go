package main

import (
	"fmt"
	"io"

	"github.com/sparsec/sparsec/compiler/schedule"
)

// printPlan prints what the compiler does with each matrix, and why.
func printPlan(w io.Writer, p *schedule.Plan) {
	t := newTable(w, "matrix", "strategy", "density", "bytes", "dense bytes", "predicted", "why")
	var bytes, dense int
	for _, e := range p.Matrices {
		plain := denseBytes(e)
		t.row(e.Name, e.Strategy, percent(e.Density), e.Work.Bytes, plain, microseconds(e.NS), e.Reason)
		bytes, dense = bytes+e.Work.Bytes, dense+plain
	}
	t.row("total", "", "", bytes, dense, microseconds(p.NS), "")
	t.flush()
	fmt.Fprintf(w, "(bytes: weights with indices that a step reads; predicted: one step's products on one core of %s)\n", p.Target)
}

// denseBytes are those of the matrix as float32, without padding.
func denseBytes(e schedule.Entry) int { return 4 * e.Rows * e.Cols }
