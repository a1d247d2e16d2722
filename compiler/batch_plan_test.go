package compiler

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
)

// TestBatchPlan compiles for streams in lockstep by plans: the compiler's own, one
// without choices for streams, one that was edited, and one for other blocks.
func TestBatchPlan(t *testing.T) {
	m := model(t, "lstm and rnn joined", 33, 0.2, 1)
	o := Options{Package: "m", Pass: small, Batch: 12}
	free, err := Compile(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	if free.Plan.Streams != 16 || free.Batch.Batch != 16 {
		t.Fatalf("a plan for blocks of %d streams, a program for %d, want 16", free.Plan.Streams, free.Batch.Batch)
	}
	for i, e := range free.Plan.Matrices {
		if got := free.Batch.Matrices[i].Strategy; e.Lockstep == nil || got != kernel.Strategy(e.Lockstep.Strategy) {
			t.Errorf("matrix %q is %v in the program, %+v in the plan", e.Name, got, e.Lockstep)
		}
	}
	old, err := schedule.Choose(free.Model, schedule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, plan := range map[string]*schedule.Plan{"its own": free.Plan, "for one stream": old} {
		o.Plan = plan
		planned, err := Compile(t.Context(), m, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(planned.Files, free.Files) {
			t.Errorf("the plan %s compiled to another package", name)
		}
	}
	edited := free.Plan.WithLockstep(free.Model, schedule.Options{Force: []schedule.Force{{Tensor: "*", Strategy: "dense"}}}, 16)
	o.Plan = edited
	dense, err := Lower(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range dense.Batch.Matrices {
		if got := dense.Batch.Matrices[i].Strategy; got != kernel.Dense {
			t.Errorf("matrix %q is %v, the plan says dense", dense.Batch.Matrices[i].Name, got)
		}
	}
	if reflect.DeepEqual(edited.Matrices, free.Plan.Matrices) {
		t.Error("dense was the choice before: want a model where it is not")
	}
	o.Batch = 4
	if _, err := Lower(t.Context(), m, o); err == nil || !strings.Contains(err.Error(), "plan: for blocks of 16 streams in lockstep, want blocks of 8 for 4 streams") {
		t.Errorf("error %v", err)
	}
	o.Batch = 0
	if p, err := Lower(t.Context(), m, o); err != nil || p.Batch != nil {
		t.Errorf("without streams: error %v", err)
	}
	for _, n := range []int{-3, 1, 65} {
		o.Batch = n
		if _, err := Lower(t.Context(), m, o); err == nil || !strings.Contains(err.Error(), "streams in lockstep: want 2 to 64") {
			t.Errorf("%d streams: error %v", n, err)
		}
	}
}
