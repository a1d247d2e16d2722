package tune

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

func lower(t *testing.T, levels ...kernel.Level) (*compiler.Package, compiler.Options) {
	t.Helper()
	m, err := bench.Random(bench.Layer{Cell: "gru", Hidden: 40, Input: 16, Sparsity: .8, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}})
	if err != nil {
		t.Fatal(err)
	}
	o := compiler.Options{Package: "m", Frames: -1}
	for _, l := range levels {
		o.Schedule.Targets = append(o.Schedule.Targets, schedule.Zen4(l))
	}
	p, err := compiler.Lower(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return p, o
}

// TestTune holds that a plan names what was fastest, that it survives its text
// form, and that it compiles twice to the same bytes.
func TestTune(t *testing.T) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		t.Skip("no AVX2 on this machine")
	}
	p, o := lower(t, kernel.AVX2)
	before, err := p.Plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	plan, report, err := Tune(t.Context(), p, Options{All: true, Budget: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := p.Plan.Encode(); !bytes.Equal(before, after) {
		t.Error("the cost model's plan was changed")
	}
	chosen := map[string]int{}
	dense := 0
	for _, m := range report.Timings {
		if m.Measured <= 0 || m.Predicted <= 0 || m.ISA != kernel.AVX2 {
			t.Errorf("%+v", m)
		}
		if m.Strategy.Kernel == schedule.Dense {
			dense++
		}
		if m.Chosen {
			chosen[m.Matrix]++
			if e := plan.Entry(m.Matrix); e.Strategy != m.Strategy {
				t.Errorf("%s: plan has %s, the report %s", m.Matrix, e.Strategy, m.Strategy)
			}
		}
	}
	if len(chosen) != 2 || dense != 2 || len(report.Timings) < 8 {
		t.Errorf("%d timings, %d of dense, choices %v", len(report.Timings), dense, chosen)
	}
	text, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var packages [2]*compiler.Package
	for i := range packages {
		if o.Plan, err = schedule.Decode(bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		m, err := bench.Random(bench.Layer{Cell: "gru", Hidden: 40, Input: 16, Sparsity: .8, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 8, C: 8}})
		if err != nil {
			t.Fatal(err)
		}
		if packages[i], err = compiler.Compile(t.Context(), m, o); err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range packages[0].Files {
		if g := packages[1].Files[i]; f.Name != g.Name || !bytes.Equal(f.Data, g.Data) {
			t.Errorf("%s and %s differ", f.Name, g.Name)
		}
	}
}

// trials are made up: the loop, and straight-line code of so many bytes.
func trials(p *schedule.Plan, level kernel.Level, loop, straight [2]float64, code [2]int) []trial {
	var list []trial
	for i := range 2 {
		timing := Timing{Matrix: p.Matrices[i].Name, Entry: i, ISA: level, Strategy: schedule.Strategy{Kernel: schedule.Window}, Measured: loop[i]}
		list = append(list, trial{Timing: timing})
		timing.Strategy.Kernel, timing.Measured = schedule.Unrolled, straight[i]
		list = append(list, trial{Timing: timing, work: schedule.Work{Code: code[i]}})
		timing.Strategy, timing.Measured = schedule.Strategy{}, 1000
		list = append(list, trial{Timing: timing})
	}
	return list
}

func TestChoose(t *testing.T) {
	budget := schedule.Zen4(kernel.AVX2).CodeBudget
	for _, tc := range []struct {
		name           string
		loop, straight [2]float64
		code           [2]int
		want           [2]schedule.Kernel
	}{
		{"loops are faster", [2]float64{10, 20}, [2]float64{11, 21}, [2]int{64, 64}, [2]schedule.Kernel{schedule.Window, schedule.Window}},
		{"both fit", [2]float64{10, 20}, [2]float64{9, 19}, [2]int{64, 64}, [2]schedule.Kernel{schedule.Unrolled, schedule.Unrolled}},
		{"one fits", [2]float64{10, 20}, [2]float64{9, 10}, [2]int{budget, budget}, [2]schedule.Kernel{schedule.Window, schedule.Unrolled}},
		{"more for a byte", [2]float64{10, 20}, [2]float64{9, 18}, [2]int{budget / 4, budget}, [2]schedule.Kernel{schedule.Unrolled, schedule.Window}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, _ := lower(t, kernel.AVX2)
			tuner := &tuner{pack: p, trials: trials(p.Plan, kernel.AVX2, tc.loop, tc.straight, tc.code)}
			tuner.choose(p.Plan, kernel.AVX2)
			for i, want := range tc.want {
				if got := p.Plan.Matrices[i].Strategy.Kernel; got != want {
					t.Errorf("matrix %d: %v, want %v", i, got, want)
				}
			}
		})
	}
}

// TestShared holds that a second packed form has to be worth it.
func TestShared(t *testing.T) {
	for _, tc := range []struct {
		dense float64 // at AVX-512; the window takes 10
		want  schedule.Kernel
	}{{9.9, schedule.Window}, {9, schedule.Dense}} {
		p, _ := lower(t, kernel.AVX2, kernel.AVX512)
		none := [2]int{1 << 30, 1 << 30}
		list := trials(p.Plan, kernel.AVX512, [2]float64{10, 10}, [2]float64{99, 99}, none)
		list[2].Measured = tc.dense
		tuner := &tuner{pack: p, trials: append(list, trials(p.Plan, kernel.AVX2, [2]float64{10, 10}, [2]float64{99, 99}, none)...)}
		for _, level := range tuner.levels() {
			tuner.choose(p.Plan, level)
		}
		if got := p.Plan.Matrices[0].Wide.Strategy.Kernel; got != tc.want {
			t.Errorf("dense in %v: %v, want %v", tc.dense, got, tc.want)
		}
	}
}
