package bench

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

func lane(t *testing.T, name string) sparse.Pattern {
	t.Helper()
	p, err := sparse.ParsePattern(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func random(t *testing.T, l Layer) *ir.Model {
	t.Helper()
	m, err := Random(l)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func twins(t *testing.T, m *ir.Model) []Subject {
	t.Helper()
	o := compiler.Options{Package: "m", Frames: -1}
	dense, err := CompileDense(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Schedule.Force = []schedule.Force{{Tensor: "*", Strategy: "window"}}
	sparse, err := compiler.Compile(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return Twins(dense, sparse)
}

func TestRandom(t *testing.T) {
	for _, tc := range []struct {
		name   string
		layer  Layer
		states int
		shapes [][]int
	}{
		{"gru", Layer{Cell: "gru", Hidden: 24, Sparsity: .75, Pattern: lane(t, "lane8x8")}, 1, [][]int{{72, 24}, {72, 24}}},
		{"lstm with input", Layer{Cell: "lstm", Hidden: 16, Input: 40, Sparsity: .9}, 2, [][]int{{64, 40}, {64, 16}}},
		{"two rnn layers", Layer{Cell: "rnn", Hidden: 32, Input: 8, Layers: 2, Sparsity: .5, Pattern: lane(t, "block8x1")}, 2,
			[][]int{{32, 8}, {32, 32}, {32, 32}, {32, 32}}},
		{"nothing left", Layer{Cell: "gru", Hidden: 8, Sparsity: 1}, 1, [][]int{{24, 8}, {24, 8}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := random(t, tc.layer)
			if len(m.States) != tc.states {
				t.Errorf("%d states, want %d", len(m.States), tc.states)
			}
			var shapes [][]int
			for _, p := range m.Params {
				if len(p.Shape) < 2 {
					continue
				}
				shapes = append(shapes, p.Shape)
				mask := sparse.MaskOf(&sparse.Matrix{Rows: p.Shape[0], Cols: p.Shape[1], Data: p.Data})
				// Each gate is rounded to a weight, or to a step of 8.
				if d, want := mask.Density(), 1-tc.layer.Sparsity; math.Abs(d-want) > .03*want {
					t.Errorf("%s: density %v, want %v", p.Name, d, want)
				}
			}
			if !slices.EqualFunc(shapes, tc.shapes, slices.Equal) {
				t.Errorf("shapes %v, want %v", shapes, tc.shapes)
			}
			again := random(t, tc.layer)
			tc.layer.Seed = 1
			other := random(t, tc.layer)
			last := len(m.Params) - 1 // a bias
			if !slices.Equal(again.Params[last].Data, m.Params[last].Data) || slices.Equal(other.Params[last].Data, m.Params[last].Data) {
				t.Error("the seed does not decide the weights")
			}
		})
	}
}

func TestRandomErrors(t *testing.T) {
	_, err := Random(Layer{Cell: "qrnn", Sparsity: 1.5, Layers: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`cell "qrnn"`, "hidden size 0", "sparsity 1.5", "-1 layers"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want it to name %s", err, want)
		}
	}
}

func TestRun(t *testing.T) {
	m := random(t, Layer{Cell: "gru", Hidden: 256, Sparsity: .95, Pattern: lane(t, "lane8x8")})
	calls := 0
	progress := 0
	r, err := Run(t.Context(), twins(t, m),
		[]Local{{Name: "sleep", Step: func() { calls++; time.Sleep(100 * time.Microsecond) }}},
		Options{Slice: 200 * time.Microsecond, Budget: 50 * time.Millisecond, Progress: func(done, total int) { progress = total - done }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Rounds < MinRounds || len(r.Rows) != 4 || progress != 0 || calls < r.Rounds {
		t.Fatalf("%+v; %d calls, progress ends at %d", r, calls, progress)
	}
	for _, row := range r.Rows {
		if !(row.Low > 0 && row.Low <= row.NS && row.NS <= row.High) || row.Steps < 4 {
			t.Errorf("%+v: want low ≤ median ≤ high and at least 4 steps", row)
		}
	}
	if ns := r.Row("sleep").NS; ns < 100e3 {
		t.Errorf("a step that sleeps 100 µs took %v ns", ns)
	}
	if k := r.Row(Portable).Kernel; k != "generic" {
		t.Errorf("the portable form runs kernel %q", k)
	}
	if r.Row(Dense).Kernel == "generic" {
		t.Skip("no assembly on this machine")
	}
	// 4 % of the products of the dense twin are left; a tenth of what is saved
	// would do.
	if got := r.Ratio(Dense, Sparse); got < 2 {
		t.Errorf("%.2f times faster than dense at 95 %%", got)
	}
}

func TestRunErrors(t *testing.T) {
	subjects := twins(t, random(t, Layer{Cell: "rnn", Hidden: 16}))
	other := twins(t, random(t, Layer{Cell: "rnn", Hidden: 16, Seed: 7}))
	broken := subjects[1]
	broken.Files = append(slices.Clone(broken.Files), txtar.File{Name: "extra.go", Data: []byte("package m\n\nvar x int = y\n")})
	for _, tc := range []struct {
		name     string
		subjects []Subject
		want     string
	}{
		{"none", nil, "no subjects"},
		{"another function", []Subject{subjects[0], other[1]}, `subject "sparse compiled": output element`},
		{"does not build", []Subject{subjects[0], broken}, "undefined: y"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Run(t.Context(), tc.subjects, nil, Options{}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestRunCancelled(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	subjects := twins(t, random(t, Layer{Cell: "rnn", Hidden: 16}))
	_, err := Run(ctx, subjects, nil, Options{Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestQuantile(t *testing.T) {
	for p, want := range map[float64]float64{0: 1, .5: 3, 1: 5, .25: 2, .1: 1.4} {
		if got := quantile([]float64{5, 1, 4, 2, 3}, p); got < want-1e-12 || got > want+1e-12 {
			t.Errorf("quantile %v: %v, want %v", p, got, want)
		}
	}
	if got := quantile([]float64{7}, .9); got != 7 {
		t.Errorf("of one: %v", got)
	}
}

// TestRunOfWholeSequences: a package that goes backwards takes all frames at once,
// so that each slice is whole sequences of the wanted length.
func TestRunOfWholeSequences(t *testing.T) {
	m := random(t, Layer{Cell: "gru", Hidden: 16})
	op := m.Nodes[0].Op.(ir.GRU)
	op.Direction = ir.Reverse
	m.Nodes[0].Op = op
	const frames = 50
	r, err := Run(t.Context(), twins(t, m), nil, Options{Slice: time.Microsecond, Budget: time.Millisecond, Frames: frames})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Steps == 0 || row.Steps%frames != 0 || len(row.Output) != frames*16 || !(row.NS > 0) {
			t.Errorf("%s: slices of %d frames, %d elements of output, %v ns a frame; want whole sequences of %d frames of 16", row.Name, row.Steps, len(row.Output), row.NS, frames)
		}
	}
}
