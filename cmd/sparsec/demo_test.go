package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/sparse"
)

// tinyDemo is a demo of seconds.
var tinyDemo = demoSize{text: 60_000, embed: 8, streams: 4, window: 16, steps: 30, rate: 8e-3,
	training: time.Minute, timing: 20 * time.Millisecond, sample: 50}

// tinyDemoOn is a demo on a text that the test makes up.
func tinyDemoOn(t *testing.T, out string) *demo {
	t.Helper()
	file := filepath.Join(t.TempDir(), "text.txt")
	text := strings.Repeat("To be, or not to be, that is the question:\nWhether 'tis \"nobler\" in the `mind` \\ to süffer\n", 400)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return &demo{data: file, out: out, hidden: 32, sparsity: .75, pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}, seed: 1}
}

func TestDemo(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "new", "demo")
	var stdout, stderr bytes.Buffer
	if err := tinyDemoOn(t, out).run(t.Context(), &env{stdout: &stdout, stderr: &stderr}, tinyDemo); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	for _, want := range []string{
		`(?m)^ +bits per character +size +µs per step +times faster$`,
		`(?m)^dense, compiled +\d\.\d{3} .* 1\.00$`, `(?m)^sparse, compiled `, `(?m)^sparse, portable Go `, `(?m)^dense, gonum loop `,
		`lane8x8, 75\.0 % zero`, `generic: largest error`, regexp.QuoteMeta("The package is in " + filepath.Join(out, demoPackage)),
	} {
		if !regexp.MustCompile(want).Match(stdout.Bytes()) {
			t.Errorf("output lacks %s:\n%s", want, &stdout)
		}
	}
	if !strings.Contains(stderr.String(), "30/30") {
		t.Errorf("progress lacks the last step:\n%s", &stderr)
	}
	checkDemoLeft(t, parent, out)
}

// checkDemoLeft looks at the folder that a demo leaves.
func checkDemoLeft(t *testing.T, parent, out string) {
	entries, err := os.ReadDir(filepath.Join(parent, "new"))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the folder: %v, error %v", entries, err)
	}
	for name, density := range map[string][2]float64{denseFile: {.99, 1}, sparseFile: {.235, .251}} {
		m, meta, err := ckpt.Read(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if meta["vocabulary"] == "" {
			t.Errorf("%s: no vocabulary", name)
		}
		kept, all := 0, 0
		for _, tensor := range []string{"gru0.weight_ih", "gru0.weight_hh", "out.weight"} {
			w := m.Param(tensor)
			kept += (&sparse.Matrix{Rows: w.Shape[0], Cols: w.Shape[1], Data: w.Data}).NNZ()
			all += len(w.Data)
		}
		if d := ratio(kept, all); d < density[0] || d > density[1] {
			t.Errorf("%s: density %v, want %v", name, d, density)
		}
	}
	sample := func(args ...string) string {
		cmd := exec.Command("go", append([]string{"run", "."}, args...)...)
		cmd.Dir = out
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go run .: %v\n%s", err, text)
		}
		return string(text)
	}
	text := sample("-n", "40", "-prompt", "sü")
	if n := len([]rune(text)); n != 40+2+1 || !strings.HasPrefix(text, "sü") {
		t.Errorf("sample of %d characters %q, want 40 behind sü and a newline", n, text)
	}
	if again, other := sample("-n", "40", "-prompt", "sü"), sample("-n", "40", "-prompt", "sü", "-seed", "2"); text != again || text == other {
		t.Errorf("the seed does not decide the sample: %q, again %q, with another %q", text, again, other)
	}
	vet := exec.Command("go", "vet", "./...")
	vet.Dir = out
	if said, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, said)
	}
}

