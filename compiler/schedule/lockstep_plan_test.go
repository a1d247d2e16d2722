package schedule

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestLockstepPlan reads choices for streams in lockstep back, and finds plans whose
// choices are not sound.
func TestLockstepPlan(t *testing.T) {
	m := linear(64, 128, iid(0.05))
	alone, err := Choose(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan := alone.WithLockstep(m, Options{}, 16)
	if alone.Streams != 0 || alone.Matrices[0].Lockstep != nil {
		t.Errorf("the plan for one stream has choices for %d: %+v", alone.Streams, alone.Matrices[0].Lockstep)
	}
	text, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Check(m); err != nil {
		t.Error(err)
	}
	got := back.Matrices[0].Lockstep
	if back.Streams != 16 || !reflect.DeepEqual(got, plan.Matrices[0].Lockstep) || kernel.Strategy(got.Strategy) != kernel.Stream {
		t.Errorf("read back %d streams, %+v", back.Streams, got)
	}
	for _, r := range []struct{ old, new, want string }{
		{`"streams": 16`, `"streams": 12`, "plan: blocks of 12 streams in lockstep: want a multiple of 8 up to 32"},
		{`"streams": 16`, `"streams": -8`, "plan: blocks of -8 streams"},
		{`"streams": 16,`, ``, `plan: matrix "w": want a choice for streams in lockstep in all matrices and their number, or neither`},
		{`"strategy": "stream"`, `"strategy": "csr"`, `strategy "csr" for streams in lockstep: want dense or stream`},
	} {
		changed := strings.Replace(string(text), r.old, r.new, 1)
		if changed == string(text) {
			t.Fatalf("no %s in\n%s", r.old, text)
		}
		p, err := Decode(strings.NewReader(changed))
		if err == nil {
			err = p.Check(m)
		}
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s for %s: error %v, want one with %q", r.new, r.old, err, r.want)
		}
	}
}
