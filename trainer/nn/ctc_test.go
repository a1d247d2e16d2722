package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/trainer/decode"
)

// transcripts is a target of a transcript a stream.
func transcripts(all ...[]int32) Seq[float64] {
	target := Seq[float64]{Streams: len(all)}
	for _, classes := range all {
		target.Steps = max(target.Steps, len(classes))
		target.Lengths = append(target.Lengths, int32(len(classes)))
	}
	target.Index = make([]int32, target.frames())
	for b, classes := range all {
		for t, c := range classes {
			target.Index[t*target.Streams+b] = c
		}
	}
	return target
}

// alignments adds up the probabilities of all sequences of classes that collapse to
// a transcript: the definition of the loss.
func alignments(y *Seq[float64], stream int, blank int32, want []int32) float64 {
	frames := y.length(stream)
	probabilities := make([]float64, 0, frames*y.Width)
	for t := range frames {
		logits := y.Data[(t*y.Streams+stream)*y.Width:][:y.Width]
		p := make([]float64, y.Width)
		softmaxAll(p, logits, argmax(logits), nil)
		probabilities = append(probabilities, p...)
	}
	sum := 0.0
	path := make([]int32, frames)
	var walk func(t int, p float64)
	walk = func(t int, p float64) {
		if t == frames {
			if slices.Equal(decode.Collapse(slices.Clone(path), blank), want) {
				sum += p
			}
			return
		}
		for c := range y.Width {
			path[t] = int32(c)
			walk(t+1, p*probabilities[t*y.Width+c])
		}
	}
	walk(0, 1)
	return sum
}

// TestCTCIsTheSumOfAllAlignments holds the recursion against the definition, for
// transcripts with and without classes that come twice, of streams that differ in
// length, for each blank.
func TestCTCIsTheSumOfAllAlignments(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	const width, steps = 3, 6
	for blank := range int32(width) {
		a, b := (blank+1)%width, (blank+2)%width
		all := [][]int32{{a}, {a, b}, {a, a}, {b, a, a}, {a, b, a}, {b, b, b}}
		y := Seq[float64]{Steps: steps, Streams: len(all), Width: width, Lengths: []int32{1, 6, 3, 5, 4, 5}}
		for range y.frames() * width {
			y.Data = append(y.Data, 3*r.NormFloat64())
		}
		target := transcripts(all...)
		loss := &CTC[float64]{Blank: blank}
		if err := loss.CheckTarget(&y, &target); err != nil {
			t.Fatal(err)
		}
		want, edits := 0.0, 0
		for s, classes := range all {
			want -= math.Log(alignments(&y, s, blank, classes))
			var logits []float64
			for t := range y.length(s) {
				logits = append(logits, y.Data[(t*y.Streams+s)*width:][:width]...)
			}
			edits += decode.Distance(decode.Greedy(logits, width, blank), classes)
		}
		tally, _ := loss.Score(&y, &target, 1)
		// A hundred sums and products in float64.
		if math.Abs(tally.Loss-want) > 1e-12*want || tally.Count != 14 || tally.Edits != edits {
			t.Errorf("blank %d: %+v, want a loss of %v over 14 classes with %d edits", blank, tally, want, edits)
		}
	}
}

func TestGradientOfCTC(t *testing.T) {
	const in, hidden, classes, steps = 3, 5, 4, 7
	for _, blank := range []int32{0, 3} {
		t.Run(fmt.Sprintf("blank %d", blank), func(t *testing.T) {
			model := mustStack(t, InputKind{Width: in}, Layer[float64](NewGRU[float64]("g", in, hidden, ResetAfter, Tanh, 0)),
				Layer[float64](NewLinear[float64]("out", hidden, classes)))
			b := vectorBatch[float64](rand.New(rand.NewPCG(8, 9)), steps, 3, in, steps, classes)
			b.Input.Lengths = []int32{steps, 3, 5}
			b.Target = transcripts([]int32{1, 2, 1}, []int32{2, 2}, []int32{1, 1, 2})
			c := gradientCase{model: model, loss: &CTC[float64]{Blank: blank}, batch: b}
			c.check(t)
		})
	}
}

// TestCTCOfCertainFrames: probabilities that float64 cannot hold are logarithms all
// along, and where a transcript is all but impossible its gradient is still finite.
func TestCTCOfCertainFrames(t *testing.T) {
	const steps, width = 400, 5
	y := Seq[float64]{Steps: steps, Streams: 1, Width: width, Data: make([]float64, steps*width)}
	for i := range steps {
		y.Data[i*width+4] = 60 // a class that the transcript does not have
	}
	target := transcripts([]int32{1, 2, 3})
	tally, dy := (&CTC[float64]{}).Score(&y, &target, 1)
	// Every alignment has 400 frames of probability e^-60, and there are
	// C(400+3, 2·3) of them: three runs of classes and four of blanks, of which the
	// blanks may be empty.
	count := 1.0
	for i := range 6 {
		count *= float64(steps+3-i) / float64(i+1)
	}
	if want := 60*steps - math.Log(count); math.Abs(tally.Loss-want) > 1e-9*want {
		t.Errorf("loss %v, want %v", tally.Loss, want)
	}
	for i, d := range dy.Data {
		if !(d >= -1 && d <= 1) {
			t.Fatalf("gradient[%d] is %v, want -1 to 1", i, d)
		}
	}
}

