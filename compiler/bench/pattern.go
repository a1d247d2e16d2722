package bench

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Pattern says which weights of a random matrix survive. The zero value is iid.
type Pattern struct {
	sparse.Pattern
	// Magnitude prunes by magnitude, weight by weight, a matrix whose rows and
	// columns have log-normal scales, as those of trained models do: some keep
	// far more weights than others.
	Magnitude bool
}

// unevenness is the σ of the logarithm of a scale.
const unevenness = 0.3

// ParsePattern reads iid, mag, or the name of a [sparse.Pattern].
func ParsePattern(name string) (Pattern, error) {
	if name == "mag" {
		return Pattern{Magnitude: true}, nil
	}
	p, err := sparse.ParsePattern(name)
	if err != nil {
		return Pattern{}, fmt.Errorf("pattern %q: want iid, mag, dense, blockRxC or laneRxC", name)
	}
	return Pattern{Pattern: p}, nil
}

// String is a name that [ParsePattern] reads.
func (p Pattern) String() string {
	switch {
	case p.Magnitude:
		return "mag"
	case p.Kind == sparse.KindElement:
		return "iid"
	}
	return p.Pattern.String()
}

// matrix draws normal weights and keeps the largest units of the pattern.
func (p Pattern) matrix(rows, cols int, sparsity float64, rng *rand.Rand) (*sparse.Matrix, error) {
	w := sparse.NewMatrix(rows, cols)
	for i := range w.Data {
		w.Data[i] = float32(rng.NormFloat64())
	}
	if p.Magnitude {
		scale(w, rng)
	}
	if p.Kind == sparse.KindDense {
		return w, nil
	}
	mask, err := p.Select(w, 1-sparsity)
	if err != nil {
		return nil, err
	}
	mask.Apply(w)
	return w, nil
}

// scale multiplies every row and every column by a scale of its own.
func scale(w *sparse.Matrix, rng *rand.Rand) {
	scales := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(math.Exp(unevenness * rng.NormFloat64()))
		}
		return s
	}
	rows, cols := scales(w.Rows), scales(w.Cols)
	for r, s := range rows {
		row := w.Row(r)
		for c := range row {
			row[c] *= s * cols[c]
		}
	}
}
