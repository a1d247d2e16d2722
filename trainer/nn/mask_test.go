package nn

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMask: whole frames and ranges of features are hidden, the latter in all
// stacked frames alike, within their bounds; the same pass hides the same.
func TestMask(t *testing.T) {
	const width, period, steps, streams = 12, 6, 40, 3
	x := Seq[float64]{Steps: steps, Streams: streams, Width: width, Lengths: []int32{steps, 20, 4}}
	for range x.frames() * width {
		x.Data = append(x.Data, 1)
	}
	l := NewMask[float64]("mask", width, period, 5, 2)
	hiddenFrames, hiddenFeatures, drawn := 0, 0, map[int]bool{}
	for seed := range uint64(50) {
		y := l.Forward(&x, Pass{Train: true, Seed: seed})
		for b := range streams {
			frames, features := 0, make([]int, width)
			length := y.length(b)
			for step := range length {
				frame := y.Data[(step*streams+b)*width:][:width]
				if !slices.Contains(frame, 1) {
					frames++
				}
				for j, v := range frame {
					if v == 0 {
						features[j]++
					}
				}
			}
			for j := range period {
				if features[j] != features[j+period] {
					t.Fatalf("feature %d is hidden in %d frames, and in %d of the second part", j, features[j], features[j+period])
				}
			}
			ranges := 0
			for j := range period {
				if features[j] == length && frames < length {
					ranges++
				}
			}
			if frames > 2*min(5, length/5) || ranges > 2*2 {
				t.Fatalf("%d of %d frames and %d of %d features are hidden", frames, length, ranges, period)
			}
			hiddenFrames, hiddenFeatures = hiddenFrames+frames, hiddenFeatures+ranges
			drawn[100*frames+ranges] = true
		}
		again := slices.Clone(y.Data)
		if !slices.Equal(l.Replica().Forward(&x, Pass{Train: true, Seed: seed}).Data, again) {
			t.Fatal("the same pass hides something else")
		}
	}
	if hiddenFrames == 0 || hiddenFeatures == 0 || len(drawn) < 10 {
		t.Errorf("%d frames and %d features are hidden, in %d ways", hiddenFrames, hiddenFeatures, len(drawn))
	}
	if l.Forward(&x, Pass{}) != &x {
		t.Error("after training something is hidden")
	}
}

// TestMaskOfStreams: what is hidden of a stream does not depend on its neighbours.
func TestMaskOfStreams(t *testing.T) {
	b := vectorBatch[float64](rand.New(rand.NewPCG(1, 1)), 20, 4, 6, 20, 2)
	whole := slices.Clone(NewMask[float64]("mask", 6, 6, 4, 3).Forward(&b.Input, Pass{Train: true, Seed: 7}).Data)
	var part Seq[float64]
	part.takeStreams(&b.Input, 2, 4)
	y := NewMask[float64]("mask", 6, 6, 4, 3).Forward(&part, Pass{Train: true, Seed: 7, FirstStream: 2})
	for step := range 20 {
		if !slices.Equal(y.Data[step*12:(step+1)*12], whole[step*24+12:(step+1)*24]) {
			t.Fatal("streams 2 and 3 are hidden otherwise when they are alone")
		}
	}
}
