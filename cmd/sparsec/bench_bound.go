package main

import (
	"fmt"
	"io"
)

// boundHead are the columns that -bound appends.
const boundHead = "\tbound_us\tof_bound"

// nearBound is the share of its bound that a kernel should reach.
const nearBound = 0.8

// head are the columns of the table.
func (k *kernelBench) head() string {
	if k.bound {
		return kernelHead + boundHead
	}
	return kernelHead
}

// line is a row of the table.
func (k *kernelBench) line(l kernelLine) string {
	switch {
	case !k.bound:
		return l.String()
	case l.Bound == 0:
		return l.String() + "\t-\t-"
	}
	return fmt.Sprintf("%v\t%.4g\t%.2f", l, l.Bound, l.ofBound())
}

// ofBound is the share of the bound that is reached, 1 at the bound; 0 without one.
func (l kernelLine) ofBound() float64 { return l.Bound / l.US }

// reportFar names the rows that are far from their bounds.
func reportFar(w io.Writer, lines []kernelLine) {
	for _, l := range lines {
		if l.Bound > 0 && l.ofBound() < nearBound {
			fmt.Fprintf(w, "%s %s %g batch %d %s: %s %s reaches %.2f of its bound of %.4g us by %s, less than %g\n",
				l.Shape, l.Pattern, l.Sparsity, l.Batch, l.ISA, l.Strategy, l.Weights, l.ofBound(), l.Bound, l.BoundBy, nearBound)
		}
	}
}
