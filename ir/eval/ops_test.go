package eval

import (
	"math"
	"testing"
)

// TestWholeOps has the ops on groups and places, with numbers worked out on paper.
func TestWholeOps(t *testing.T) {
	m := parse(t, `input x [4]
param w [2 3]
param b [2]
param c [2 2]
node windows = Pick(x) spans=-1:1/0:2/1:3
node conv = Linear(windows) weight=w bias=b rows=2
node held = Constant() value=c
node turned = Pick(x) spans=3:4:-1/2:2:0
node sum = Reduce(x) func=sum size=2
node mean = Reduce(x) func=mean size=4
node largest = Reduce(x) func=max size=2
node smallest = Reduce(x) func=min size=2
node normal = Normalize(x) size=2 epsilon=0.75
node share = Softmax(x) size=2
node quotient = Binary(x, held) func=div
output conv`)
	m.Param("w").Data = []float32{1, 2, 3, -1, 0, 1}
	m.Param("b").Data = []float32{0.5, 0}
	m.Param("c").Data = []float32{1, 2, 4, 8}
	ln3 := math.Log(3)
	trace, err := newGraph(t, m).Trace([]Frame{{"x": {2, 3, ln3, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	e := math.E
	want := Frame{
		"windows":  {0, 2, 3, 3, ln3, 0},
		"conv":     {13.5, 3, 3.5 + 2*ln3, -3},
		"held":     {1, 2, 4, 8},
		"turned":   {0, ln3, 3, 2, ln3, ln3},
		"sum":      {5, ln3},
		"mean":     {(5 + ln3) / 4},
		"largest":  {3, ln3},
		"smallest": {2, 0},
		"normal":   {-0.5, 0.5, ln3 / 2 / math.Sqrt(ln3*ln3/4+0.75), -ln3 / 2 / math.Sqrt(ln3*ln3/4+0.75)},
		"share":    {1 / (1 + e), e / (1 + e), 0.75, 0.25},
		"quotient": {2, 1.5, ln3 / 4, 0},
	}
	for name, w := range want {
		near(t, name, trace[0][name], w)
	}
}

// TestLaterFrames reads frames behind the one at hand.
func TestLaterFrames(t *testing.T) {
	m := parse(t, `input x [1]
node two = Ahead(x) by=2
node first = Hold(x) at=first
node last = Hold(two) at=last
node late = Hold(x) at=last
output two
output first
output last
output late`)
	g := newGraph(t, m)
	if _, err := g.Step(Frame{"x": {1}}); err == nil {
		t.Error("a model that reads ahead was stepped")
	}
	out := run(t, g, []Frame{{"x": {1}}, {"x": {2}}, {"x": {3}}})
	for i, two := range []float64{3, 0, 0} {
		want := Frame{"two": {two}, "first": {1}, "last": {0}, "late": {3}}
		for name, w := range want {
			near(t, name, out[i][name], w)
		}
	}
	if empty := run(t, g, nil); len(empty) != 0 {
		t.Errorf("no frames give %v", empty)
	}
}

// TestRecallAndStore spells out a counter of the sum so far, a mean over all frames
// and a delay, with states that overlap, behind a node that reads ahead.
func TestRecallAndStore(t *testing.T) {
	m := parse(t, `input x [1]
state sum [1] init=zero
state before [1] init=seven
param zero [1]
param seven [1]
node next = Ahead(x) by=1
node s = Recall() state=sum
node d = Recall() state=before
node total = Binary(s, next) func=add
node kept = Store(total) state=sum
node late = Store(x) state=before
node y = Concat(total, kept, d)
output y`)
	m.Param("zero").Data, m.Param("seven").Data = []float32{0}, []float32{7}
	g := newGraph(t, m)
	out := run(t, g, []Frame{{"x": {1}}, {"x": {2}}, {"x": {3}}})
	for i, want := range [][]float64{{2, 2, 7}, {5, 5, 1}, {5, 5, 2}} {
		near(t, "y", out[i]["y"], want)
	}
	near(t, "sum", g.State("sum"), []float64{5})
	near(t, "before", g.State("before"), []float64{3})
	if err := g.SetState("sum", []float64{10}); err != nil {
		t.Fatal(err)
	}
	near(t, "y", run(t, g, []Frame{{"x": {4}}})[0]["y"], []float64{10, 10, 3})
}
