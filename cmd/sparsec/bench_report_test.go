package main

import (
	"testing"

	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/ir/kernel"
)

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
