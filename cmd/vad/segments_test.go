package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

// at 16 kHz, steps of 512 samples are 32 ms.
const hop = 512

// steps repeats probabilities: steps(0.9, 10, 0, 5) is ten of 0.9 and five of 0.
func steps(runs ...float64) []float64 {
	var p []float64
	for i := 0; i < len(runs); i += 2 {
		p = append(p, slices.Repeat([]float64{runs[i]}, int(runs[i+1]))...)
	}
	return p
}

func TestSegments(t *testing.T) {
	usual := detection{threshold: 0.5, minSpeech: 250 * time.Millisecond, minSilence: 100 * time.Millisecond, pad: 30 * time.Millisecond}
	bare := usual
	bare.pad = 0
	const pad = 480
	for _, test := range []struct {
		name string
		d    detection
		p    []float64
		want []segment
	}{
		{"silence", usual, steps(0.2, 50), nil},
		{"one segment, padded", usual, steps(0, 10, 0.9, 10, 0, 10), []segment{{10*hop - pad, 20*hop + pad, 0.9}}},
		{"to the end of the recording", usual, steps(0, 10, 0.9, 10), []segment{{10*hop - pad, 20 * hop, 0.9}}},
		{"from the beginning", usual, steps(0.9, 10, 0, 10), []segment{{0, 10*hop + pad, 0.9}}},
		{"too short", usual, steps(0, 10, 0.9, 7, 0, 10), nil},
		{"a short pause is speech", bare, steps(0.9, 10, 0, 3, 0.9, 10, 0, 10), []segment{{0, 23 * hop, 18.0 / 23}}},
		{"a long pause divides", bare, steps(0.9, 10, 0, 5, 0.8, 10, 0, 10), []segment{{0, 10 * hop, 0.9}, {15 * hop, 25 * hop, 0.8}}},
		{"near neighbours share the pause", detection{0.5, 0, 64 * time.Millisecond, time.Second}, steps(0, 1, 0.9, 4, 0, 4, 0.9, 4, 0, 1),
			[]segment{{0, 7 * hop, 0.9}, {7 * hop, 14 * hop, 0.72}}},
		{"a little below the threshold goes on", bare, steps(0.9, 5, 0.4, 10, 0.9, 5, 0, 10), []segment{{0, 20 * hop, 0.65}}},
		{"a little below the threshold does not begin", bare, steps(0.4, 20), nil},
	} {
		got := test.d.segments(test.p, hop, len(test.p)*hop)
		same := slices.EqualFunc(got, test.want, func(a, b segment) bool {
			return a.from == b.from && a.to == b.to && math.Abs(a.probability-b.probability) < 1e-12
		})
		if !same {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