// TestDemoCancelled ends the demo at each of its phases: nothing may be left.
func TestDemoCancelled(t *testing.T) {
	for _, phase := range []string{"training", "compiling", "building", "timing"} {
		t.Run(phase, func(t *testing.T) {
			parent := t.TempDir()
			d := tinyDemoOn(t, filepath.Join(parent, "demo"))
			t.Setenv("TMPDIR", t.TempDir())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := d.run(ctx, &env{stdout: &bytes.Buffer{}, stderr: writerFunc(func(p []byte) {
				if bytes.HasPrefix(p, []byte(phase)) {
					cancel()
				}
			})}, tinyDemo)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want that of the context", err)
			}
			for _, dir := range []string{parent, os.TempDir()} {
				if left, _ := fs.Glob(os.DirFS(dir), "*"); len(left) > 0 {
					t.Errorf("left in %s: %v", dir, left)
				}
			}
		})
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func TestDemoBudget(t *testing.T) {
	for _, tc := range []struct {
		hidden, embed, classes int
		sparsity               float64
		want                   string
	}{
		{256, 48, 128, .9, "[gru0.weight_ih=0.2500 gru0.weight_hh=0.0635 out.weight=0.1500]"},
		{256, 48, 128, .5, "[gru0.weight_ih=1.0000 gru0.weight_hh=0.3646 out.weight=0.7500]"},
		{16, 48, 128, .9, "[]"},
	} {
		d := demo{hidden: tc.hidden, sparsity: tc.sparsity}
		if got := fmt.Sprint(d.budget(tc.embed, tc.classes)); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
}

func someResult() *bench.Result {
	return &bench.Result{CPU: 1, Rounds: 101, Drift: .012, Rows: []bench.Row{
		{Name: bench.Dense, Kernel: "avx2", Steps: 100, NS: 14_400, Low: 14_000, High: 15_000, Ratio: 1},
		{Name: bench.Sparse, Kernel: "avx2", Steps: 900, NS: 2_750, Low: 2_700, High: 2_900, Ratio: 5.2364},
		{Name: bench.Portable, Kernel: "generic", Steps: 50, NS: 143_000, Low: 140_000, High: 150_000, Ratio: .1},
		{Name: gonumRow, Steps: 50, NS: 51_700, Low: 50_000, High: 55_000, Ratio: .2785},
	}}
}

func TestDemoReport(t *testing.T) {
	r := demoReport{
		denseBits: 2.97321, sparseBits: 3.1, denseBytes: 1_096_300, sparseBytes: 156_200, label: "lane8x8, 90.0 % zero",
		times: someResult(), sample: "func f() {\n}\n", folder: "dir", command: "sparsec",
		verified: &verify.Report{Frames: 200, Runs: []verify.KernelRun{{Kernel: "avx2", Outputs: []verify.OutputError{{Name: "out", MaxAbs: 1.3e-6}}}}},
	}
	const want = `
                     bits per character  size       µs per step  times faster
dense, compiled      2.973               1096.3 kB  14.4         1.00
sparse, compiled     3.100               156.2 kB   2.75         5.24
sparse, portable Go  3.100               156.2 kB   143          0.10
dense, gonum loop    2.973               1096.3 kB  51.7         0.28
(sparse: lane8x8, 90.0 % zero; bits: of held-out text; size: weights with indices;
kernels avx2, generic; medians over 101 rounds in turn, one thread pinned to processor 1; the clock drifted by 1.2 %)

verified against the float64 reference:
  avx2: largest error of "out" over 200 steps 1.3e-06; masks equal

text from the compiled sparse model:
  func f() {
  }

The package is in dir/charnet
Try next:
  cd dir && go run . -seed 2 -n 1000
  cd dir && go test ./... && go test -bench . ./charnet
  sparsec inspect dir/sparse.ckpt
  sparsec bench dir/sparse.ckpt
`
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	if filepath.ToSlash(b.String()) != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

// TestDemoProgress shows two runs as lines and as bars.
func TestDemoProgress(t *testing.T) {
	now := time.Unix(0, 0)
	clock := func() time.Time { return now }
	steps := func(p *demoProgress) {
		for i := range 4 {
			now = now.Add(6 * time.Second)
			p.report(0, i+1, 8, "2.50 bits/char")
			p.report(1, i+1, 8, "2.60 bits/char, 40 % of weights")
		}
		p.finish()
	}
	var lines strings.Builder
	steps(newDemoProgress(&lines, clock, "dense", "sparse"))
	const want = "" +
		"  dense 3/8 2.50 bits/char | sparse 2/8 2.60 bits/char, 40 % of weights (36s left)\n" +
		"  dense 4/8 2.50 bits/char | sparse 4/8 2.60 bits/char, 40 % of weights (18s left)\n"
	if lines.String() != want {
		t.Errorf("lines\n%s\nwant\n%s", &lines, want)
	}

	var bars strings.Builder
	p := newDemoProgress(&bars, clock, "dense", "sparse")
	p.terminal, p.width = true, 60
	steps(p)
	draws := strings.Split(bars.String(), "\x1b[2A")
	if len(draws) != 4 {
		t.Fatalf("drawn %d times, want once for every step but the first, and at the end:\n%q", len(draws), &bars)
	}
	for _, draw := range draws {
		rows := strings.SplitAfter(draw, "\n")
		if len(rows) != 3 || rows[2] != "" {
			t.Fatalf("%q: want two lines", draw)
		}
		for _, row := range rows[:2] {
			text, ok := strings.CutSuffix(row, "\x1b[K\n")
			if n := len([]rune(text)) - 1; !ok || n >= p.width {
				t.Errorf("row %q: %d columns, want fewer than %d and the rest cleared", row, n, p.width)
			}
		}
	}
}
