package asm

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestGuardPages runs every kernel on matrices of many shapes with its arguments
// between pages that cannot be touched, on numbers of all kinds: what the calls
// say that a kernel may touch is all that it does, and the assembly gives the bits
// of the interpreter, NaN for NaN.
func TestGuardPages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	programs := kernelPrograms(t)
	r := newRunner(t, programs)
	for _, pkg := range slices.Sorted(maps.Keys(programs)) {
		for i, w := range waysOf(programs[pkg]) {
			if w.level > r.level {
				continue
			}
			for j, kind := range slices.Sorted(maps.Keys(operandKinds)) {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(j)))
				if fault := r.do(t, w.trial(t, pkg, w.draw(rng, kind))); fault != "" {
					t.Errorf("%s: %s", kind, fault)
				}
			}
		}
	}
}

// TestTrialCatches breaks trials in one place each and wants the runner to say so:
// a kernel that is told of less memory than it touches, is given an index out of
// range, or gives another result.
func TestTrialCatches(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	p := &kernel.Program{Name: "m"}
	m := iid(rand.New(rand.NewPCG(1, 2)), 40, 20, 1, 1)
	addMatrix(t, p, "m", m, "dense", 0)
	addMatrix(t, p, "m", m, "csr", 0)
	r := newRunner(t, map[string]*kernel.Program{"m": p})
	for _, row := range []struct {
		name, how, want string
		spoil           func(trial *Trial)
	}{
		{"nothing", "dense", "", func(*Trial) {}},
		{"src", "dense", "matvecF32Dense32AVX2/float32: touched byte 76 of the 76 of argument 2", func(trial *Trial) {
			trial.Calls[0].Args[2].Len = 19
		}},
		{"section", "dense", "matvecF32Dense8AVX2/float32: touched byte 636 of the 636 of argument 3", func(trial *Trial) {
			trial.Slack, trial.Sections[0] = 0, trial.Sections[0][:len(trial.Sections[0])-4]
		}},
		{"slack", "dense", "", func(trial *Trial) {
			trial.Sections[0] = trial.Sections[0][:len(trial.Sections[0])-4]
			trial.Tolerance[39] = AnyNumber
		}},
		{"init before", "csr", "touched byte -4 of the 160 of argument 1", func(trial *Trial) {
			places := trial.Sections[2]
			trial.Sections[2] = append([]byte{0xff, 0xff}, places[2:]...)
			trial.Tolerance[0] = AnyNumber
		}},
		{"dst behind", "dense", "matvecF32Dense8AVX2/float32: touched byte 28 of the 28 of argument 0", func(trial *Trial) {
			trial.Calls[1].Args[0].Len--
		}},
		{"result", "dense", "element 17 is", func(trial *Trial) {
			trial.Want[17] = math.Nextafter32(trial.Want[17], 0)
		}},
		{"not a number", "dense", "element 3 is", func(trial *Trial) { trial.Want[3] = float32(math.NaN()) }},
		{"finite", "dense", "element 3 is", func(trial *Trial) { trial.Tolerance[3] = float32(math.Inf(1)) }},
	} {
		for _, w := range waysOf(p) {
			if w.portable || w.name != "m/"+row.how {
				continue
			}
			trial := w.trial(t, "m", w.draw(rand.New(rand.NewPCG(3, 4)), "normal"))
			row.spoil(trial)
			if fault := r.do(t, trial); (fault == "") != (row.want == "") || !strings.Contains(fault, row.want) {
				t.Errorf("%s: %q, want %q", row.name, fault, row.want)
			}
		}
	}
}

// kernelPrograms have every kernel that there is, with small matrices of many
// shapes.
func kernelPrograms(t testing.TB) map[string]*kernel.Program {
	programs := map[string]*kernel.Program{}
	for _, level := range kernel.Levels() {
		p := matvecProgram(t, level)
		p.Level = AVX512
		programs[level.String()] = p
	}
	for _, streams := range lockstepSizes {
		p := lockstepProgram(t, streams)
		addProduct(t, p, "24x9", iid(rand.New(rand.NewPCG(24, 9)), 24, 9, 1, 0.5), true, 0) // a panel of three groups
		programs[fmt.Sprintf("by%d", streams)] = p
	}
	return programs
}