func TestCTCTargets(t *testing.T) {
	y := Seq[float64]{Steps: 4, Streams: 2, Width: 3, Lengths: []int32{4, 2}}
	for _, row := range []struct {
		name   string
		blank  int32
		target Seq[float64]
		want   string
	}{
		{"fits", 0, transcripts([]int32{1, 1, 2}, []int32{2, 1}), ""},
		{"too long", 0, transcripts([]int32{1, 2}, []int32{1, 2, 1}), "stream 1: a transcript of 3 classes needs 3 frames"},
		{"too long with a repeat", 0, transcripts([]int32{1, 1, 1}, []int32{1, 2}), "stream 0: a transcript of 3 classes needs 5 frames"},
		{"class too large", 0, transcripts([]int32{1}, []int32{3}), "stream 1: step 0: class 3, want 0 to 2 without the blank 0"},
		{"blank in the transcript", 1, transcripts([]int32{1}, []int32{2}), "stream 0: step 0: class 1, want 0 to 2 without the blank 1"},
		{"no such blank", 3, transcripts([]int32{1}, []int32{2}), "blank is class 3, want 0 to 2"},
		{"vectors", 0, Seq[float64]{Steps: 4, Streams: 2, Width: 1, Data: make([]float64, 8)}, "want transcripts of classes below 3"},
	} {
		err := (&CTC[float64]{Blank: row.blank}).CheckTarget(&y, &row.target)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

// TestCTCOfWorkers: streams are scored alike however they are spread.
func TestCTCOfWorkers(t *testing.T) {
	const in, hidden, classes, steps = 3, 5, 4, 6
	batch := vectorBatch[float64](rand.New(rand.NewPCG(8, 9)), steps, 3, in, steps, classes)
	batch.Input.Lengths = []int32{6, 3, 5}
	batch.Target = transcripts([]int32{1, 2, 1}, []int32{2, 2}, []int32{1, 3})
	var first Tally
	for workers := 1; workers <= 3; workers++ {
		model := mustStack(t, InputKind{Width: in}, Layer[float64](NewGRU[float64]("g", in, hidden, ResetAfter, Tanh, 0)),
			Layer[float64](NewLinear[float64]("out", hidden, classes)))
		tally, err := NewParallel(model, Loss[float64](&CTC[float64]{}), workers).Step(batch, 0)
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			first = tally
		}
		if math.Abs(tally.Loss-first.Loss) > 1e-12 || tally.Count != 7 || tally.Edits != first.Edits {
			t.Errorf("%d workers: %+v, want %+v", workers, tally, first)
		}
	}
}

// TestNoAllocationForRecordings: layers and loss of recordings use their memory
// again.
func TestNoAllocationForRecordings(t *testing.T) {
	const in, classes, steps = 4, 5, 12
	model := mustStack(t, InputKind{Width: in},
		Layer[float64](NewScale[float64]("s", in).Fix()), Layer[float64](NewMask[float64]("m", in, in, 2, 1)),
		Layer[float64](NewWindow[float64]("w", in, 1, 1)), Layer[float64](NewLinear[float64]("c", 3*in, in)),
		Layer[float64](NewBatchNorm[float64]("b", in, 1e-5)), Layer[float64](NewNormalize[float64](in, 1e-5)),
		Layer[float64](NewWindow[float64]("r", in, 0, 2)), Layer[float64](NewDepthwise[float64]("d", 3, in)),
		Layer[float64](NewLinear[float64]("out", in, classes)))
	b := vectorBatch[float64](rand.New(rand.NewPCG(8, 9)), steps, 3, in, steps, classes)
	b.Input.Lengths = []int32{steps, 9, 7}
	b.Target = transcripts([]int32{1, 2, 1}, []int32{2, 2}, []int32{1, 3})
	p := NewParallel(model, Loss[float64](&CTC[float64]{}), 1)
	now := p.now
	step := func() { p.divide(3)[0].run(b, Pass{Train: true}, 1, true, now) }
	step()
	// Masks draw with a generator for each of the 3 streams, and its source.
	if n := testing.AllocsPerRun(10, step); n > 6 {
		t.Errorf("%v allocations a step, want those of the masks", n)
	}
}
