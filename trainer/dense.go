package trainer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/prune"
)

// paperShare is the share of a dense model's weights below the paper's q.
const paperShare = 0.9

// FromDense makes pruning a ramp whose thresholds rise to what a dense model has,
// see [QOf]. A density that is set says which share of its weights shall go.
func (c *PruningConfig) FromDense(m *ir.Model) error {
	if c.Schedule != "" && c.Schedule != "ramp" {
		return fmt.Errorf("thresholds of a dense model with schedule %s, want it with ramp only", c.Schedule)
	}
	share := paperShare
	if c.Density != 0 {
		share = 1 - c.Density
	}
	q, err := QOf(m, share)
	if err != nil {
		return err
	}
	c.Schedule, c.Density, c.QOf = "ramp", 0, q
	return nil
}

// QOf is the q of a ramp for every type of matrix, from a dense model of the same
// kind that was trained: the magnitude that a share of the weights does not
// exceed, of all matrices of a type together. Its keys are names with wildcards,
// as [PruningConfig].QOf takes them: *.weight_ih of the input matrices of
// recurrent layers, *.weight_hh of the recurrent ones, and *.weight of the others.
// (The paper has a schedule for each type of layer, and a share of 0.9.)
func QOf(dense *ir.Model, share float64) (map[string]float64, error) {
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("share of the weights below q: %v, want above 0 and below 1", share)
	}
	stack, err := FromModel(dense)
	if err != nil {
		return nil, err
	}
	weights := map[string][]float32{}
	for _, p := range stack.Params() {
		if p.Prunable {
			kind := "*" + p.Name[strings.LastIndexByte(p.Name, '.'):]
			weights[kind] = append(weights[kind], p.Value...)
		}
	}
	q := map[string]float64{}
	for _, kind := range slices.Sorted(maps.Keys(weights)) {
		if q[kind] = prune.Quantile(weights[kind], share); q[kind] == 0 {
			return nil, fmt.Errorf("model %q: %v of the weights %s are zero, want a model that is not pruned", dense.Name, share, kind)
		}
	}
	return q, nil
}
