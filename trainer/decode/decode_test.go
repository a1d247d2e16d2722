package decode

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCollapse(t *testing.T) {
	for _, row := range []struct{ path, want []int32 }{
		{nil, nil},
		{[]int32{0, 0, 0}, nil},
		{[]int32{1, 1, 0, 1, 2, 2, 0}, []int32{1, 1, 2}},
		{[]int32{0, 3, 0, 0, 3, 3, 1}, []int32{3, 3, 1}},
		{[]int32{2, 1, 2}, []int32{2, 1, 2}},
	} {
		if got := Collapse(slices.Clone(row.path), 0); !slices.Equal(got, row.want) {
			t.Errorf("%v collapses to %v, want %v", row.path, got, row.want)
		}
	}
	if got := Collapse([]int32{2, 0, 0, 2, 0}, 2); !slices.Equal(got, []int32{0, 0}) {
		t.Errorf("with blank 2: %v, want [0 0]", got)
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"abc", "bcd", 2}, {"ab", "ba", 2},
	} {
		if got := Distance([]byte(row.a), []byte(row.b)); got != row.want {
			t.Errorf("%q and %q: %d, want %d", row.a, row.b, got, row.want)
		}
	}
	var e Errors
	e.Add(Compare([]string{"ONE"}, []string{"ONE", "TWO"}))
	e.Add(Compare([]string{"A", "B"}, []string{"B"}))
	if e != (Errors{2, 3}) || e.String() != "66.67 % (2 of 3)" {
		t.Errorf("%+v prints %q", e, e)
	}
}

// randomLogits are frames of a network that is not sure.
func randomLogits(r *rand.Rand, frames, width int) []float64 {
	logits := make([]float64, frames*width)
	for i := range logits {
		logits[i] = 2 * r.NormFloat64()
	}
	return logits
}

// transcripts adds up the probabilities of all alignments by their transcript.
func transcripts(logits []float64, width int, blank int32) map[string]float64 {
	frames := len(logits) / width
	logs := make([]float64, len(logits))
	for i := range frames {
		logSoftmax(logs[i*width:(i+1)*width], logits[i*width:(i+1)*width])
	}
	sums := map[string]float64{}
	path := make([]int32, frames)
	var walk func(frame int, log float64)
	walk = func(frame int, log float64) {
		if frame == frames {
			sums[fmt.Sprint(Collapse(slices.Clone(path), blank))] += math.Exp(log)
			return
		}
		for class := range width {
			path[frame] = int32(class)
			walk(frame+1, log+logs[frame*width+class])
		}
	}
	walk(0, 0)
	return sums
}

// TestBeamIsExact: a beam that gives nothing up finds the best of all transcripts
// with the sum of all its alignments, which the greedy one is not always.
func TestBeamIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	greedyMissed := 0
	for range 60 {
		const frames, width = 6, 3
		blank := int32(r.IntN(width))
		logits := randomLogits(r, frames, width)
		all := transcripts(logits, width, blank)
		best := ""
		for text, p := range all {
			if best == "" || p > all[best] {
				best = text
			}
		}
		got, log := Beam{Width: 1000, Blank: blank}.Search(logits, width)
		if fmt.Sprint(got) != best || math.Abs(log-math.Log(all[best])) > 1e-12 {
			t.Fatalf("found %v at %v, want %s at %v", got, log, best, math.Log(all[best]))
		}
		if fmt.Sprint(Greedy(logits, width, blank)) != best {
			greedyMissed++
		}
	}
	if greedyMissed == 0 {
		t.Error("the most probable alignment always had the best transcript: the cases show nothing")
	}
}

// TestBeamOfOne: where frames are sure all searches agree, however narrow.
func TestBeamOfOne(t *testing.T) {
	const width = 4
	var logits []float64
	for _, class := range []int{0, 2, 2, 0, 2, 1, 1, 0, 3} {
		frame := make([]float64, width)
		frame[class] = 12
		logits = append(logits, frame...)
	}
	want := []int32{2, 2, 1, 3}
	if got := Greedy(logits, width, 0); !slices.Equal(got, want) {
		t.Errorf("greedy: %v, want %v", got, want)
	}
	for _, b := range []Beam{{Width: 1}, {}, {Width: 3, Cutoff: 1e-3}} {
		if got, _ := b.Search(logits, width); !slices.Equal(got, want) {
			t.Errorf("%+v: %v, want %v", b, got, want)
		}
	}
}
