package trainer

import "testing"

// TestBeginAtFirstStep: a Begin of 0 is the default, one below 0 the first step.
func TestBeginAtFirstStep(t *testing.T) {
	for _, row := range []struct {
		begin float64
		want  int
	}{{0, 10}, {-1, 0}, {-1e-9, 0}, {0.25, 50}} {
		c := PruningConfig{Density: 0.1, Begin: row.begin}.withDefaults()
		if s := c.span(200, 100); s.begin != row.want || s.end != 100 {
			t.Errorf("begin %v: steps %d to %d of 200, want %d to 100", row.begin, s.begin, s.end, row.want)
		}
	}
	c := tiny(t, Text)
	c.Pruning = PruningConfig{Density: 0.5, Begin: -1, Freq: 4}
	first := 0
	run(t, c, Options{Observer: ObserverFunc(func(e Event) {
		if p, ok := e.(Pruned); ok && p.Density < 1 && first == 0 {
			first = p.Step
		}
	})})
	if first != 4 {
		t.Errorf("weights are pruned from step %d on, want step 4", first)
	}
}
