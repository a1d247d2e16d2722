package trainer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestJSONLines: every line is an object with its event, the keys are those of a
// known set, and a clock changes no number but times.
func TestJSONLines(t *testing.T) {
	c := tiny(t, Text)
	c.Pruning.Density = 0.3
	var out bytes.Buffer
	lines := NewJSONLines(&out)
	now := time.Unix(0, 0)
	ticking := run(t, c, Options{Observer: lines, Now: func() time.Time { now = now.Add(time.Second); return now }})
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	keys := map[string]string{}
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		keys[fields["event"].(string)] = strings.Join(slices.Sorted(maps.Keys(fields)), " ")
	}
	want := map[string]string{
		"started":   "event kernel parameters prunable step steps_per_epoch task total",
		"step":      "epoch event grad_norm loss rate step targets targets_per_second total",
		"pruned":    "density event step",
		"validated": "best density elapsed_ns event step train valid waited",
		"finished":  "density early elapsed_ns event step test times valid",
	}
	if !maps.Equal(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
	if !sameBits(ticking.Model, run(t, c, Options{}).Model) {
		t.Error("the clock changes the result")
	}
}

func TestProgressReachesTheEnd(t *testing.T) {
	var out bytes.Buffer
	r := run(t, tiny(t, Text), Options{Observer: NewProgress(&out, "dense"), Now: time.Now})
	if text := out.String(); !strings.Contains(text, "120/120") || !strings.Contains(text, "dense: "+r.Valid.String()) {
		t.Errorf("%q, want all steps and the score %s", text, r.Valid)
	}
}
