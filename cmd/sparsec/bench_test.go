package main

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func TestBenchReport(t *testing.T) {
	result := someResult()
	result.Rows = result.Rows[:3]
	result.Rows[1].Kernel = "avx512"
	result.CPU = -1
	wide := &schedule.Choice{Strategy: schedule.Strategy{Kernel: schedule.Chunk}, Work: schedule.Work{Bytes: 4_100_000}}
	narrow := schedule.Choice{Strategy: schedule.Strategy{Kernel: schedule.Window, Index: sparse.Exponent}, Work: schedule.Work{Bytes: 4_200_000}}
	dense, both := &kernel.Program{}, &kernel.Program{Level: kernel.AVX512, Matrices: []kernel.Matrix{{Wide: &kernel.Form{}}, {}}}
	r := benchReport{Model: "m", DenseSize: 157_300_000, SparseSize: 8_519_000, Result: result, Matrices: []schedule.Entry{
		{Name: "gru0.weight_ih", Rows: 7680, Cols: 2560, Density: .05, Pattern: "lane8x8", Choice: narrow},
		{Name: "gru0.weight_hh", Rows: 7680, Cols: 2560, Density: .05, Pattern: "lane8x8", Choice: narrow, Wide: wide},
	}, programs: []*kernel.Program{dense, both, both}}
	const want = `matrix          shape      density  pattern  strategy         bytes      dense bytes
gru0.weight_ih  7680×2560  5.0 %    lane8x8  window/exponent  4200.0 kB  78.6 MB
gru0.weight_hh  7680×2560  5.0 %    lane8x8  chunk            4100.0 kB  78.6 MB

                 kernels                    weights.bin  µs per step  10–90 %    times faster
dense compiled   avx2                       157.3 MB     14.4         14.0–15.0  1.00
sparse compiled  avx512 in 1 of 2 matrices  8519.0 kB    2.75         2.70–2.90  5.24
portable Go      generic                    8519.0 kB    143          140–150    0.10
(medians over 101 rounds in turn, not pinned to a processor; the clock drifted by 1.2 %)
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

// TestKernelsOf: a package with kernels of AVX-512 for some matrices was said to run
// those of its dense twin.
func TestKernelsOf(t *testing.T) {
	both := func(wide ...*kernel.Form) *kernel.Program {
		p := &kernel.Program{Base: kernel.AVX2, Level: kernel.AVX512}
		for _, w := range wide {
			p.Matrices = append(p.Matrices, kernel.Matrix{Wide: w})
		}
		return p
	}
	form := &kernel.Form{}
	for _, tc := range []struct {
		ran  string
		p    *kernel.Program
		want string
	}{
		{"avx512", both(form, nil, form), "avx512 in 2 of 3 matrices"},
		{"avx512", both(form, form), "avx512"},
		{"avx512", &kernel.Program{Base: kernel.AVX512, Level: kernel.AVX512, Matrices: make([]kernel.Matrix, 2)}, "avx512"},
		{"avx2", both(form, nil), "avx2"},
		{"generic", both(form, nil), "generic"},
	} {
		if got := kernelsOf(bench.Row{Kernel: tc.ran}, tc.p); got != tc.want {
			t.Errorf("%s of a program from %v on: %q, want %q", tc.ran, tc.p.Base, got, tc.want)
		}
	}
	r := &bench.Result{CPU: -1, Rows: []bench.Row{{Kernel: "avx2"}, {Kernel: "avx512"}, {Name: "loop"}, {Kernel: "avx2"}}}
	if got, want := measured(r), "kernels avx2, avx512; medians over 0 rounds in turn, not pinned to a processor; the clock drifted by 0.0 %"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
