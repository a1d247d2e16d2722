package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// WeightError is how far the stored weights of a matrix are from the model's.
type WeightError struct {
	// Largest is the largest difference, relative to the largest weight of the
	// row.
	Largest float64 `json:"largest"`
	// RMS is the root mean square of all differences, relative to that of the
	// weights. Outputs for white noise are off by as much.
	RMS float64 `json:"rms"`
	// Output is the largest error of an element of y = W·x for normal random x,
	// relative to the root mean square of y.
	Output float64 `json:"output"`
	// Zeroed is the number of weights that were rounded to zero.
	Zeroed int `json:"zeroed,omitempty"`
}

// WeighErrors fills in the errors of all matrices of a plan for the model whose
// weights are not float32.
func (p *Plan) WeighErrors(m *ir.Model) error {
	for _, product := range Products(m) {
		e := p.Entry(product.Name())
		e.Error = nil
		if e.Strategy.Weights == sparse.Float32 {
			continue
		}
		w := product.Matrix(m, kernel.Pad(product.BlockRows))
		packed, err := e.Strategy.PackReduced(w)
		if err != nil {
			return fmt.Errorf("matrix %q: %w", e.Name, err)
		}
		e.Error = weightError(w, packed.Unpack(), product.Rows())
	}
	return nil
}

// outputDraws is the number of random x for an error of outputs.
const outputDraws = 4

// weightError compares the weights of a matrix with those stored for it; all but
// so many of its rows are padding. Products are rounded one by one, so that every
// machine finds the same.
func weightError(w, stored *sparse.Matrix, rows int) *WeightError {
	var e WeightError
	var squares, errors float64
	for r := range w.Rows {
		largest, worst := 0.0, 0.0
		for c, v := range w.Row(r) {
			s := stored.Row(r)[c]
			d := float64(s) - float64(v)
			largest, worst = max(largest, math.Abs(float64(v))), max(worst, math.Abs(d))
			squares += float64(float64(v) * float64(v))
			errors += float64(d * d)
			if v != 0 && s == 0 {
				e.Zeroed++
			}
		}
		if largest > 0 {
			e.Largest = max(e.Largest, worst/largest)
		}
	}
	if squares > 0 {
		e.RMS = math.Sqrt(errors / squares)
	}
	e.Output = outputError(w, stored, rows)
	for _, x := range []*float64{&e.Largest, &e.RMS, &e.Output} {
		*x = significant(*x)
	}
	return &e
}

// outputError is the largest error of an output for random inputs over the root
// mean square of all.
func outputError(w, stored *sparse.Matrix, rows int) float64 {
	rng := rand.New(rand.NewPCG(3, 6))
	worst, squares := 0.0, 0.0
	x := make([]float64, w.Cols)
	for range outputDraws {
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		for r := range w.Rows {
			y, d := 0.0, 0.0
			for c, v := range w.Row(r) {
				if v != 0 {
					y += float64(float64(v) * x[c])
					d += float64((float64(stored.Row(r)[c]) - float64(v)) * x[c])
				}
			}
			worst = max(worst, math.Abs(d))
			squares += float64(y * y)
		}
	}
	if squares == 0 {
		return 0
	}
	return worst / math.Sqrt(squares/float64(outputDraws*rows))
}

// significant keeps three digits.
func significant(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		panic(fmt.Sprintf("schedule: %v", err)) // it was just written
	}
	return short
}

// String says it in a clause.
func (e *WeightError) String() string {
	text := fmt.Sprintf("weights move by at most %.3g of their row's largest, %.3g of their root mean square; outputs for random x by at most %.3g of theirs",
		e.Largest, e.RMS, e.Output)
	if e.Zeroed > 0 {
		text += fmt.Sprintf("; %d weights become 0", e.Zeroed)
	}
	return text
}
