package main

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/sparse"
)

func TestBenchReport(t *testing.T) {
	result := someResult()
	result.Rows = result.Rows[:3]
	result.CPU = -1
	r := benchReport{Model: "m", DenseSize: 157_300_000, SparseSize: 8_519_000, Result: result, Matrices: []schedule.Entry{
		{Name: "gru0.weight_hh", Rows: 7680, Cols: 2560, Density: .05, Pattern: "lane8x8",
			Choice: schedule.Choice{Strategy: schedule.Strategy{Kernel: schedule.Window, Index: sparse.Exponent}, Work: schedule.Work{Bytes: 4_200_000}}},
	}}
	const want = `matrix          shape      density  pattern  strategy         bytes      dense bytes
gru0.weight_hh  7680×2560  5.0 %    lane8x8  window/exponent  4200.0 kB  78.6 MB

                 weights.bin  µs per step  10–90 %    times faster
dense compiled   157.3 MB     14.4         14.0–15.0  1.00
sparse compiled  8519.0 kB    2.75         2.70–2.90  5.24
portable Go      8519.0 kB    143          140–150    0.10
(kernels avx2; medians over 101 rounds in turn, not pinned to a processor; the clock drifted by 1.2 %)
`
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestStepTime(t *testing.T) {
	for ns, want := range map[float64]string{80: "0.08", 9_990: "9.99", 10_000: "10.0", 123_456: "123", 6_300_000: "6300"} {
		if got := stepTime(ns); got != want {
			t.Errorf("%v ns: %q, want %q", ns, got, want)
		}
	}
}
