package bench

import (
	"math"
	"slices"
)

// quantile is the value below which the share p of the sample lies, by linear
// interpolation between neighbours. The sample is not empty.
func quantile(sample []float64, p float64) float64 {
	s := slices.Sorted(slices.Values(sample))
	at := p * float64(len(s)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(s)-1)
	return s[low] + (at-float64(low))*(s[high]-s[low])
}

// spread is the range of the central nine tenths of the sample over its median.
func spread(sample []float64) float64 {
	return (quantile(sample, .95) - quantile(sample, .05)) / quantile(sample, .5)
}
