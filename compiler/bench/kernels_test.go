package bench

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/sparsec/sparsec/compiler/cluster"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func pattern(t *testing.T, name string) Pattern {
	t.Helper()
	p, err := ParsePattern(name)
	if err != nil {
		t.Fatal(err)
	}
	if p.String() != name {
		t.Errorf("%q is read as %q", name, p)
	}
	return p
}

// needAVX2 skips a test of kernels where there are none.
func needAVX2(t *testing.T) {
	t.Helper()
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		t.Skip("no AVX2 on this machine")
	}
}

func TestKernels(t *testing.T) {
	needAVX2(t)
	products := []Product{
		{Rows: 96, Cols: 40, Pattern: pattern(t, "iid"), Sparsity: 0.9},
		{Rows: 33, Cols: 64, Pattern: pattern(t, "lane8x8"), Sparsity: 0.75, Seed: 1},
	}
	all, err := KernelsOf(t.Context(), products, KernelOptions{All: true, Budget: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range all {
		if k.Product != products[i] || !k.Rows[0].Chosen || k.Rounds < MinRounds {
			t.Errorf("%+v", k)
		}
		for _, name := range []string{DenseKernel, CSRAssembly, CSRGo, "block8"} {
			if k.Row(name) == nil {
				t.Errorf("%v: no row %s", k.Product, name)
			}
		}
		for _, r := range k.Rows {
			t.Logf("%v %+v", k.Product, r)
			// Sums of at most 64 products, of which few are much larger than the
			// root mean square of the sums: each rounds by 2^-24.
			if !(r.MaxRelErr < 64*0x1p-21) || r.NS <= 0 || r.Steps < 1 || r.BytesPerNNZ < 4 {
				t.Errorf("%v: %+v", k.Product, r)
			}
		}
	}
	for _, r := range all[0].Rows {
		if b := r.Bound; r.Strategy != CSRGo && (b.NS <= 0 || b.NS > r.Predicted) {
			t.Errorf("%+v: want a bound, below what is predicted", r)
		}
	}
	if csr := all[0].Row(CSRGo); csr.ISA != "generic" || csr.Predicted != 0 || csr.Bound.NS != 0 {
		t.Errorf("%+v", csr)
	}
}

// TestKernelsChosen holds that a choice that every table has is not timed twice.
func TestKernelsChosen(t *testing.T) {
	needAVX2(t)
	k, err := Kernels(t.Context(), Product{Rows: 64, Cols: 32}, KernelOptions{Budget: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range k.Rows {
		names = append(names, r.Strategy)
	}
	if got := strings.Join(names, " "); got != "dense csr-asm csr-go" {
		t.Errorf("rows %q", got)
	}
}

func TestKernelsErrors(t *testing.T) {
	_, err := Kernels(t.Context(), Product{Rows: -1, Cols: 1 << 20, Sparsity: 1.5}, KernelOptions{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"shape -1x1048576: want sides of 1 to 32768", "sparsity 1.5: want 0 up to, not including, 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want it to name %s", err, want)
		}
	}
	_, err = Kernels(t.Context(), Product{Rows: 8, Cols: 8, Sparsity: 0.999}, KernelOptions{})
	if err == nil || !strings.Contains(err.Error(), `8x8 iid 0.999: no weight is left`) {
		t.Errorf("error %v", err)
	}
	o := KernelOptions{ISA: kernel.AVX512}
	if err := o.checkLevel("generic"); err == nil || err.Error() != "this machine has no avx512: its packages run the generic kernels" {
		t.Errorf("error %v", err)
	}
	if _, err := ParsePattern("diagonal"); err == nil || !strings.Contains(err.Error(), "want iid, mag, dense, blockRxC or laneRxC") {
		t.Errorf("error %v", err)
	}
}

// TestProductOrder holds that rows are in the order of the compiler: an order
// that packs in fewer steps than the one that was drawn.
func TestProductOrder(t *testing.T) {
	p := Product{Rows: 256, Cols: 128, Sparsity: 0.9}
	w, err := p.matrix(cluster.Windows)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.matrix(cluster.Windows)
	if err != nil {
		t.Fatal(err)
	}
	mag := p
	mag.Pattern = pattern(t, "mag")
	other, err := mag.matrix(cluster.Windows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.Data {
		if w.Data[i] != again.Data[i] {
			t.Fatal("the same product gives another matrix")
		}
	}
	if w.NNZ() != 3277 || other.NNZ() != 3277 {
		t.Errorf("%d and %d weights, want a tenth of 32768", w.NNZ(), other.NNZ())
	}
	drawn, err := p.draw()
	if err != nil {
		t.Fatal(err)
	}
	ordered, _ := sparse.WindowSteps(w, sparse.NarrowWindow, sparse.Fixed)
	before, _ := sparse.WindowSteps(drawn, sparse.NarrowWindow, sparse.Fixed)
	if float64(ordered) > 0.9*float64(before) {
		t.Errorf("%d window steps, %d before", ordered, before)
	}
}
