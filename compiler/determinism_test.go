package compiler

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir/kernel"
)

// TestEveryStrategyIsDeterministic compiles a model twice with each strategy, for
// both levels, and wants the same bytes: no map's order, address or clock gets into
// a packed matrix, a kernel or the Go around it.
func TestEveryStrategyIsDeterministic(t *testing.T) {
	m := withoutSmall(model(t, "lstm and rnn joined", 33, 0.2, 1))
	targets := []schedule.Target{schedule.Zen4(kernel.AVX2), schedule.Zen4(kernel.AVX512)}
	for _, s := range schedule.Strategies() {
		o := Options{Package: "m", Pass: quick, Frames: -1}
		o.Schedule = schedule.Options{Targets: targets, Force: []schedule.Force{{Tensor: "*", Strategy: s.String()}}}
		first, err := Compile(context.Background(), m, o)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		second, err := Compile(context.Background(), m, o)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if plan, err := first.Plan.Encode(); err != nil || !bytes.Contains(plan, []byte(s.String())) {
			t.Errorf("%s is not in the plan: %v\n%s", s, err, plan)
		}
		for i, f := range first.Files {
			if !reflect.DeepEqual(f, second.Files[i]) {
				t.Errorf("%s: %s differs", s, f.Name)
			}
		}
	}
}
