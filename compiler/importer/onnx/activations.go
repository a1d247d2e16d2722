package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// functionsOf reads the activation functions of a direction.
func (c *call) functionsOf(d, directions int) ([]ir.Function, error) {
	standard := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[c.node.op]
	names := slices.Repeat(standard, directions)
	if a := c.attribute("activations"); a != nil && len(a.texts) > 0 {
		names = a.texts
	}
	if len(names) != len(standard)*directions {
		return nil, fmt.Errorf("%d activations, want %d", len(names), len(standard)*directions)
	}
	alphas, betas := c.numbersOf("activation_alpha"), c.numbersOf("activation_beta")
	all := make([]ir.Function, len(names))
	for i, name := range names {
		f, ok := cellFunctions[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("activation %q is not supported", name)
		}
		if f.numbers > 0 && len(alphas) > 0 {
			f.Alpha, alphas = alphas[0], alphas[1:]
		}
		if f.numbers > 1 && len(betas) > 0 {
			f.Beta, betas = betas[0], betas[1:]
		}
		all[i] = f.Function
	}
	if len(alphas)+len(betas) > 0 {
		return nil, fmt.Errorf("%d numbers of activation_alpha and activation_beta belong to no activation", len(alphas)+len(betas))
	}
	return all[d*len(standard) : (d+1)*len(standard)], nil
}

// numbersOf is an attribute of floats.
func (c *call) numbersOf(name string) []float32 {
	if a := c.attribute(name); a != nil {
		return a.floats
	}
	return nil
}

// cellFunction is a function with its numbers unless the node gives others, of which
// it takes so many from the lists of alpha and beta.
type cellFunction struct {
	ir.Function
	numbers int
}

// cellFunctions are the functions of recurrent nodes.
var cellFunctions = map[string]cellFunction{
	"relu":            {ir.Function{Func: ir.ReLU}, 0},
	"tanh":            {ir.Function{Func: ir.Tanh}, 0},
	"sigmoid":         {ir.Function{Func: ir.Sigmoid}, 0},
	"softsign":        {ir.Function{Func: ir.Softsign}, 0},
	"softplus":        {ir.Function{Func: ir.Softplus}, 0},
	"leakyrelu":       {ir.Function{Func: ir.LeakyReLU, Alpha: 0.01}, 1},
	"thresholdedrelu": {ir.Function{Func: ir.ThresholdedReLU, Alpha: 1}, 1},
	"elu":             {ir.Function{Func: ir.ELU, Alpha: 1}, 1},
	"hardsigmoid":     {ir.Function{Func: ir.HardSigmoid, Alpha: 0.2, Beta: 0.5}, 2},
	"affine":          {ir.Function{Func: ir.Affine, Alpha: 1}, 2},
	"scaledtanh":      {ir.Function{Func: ir.ScaledTanh, Alpha: 1, Beta: 1}, 2},
}
