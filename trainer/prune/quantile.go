package prune

import (
	"math"
	"slices"
)

// Quantile is the least magnitude that a share p of the weights does not exceed
// (the nearest rank): with p = 0.9 of a trained layer the paper's q, with
// another p, q for a ramp that should end near density 1 − p. It is 0 without
// weights.
func Quantile(weights []float32, p float64) float64 {
	if len(weights) == 0 {
		return 0
	}
	magnitudes := make([]float64, len(weights))
	for i, w := range weights {
		magnitudes[i] = math.Abs(float64(w))
	}
	slices.Sort(magnitudes)
	rank := int(math.Ceil(p*float64(len(weights)))) - 1
	return magnitudes[min(max(rank, 0), len(weights)-1)]
}

// GuessQ is a q for a layer of which no trained model is at hand: 1.645/√fanIn.
//
// A layer starts from weights of standard deviation between 1/√(3·fanIn)
// (uniform in ±1/√fanIn) and 1/√fanIn (Glorot, orthogonal), and grows in
// training; 90 % of a normal distribution lie within 1.645 standard deviations,
// here taken as 1/√fanIn. It is an order of magnitude, and the density that a
// ramp ends at moves with it: train the dense model once and measure
// [Quantile], or use [Cubic], when the density matters.
func GuessQ(fanIn int) float64 { return 1.645 / math.Sqrt(float64(max(fanIn, 1))) }
