package verify

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Rounding says how far rounding alone may take a package from the reference.
type Rounding struct {
	// Change is the largest relative change of a weight that stands for the
	// rounding of a product.
	Change float64
	// Deviation is the largest |got − want| / max(1, |want|) that weights so
	// changed cause in the reference.
	Deviation float64
	// Tolerance follows from it: 4·Deviation + 2^-20, at most MaxTolerance.
	Tolerance float64
}

// MaxTolerance is the largest tolerance that EstimateRounding derives: a model
// that magnifies rounding beyond it cannot be held against a reference.
const MaxTolerance = 1e-2

const (
	// unit is the unit roundoff of float32.
	unit = 0x1p-24
	// elementwise is the number of roundings that one frame adds to a sum: bias,
	// gates, an activation within a few units in the last place, the new state.
	elementwise = 16
	// mantissaLoss is the relative change of a weight whose low bits hold an
	// index.
	mantissaLoss = 0x1p-21
	// draws is the number of random choices of signs.
	draws = 3
)

// EstimateRounding derives a tolerance from a model and its inputs by backward
// error analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.1):
// a float32 sum of k products, in whatever order, is the exact sum for weights
// changed by at most k·u/(1−k·u) each, u = 2^-24. So the reference itself is run
// with every weight changed by as much, with random signs, and the largest
// deviation is what the model makes of rounding, the feedback of its states
// included. The weights are those [Stored]: what a precision costs is not rounding.
// Besides the outputs it is the values of the nodes that count which update states
// that users see.
func EstimateRounding(m *ir.Model, p *kernel.Program, inputs []eval.Frame) (Rounding, error) {
	inputs = rounded(inputs)
	m, err := Stored(m, p)
	if err != nil {
		return Rounding{}, err
	}
	m = shown(m)
	want, err := reference(m, inputs)
	if err != nil {
		return Rounding{}, err
	}
	var r Rounding
	rng := rand.New(rand.NewPCG(0x70, 0x15))
	for range draws {
		changed, change := perturbed(m, p, rng)
		got, err := reference(changed, inputs)
		if err != nil {
			return Rounding{}, err
		}
		r.Change = max(r.Change, change)
		r.Deviation = max(r.Deviation, deviation(m.Outputs, got, want))
	}
	r.Tolerance = min(4*r.Deviation+0x1p-20, MaxTolerance)
	return r, nil
}

// shown is the model with the nodes among its outputs that update exposed states.
func shown(m *ir.Model) *ir.Model {
	var nodes []string
	for _, n := range m.Nodes {
		if slices.ContainsFunc(ir.StateNames(n.Op), m.Exposed) && !slices.Contains(m.Outputs, n.Name) {
			nodes = append(nodes, n.Name)
		}
	}
	if nodes == nil {
		return m
	}
	m = m.Clone()
	m.Outputs = append(m.Outputs, nodes...)
	return m
}

// perturbed is the model with changed weights, and the largest relative change.
func perturbed(m *ir.Model, p *kernel.Program, rng *rand.Rand) (*ir.Model, float64) {
	inexact := inexactTensors(m, p)
	changed := m.Clone()
	largest := 0.0
	for _, param := range changed.Params {
		k := elementwise
		if len(param.Shape) == 2 {
			k += fullestRow(param)
		}
		change := float64(k) * unit / (1 - float64(k)*unit)
		if inexact[param.Name] {
			change += mantissaLoss
		}
		largest = max(largest, change)
		data := make([]float32, len(param.Data))
		for i, w := range param.Data {
			// A weight at the end of the range has nothing above it.
			if more := float32(float64(w) * (1 + change)); rng.Uint64()&1 == 0 && !math.IsInf(float64(more), 0) {
				data[i] = more
			} else {
				data[i] = float32(float64(w) * (1 - change))
			}
		}
		param.Data = data
	}
	return changed, largest
}

// inexactTensors are those of which the program holds a matrix with the index in
// the mantissa.
func inexactTensors(m *ir.Model, p *kernel.Program) map[string]bool {
	inexact := map[string]bool{}
	for i := range p.Matrices {
		for _, form := range p.Matrices[i].Forms() {
			w, ok := form.Packed.(interface{ Form() sparse.IndexForm })
			if !ok || w.Form() != sparse.Mantissa {
				continue
			}
			if tensor, _, _, err := parseName(m, p.Matrices[i].Name); err == nil {
				inexact[tensor.Name] = true
			}
		}
	}
	return inexact
}

func fullestRow(param *ir.Param) int {
	most, cols := 0, param.Shape[1]
	for r := range param.Shape[0] {
		n := 0
		for _, w := range param.Data[r*cols : (r+1)*cols] {
			if w != 0 {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// deviation is the largest of all elements that are float32 in both.
func deviation(outputs []string, got, want []eval.Frame) float64 {
	largest := 0.0
	for _, name := range outputs {
		for step := range want {
			for e, w := range want[step][name] {
				if g := got[step][name][e]; math.Abs(g) <= math.MaxFloat32 && math.Abs(w) <= math.MaxFloat32 {
					largest = max(largest, math.Abs(g-w)/max(1, math.Abs(w)))
				}
			}
		}
	}
	return largest
}
