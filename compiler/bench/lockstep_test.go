package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestKernelsLockstep times streams in one block and in several, a sparse and a
// dense choice.
func TestKernelsLockstep(t *testing.T) {
	needAVX2(t)
	for _, tc := range []struct {
		sparsity float64
		streams  int
		all      bool
		want     string
	}{
		{0.9, 8, false, "stream dense csr-asm csr-go"},
		{0.9, 33, true, "stream dense csr-asm csr-go"},
		{0, 3, false, "dense csr-asm csr-go"},
		{0, 3, true, "dense stream csr-asm csr-go"},
	} {
		p := Product{Rows: 33, Cols: 40, Pattern: pattern(t, "iid"), Sparsity: tc.sparsity}
		k, err := Kernels(t.Context(), p, KernelOptions{Streams: tc.streams, All: tc.all, Budget: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for i, r := range k.Rows {
			names = append(names, r.Strategy)
			// As in TestKernels, of at most 40 products.
			if !(r.MaxRelErr > 0 && r.MaxRelErr < 40*0x1p-21) || r.NS <= 0 || r.Steps < 1 || r.BytesPerNNZ < 4 {
				t.Errorf("%v, %d streams: %+v", p, tc.streams, r)
			}
			if r.Chosen != (i == 0) || (r.Predicted > 0) != (r.Strategy != CSRGo) || (r.ISA == "avx2") != (r.Strategy != CSRGo) {
				t.Errorf("%v, %d streams: %+v", p, tc.streams, r)
			}
		}
		if got := strings.Join(names, " "); got != tc.want {
			t.Errorf("%v, %d streams: rows %q, want %q", p, tc.streams, got, tc.want)
		}
	}
}

// TestKernelsStreams holds that all streams are computed, each from an x of its
// own.
func TestKernelsStreams(t *testing.T) {
	needAVX2(t)
	const streams = 12
	p := Product{Rows: 24, Cols: 16, Pattern: pattern(t, "iid"), Sparsity: 0.5}
	c, err := newKernelCase(t.Context(), p, KernelOptions{Streams: streams})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), c.subjects(0), nil, Options{Slice: KernelSlice, Budget: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	x := vectors(defaultFrames, 0, p.Cols)
	for _, row := range r.Rows {
		if len(row.Output) != streams*p.Rows {
			t.Fatalf("%s: %d elements, want %d", row.Name, len(row.Output), streams*p.Rows)
		}
		for s := range streams {
			want := reference(c.w, x[s*p.Cols:], 1)
			// As in TestKernels, of at most 16 products.
			if e := maxRelErr(row.Output[s*p.Rows:(s+1)*p.Rows], want); !(e < 16*0x1p-21) {
				t.Errorf("%s: stream %d is off by %v", row.Name, s, e)
			}
		}
	}
}

func TestKernelsLockstepErrors(t *testing.T) {
	p := Product{Rows: 8, Cols: 8}
	for want, o := range map[string]KernelOptions{
		"8x8 iid 0: int8 weights for 8 streams: want float32": {Streams: 8, Weights: sparse.Int8},
		"8x8 iid 0: 65 streams in lockstep: want 2 to 64":     {Streams: 65},
	} {
		if _, err := Kernels(t.Context(), p, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
